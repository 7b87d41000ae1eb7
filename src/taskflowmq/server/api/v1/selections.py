"""Retry, cancel and delete of several jobs in one request: each on its own, one answer per id."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from litestar import Request, post
from litestar.params import RawBody

from taskflowmq.client.selections import Done, on_each
from taskflowmq.core.audit import Caller
from taskflowmq.core.errors import InvalidJob, StoreUnavailable
from taskflowmq.core.operations import Answer
from taskflowmq.server.api.operator import operator_of
from taskflowmq.server.api.services import Shared
from taskflowmq.server.edge.body import decode_body
from taskflowmq.server.edge.problems import from_error
from taskflowmq.wire.selection import DoneOut, SelectionBody, SelectionOut

TAGS = ["jobs"]


@post("/jobs/retry", operation_id="retryJobs", summary="Retry several jobs", tags=TAGS, status_code=200)
async def retry_jobs(body: RawBody, request: Request[Any, Any, Any], services: Shared) -> SelectionOut:
    """Retry up to 200 jobs, each as `POST /jobs/{job_id}/retry` does; a refused one does not stop the others."""
    return await _each(request, body, lambda job_id, by: services.jobs.retry(by.tenant, job_id, by=by))


@post("/jobs/cancel", operation_id="cancelJobs", summary="Cancel several jobs", tags=TAGS, status_code=200)
async def cancel_jobs(body: RawBody, request: Request[Any, Any, Any], services: Shared) -> SelectionOut:
    """Cancel up to 200 jobs, each as `POST /jobs/{job_id}/cancel` does; a refused one does not stop the others."""
    return await _each(request, body, lambda job_id, by: services.jobs.cancel(by.tenant, job_id, actor=by.actor, by=by))


@post("/jobs/delete", operation_id="deleteJobs", summary="Delete several jobs", tags=TAGS, status_code=200)
async def delete_jobs(body: RawBody, request: Request[Any, Any, Any], services: Shared) -> SelectionOut:
    """Delete up to 200 jobs, each as `DELETE /jobs/{job_id}` does; a refused one does not stop the others."""
    return await _each(request, body, lambda job_id, by: services.jobs.delete(by.tenant, job_id, by=by))


async def _each(
    request: Request[Any, Any, Any], body: bytes, act: Callable[[UUID, Caller], Awaitable[Answer]]
) -> SelectionOut:
    given = decode_body(SelectionBody, body)
    ids, by = given.ids, operator_of(request, given.reason)
    seen: set[UUID] = set()
    for at, job_id in enumerate(ids):
        if job_id in seen:
            raise InvalidJob.at(f"/ids/{at}", "is given twice")
        seen.add(job_id)
    done = await on_each(ids, lambda job_id: act(job_id, by))
    first = done[0].error
    if first is not None and all(isinstance(one.error, StoreUnavailable) for one in done):
        raise first
    return SelectionOut(items=[_done_out(one) for one in done])


def _done_out(done: Done) -> DoneOut:
    if done.error is None:
        return DoneOut(id=done.id, ok=True, answer=done.answer, code=None, detail=None)
    problem = from_error(done.error)
    code, detail = ("internal", "Internal error") if problem is None else (problem.code, problem.detail)
    return DoneOut(id=done.id, ok=False, answer=None, code=code, detail=detail)
