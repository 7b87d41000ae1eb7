"""Bulk operations: accept, follow, stop, undo."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import FromPath, QueryParameter, RawBody

from taskflowmq.client.bulks import BulkParams, found, meant, preview, read_order, results_of
from taskflowmq.client.ids import new_id
from taskflowmq.core.bulk import UNDO_S, Bulk, NewBulk
from taskflowmq.core.errors import BadFilter, BulkNotFound
from taskflowmq.core.filters import MAX_PAGE
from taskflowmq.server.api.answers import FIRST_BULKS, bulks_of
from taskflowmq.server.api.operator import operator_of, told
from taskflowmq.server.api.services import Services, Shared
from taskflowmq.server.api.v1.idempotency import idempotency_of
from taskflowmq.server.api.v1.job_filter import read_filter, wrong_filter
from taskflowmq.server.edge.body import decode_body
from taskflowmq.server.edge.request_context import RequestContext, context_of
from taskflowmq.wire.bulk import (
    BulkList,
    BulkOperation,
    BulkRequest,
    BulkResultPage,
    DryRunOut,
    bulk_out,
    count_out,
    result_out,
)
from taskflowmq.wire.listing import row_out

TAGS = ["bulk"]

Limit = Annotated[int, QueryParameter(ge=1, le=MAX_PAGE, description="Maximum number of items in this page")]
Before = Annotated[UUID | None, QueryParameter(description="The `next` of the previous page")]
Cursor = Annotated[str | None, QueryParameter(description="The `next` of the previous page", max_length=40)]
Failed = Annotated[bool, QueryParameter(description="Return only jobs that were left as they were")]


@post(
    "/bulk",
    operation_id="createBulk",
    summary="Retry, cancel, delete, reschedule or move many jobs",
    tags=TAGS,
    status_code=202,
)
async def create_bulk(
    body: RawBody, request: Request[Any, Any, Any], services: Shared
) -> Response[BulkOperation | DryRunOut]:
    """Accept an operation on all jobs that match a filter, or that are named; with `dry_run`, return 200 and what it
    would act on.

    The set of jobs is that of the moment of acceptance: newer jobs are not touched. Jobs whose state does not allow the
    action are not part of it; a job that changes before its turn is left as it is and counted in `failed`. Any process
    with duties (server, worker or scheduler) carries the operation out, in chunks. `reschedule` makes jobs that wait
    due at the time that `params` name, `move` gives them the queue, the priority, or both. All but `retry` begin after
    8 s, until when `POST /bulk/{bulk_id}/undo` takes them back.
    """
    context, asked = context_of(request.scope), decode_body(BulkRequest, body)
    if asked.q is not None:
        read_filter(
            services, context, {"q": asked.q}
        )  # the error names the parameter, and the caller may read what it is about
    params = BulkParams(below="/params")
    if (given := asked.params) is not None:
        params = params._replace(run_at=given.run_at, delay=given.delay, queue=given.queue, priority=given.priority)
    order = read_order(asked.action, asked.q, asked.ids, name="q", params=params)
    if order.filter is not None:
        try:
            await meant(services.session, context.tenant, order)
        except BadFilter as error:  # by a rule that has just been announced
            raise wrong_filter("q", error) from error
    if asked.dry_run:
        seen = await preview(services.session, services.session.seen, context.tenant, order)
        rows = [row_out(row) for row in seen.sample]
        return Response(DryRunOut(matched=count_out(seen.matched), sample=rows), status_code=200)
    by = operator_of(request, asked.reason)
    new = NewBulk(
        id=new_id(),
        tenant=context.tenant,
        action=order.action,
        filter=order.filter,
        ids=order.ids,
        reason=by.reason,
        actor=by.actor,
        rate=asked.rate,
        undo_ms=int(1000 * UNDO_S) if order.action.destroys else 0,
        due=order.due,
        lane=order.lane,
        key=idempotency_of(request.scope, asked),
    )
    return Response(bulk_out(await services.session.asked.bulks.create(new, by=by)), status_code=202)


@get("/bulk", operation_id="listBulks", summary="List bulk operations", tags=TAGS)
async def list_bulks(
    request: Request[Any, Any, Any], services: Shared, limit: Limit = FIRST_BULKS, before: Before = None
) -> BulkList:
    """Return bulk operations, newest first: those that have not ended, and those that ended in the last 7 days."""
    return await bulks_of(services.session, context_of(request.scope).tenant, limit=limit, before=before)


@get("/bulk/{bulk_id:str}", operation_id="getBulk", summary="Read a bulk operation", tags=TAGS)
async def get_bulk(bulk_id: FromPath[str], request: Request[Any, Any, Any], services: Shared) -> BulkOperation:
    """Return a bulk operation with its progress."""
    return bulk_out(await _one(services, context_of(request.scope), bulk_id))


@post("/bulk/{bulk_id:str}/stop", operation_id="stopBulk", summary="Stop a bulk operation", tags=TAGS, status_code=200)
async def stop_bulk(
    bulk_id: FromPath[str], body: RawBody, request: Request[Any, Any, Any], services: Shared
) -> BulkOperation:
    """End a bulk operation: jobs that it has not reached stay untouched. If it has ended, returns 409."""
    wanted, by = _id(bulk_id), told(request, body)
    return bulk_out(found(await services.session.asked.bulks.stop(by.tenant, wanted, by=by), wanted))


@post("/bulk/{bulk_id:str}/undo", operation_id="undoBulk", summary="Undo a bulk operation", tags=TAGS, status_code=200)
async def undo_bulk(
    bulk_id: FromPath[str], body: RawBody, request: Request[Any, Any, Any], services: Shared
) -> BulkOperation:
    """Take back a bulk operation that has not begun. If it has, returns 409."""
    wanted, by = _id(bulk_id), told(request, body)
    return bulk_out(found(await services.session.asked.bulks.undo(by.tenant, wanted, by=by), wanted))


@get("/bulk/{bulk_id:str}/results", operation_id="bulkResults", summary="List what became of each job", tags=TAGS)
async def bulk_results(
    bulk_id: FromPath[str],
    request: Request[Any, Any, Any],
    services: Shared,
    failed: Failed = False,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> BulkResultPage:
    """Return what became of each job of a bulk operation. A page may be short; the last has `"next": null`."""
    bulk = await _one(services, context_of(request.scope), bulk_id)
    page = await results_of(services.session, bulk.id, failed=failed, limit=limit, cursor=cursor)
    return BulkResultPage(items=[result_out(one) for one in page.items], next=page.next)


async def _one(services: Services, context: RequestContext, bulk_id: str) -> Bulk:
    wanted = _id(bulk_id)
    return found(await services.session.asked.bulks.get(context.tenant, wanted), wanted)


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise BulkNotFound(f"there is no bulk operation {text:.80}") from error
