"""Queues: what is in them, and stopping and resuming claims."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.params import FromPath, QueryParameter, RawBody

from taskflowmq.client.ids import new_id
from taskflowmq.client.queues import find_queue
from taskflowmq.core.bulk import UNDO_S, BulkAction, NewBulk, purge_filter
from taskflowmq.core.errors import InvalidJob
from taskflowmq.core.filters import MAX_PAGE
from taskflowmq.core.validation import MAX_NAME_LENGTH, check_name
from taskflowmq.server.api.answers import queues_of, with_activity
from taskflowmq.server.api.operator import operator_of, told
from taskflowmq.server.api.services import Services, Shared
from taskflowmq.server.api.v1.idempotency import idempotency_of
from taskflowmq.server.edge.body import decode_body
from taskflowmq.server.edge.request_context import context_of
from taskflowmq.wire.bulk import BulkOperation, PurgeBody, bulk_out
from taskflowmq.wire.queue import PauseBody, QueueList, QueueOut

TAGS = ["queues"]

#: More queues than a page holds are a mistake of a program; the answer stays small all the same.
Limit = Annotated[int, QueryParameter(ge=1, le=MAX_PAGE, description="Maximum number of queues in this page")]
Create = Annotated[bool, QueryParameter(description="Create the queue if it does not exist")]
Cursor = Annotated[
    str | None, QueryParameter(description="The `next` of the previous page", max_length=MAX_NAME_LENGTH)
]


@get("/queues", operation_id="listQueues", summary="List queues", tags=TAGS)
async def list_queues(
    request: Request[Any, Any, Any], services: Shared, limit: Limit = MAX_PAGE, cursor: Cursor = None
) -> QueueList:
    """Return queues with counts of their live jobs, ordered by name. The last page has `"next": null`."""
    after = "" if cursor is None else check_name("cursor", cursor)
    tenant = context_of(request.scope).tenant
    return await queues_of(services.session, tenant, limit=limit, after=after)


@post("/queues/{name:str}/pause", operation_id="pauseQueue", summary="Pause a queue", tags=TAGS, status_code=200)
async def pause(
    name: FromPath[str], body: RawBody, request: Request[Any, Any, Any], services: Shared, create: Create = False
) -> QueueOut:
    """Pause claims from a queue; running jobs continue. Encode a slash in the name as %2F.

    The body may be left out. A queue that is paused already stays paused since the same time; a reason replaces who
    paused it and why. If the queue does not exist, returns 404; with `create`, creates it.
    """
    queue = _name(name)
    given = PauseBody() if body == b"" else decode_body(PauseBody, body)
    by = operator_of(request, given.reason)
    if not create:
        await _one(services, by.tenant, queue)
    await services.queues.pause(by.tenant, queue, actor=by.actor, reason=by.reason, by=by)
    return await _one(services, by.tenant, queue)


@post("/queues/{name:str}/resume", operation_id="resumeQueue", summary="Resume a queue", tags=TAGS, status_code=200)
async def resume(name: FromPath[str], body: RawBody, request: Request[Any, Any, Any], services: Shared) -> QueueOut:
    """Resume claims from a queue. Encode a slash in the name as %2F."""
    queue, by = _name(name), told(request, body)
    await _one(services, by.tenant, queue)
    await services.queues.resume(by.tenant, queue, by=by)
    return await _one(services, by.tenant, queue)


@post("/queues/{name:str}/purge", operation_id="purgeQueue", summary="Purge a queue", tags=TAGS, status_code=202)
async def purge(
    name: FromPath[str], body: RawBody, request: Request[Any, Any, Any], services: Shared
) -> Response[BulkOperation]:
    """Delete the jobs of a queue, by a bulk operation that begins after 8 s: `POST /bulk/{bulk_id}/undo` takes it back
    until then, `POST /bulk/{bulk_id}/stop` ends it later. Encode a slash in the name as %2F.

    Jobs that wait are cancelled and deleted, in one transaction; `states` may name ended ones too. Jobs that run
    continue, and those that are enqueued from now on are not touched: pause the queue first if it is to stay empty.
    """
    queue, given = _name(name), decode_body(PurgeBody, body)
    if given.confirm != queue:
        raise InvalidJob.at("/confirm", f"must be the name of the queue, {queue!r}")
    by = operator_of(request, given.reason)
    await _one(services, by.tenant, queue)
    new = NewBulk(
        id=new_id(),
        tenant=by.tenant,
        action=BulkAction.PURGE,
        filter=purge_filter(queue, given.states),
        reason=by.reason,
        actor=by.actor,
        rate=given.rate,
        undo_ms=int(1000 * UNDO_S),
        key=idempotency_of(request.scope, given),
    )
    return Response(bulk_out(await services.session.asked.bulks.create(new, by=by)), status_code=202)


def _name(name: str) -> str:
    return check_name("name", name.replace("%2F", "/"))


async def _one(services: Services, tenant: str, name: str) -> QueueOut:
    (out,) = await with_activity(
        services.session, tenant, [find_queue(await services.queues.list_queues(tenant), name)]
    )
    return out
