"""Jobs: store one, read, wait, retry, cancel, change, delete."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, Response, delete, get, patch, post
from litestar.params import FromPath, QueryParameter, RawBody

from taskflowmq.client.moving import change, new_lane, nothing_to_change
from taskflowmq.client.replay import read_replays, replay_of
from taskflowmq.client.rescheduling import new_time
from taskflowmq.core.job import JobView
from taskflowmq.core.operations import check
from taskflowmq.server.api.answers import stats_of
from taskflowmq.server.api.operator import ReasonText, operator_of, told
from taskflowmq.server.api.services import Services, Shared, parse_id
from taskflowmq.server.api.v1.idempotency import idempotency_of
from taskflowmq.server.api.v1.intake import store_one
from taskflowmq.server.edge.body import decode_body
from taskflowmq.server.edge.request_context import context_of
from taskflowmq.wire.job import (
    JobBody,
    JobChangeBody,
    JobDetail,
    JobOut,
    ReplayBody,
    Submitted,
    job_detail,
    job_fields,
    job_out,
)
from taskflowmq.wire.queue import StatsOut
from taskflowmq.wire.waiting import WhyOut, why_out

TAGS = ["jobs"]
MAX_WAIT = 30

Wait = Annotated[float, QueryParameter(ge=0, le=MAX_WAIT, description="Seconds to wait for a final state")]


@post(
    "/jobs",
    operation_id="createJob",
    summary="Store a job",
    tags=TAGS,
    status_code=201,
)
async def create_job(body: RawBody, request: Request[Any, Any, Any], services: Shared) -> Response[Submitted]:
    """Store one job. Returns 201 after commit. If a live job holds the unique key, returns 200 and that job.

    With an `Idempotency-Key`, a request whose response was lost can be repeated: the job is stored once.
    """
    status, answer = await store_one(services, request.scope, decode_body(JobBody, body))
    return Response(answer, status_code=status)


@get("/jobs/stats", operation_id="jobStats", summary="Count jobs", tags=TAGS)
async def stats(request: Request[Any, Any, Any], services: Shared) -> StatsOut:
    """Return counts by state and queue. Below 10,000 per state they are exact, above that they date from `as_of`."""
    return await stats_of(services.session, context_of(request.scope).tenant)


@get("/jobs/{job_id:str}", operation_id="getJob", summary="Read a job", tags=TAGS)
async def get_job(
    job_id: FromPath[str], request: Request[Any, Any, Any], services: Shared, wait: Wait = 0
) -> JobDetail:
    """Return a job with its attempts. With `wait`, return when it reaches a final state or the time has elapsed."""
    context = context_of(request.scope)
    view = await services.job(context.tenant, parse_id(job_id))
    if wait and not view.state.final:
        view = await services.wait(view, wait, context.seat)
    return await _detail(services, view)


@get("/jobs/{job_id:str}/why", operation_id="whyJobWaits", summary="Say why a job waits", tags=TAGS)
async def why(job_id: FromPath[str], request: Request[Any, Any, Any], services: Shared) -> WhyOut:
    """Return what a job waits for: its time, a paused queue, a worker that serves it, a free slot.

    Of a ready job, also how many jobs of its queue are claimed before it, counted up to 10,000, and about how long
    until it starts at the rate of the last minutes.
    """
    view = await services.job(context_of(request.scope).tenant, parse_id(job_id))
    return why_out(await services.session.wait_of(view))


@post("/jobs/{job_id:str}/retry", operation_id="retryJob", summary="Retry a job", tags=TAGS, status_code=200)
async def retry_job(job_id: FromPath[str], body: RawBody, request: Request[Any, Any, Any], services: Shared) -> JobOut:
    """Start a new round of a dead job, or make a scheduled or retrying job due now. In other states, returns 409."""
    wanted, by = parse_id(job_id), told(request, body)
    check(await services.jobs.retry(by.tenant, wanted, by=by), wanted)
    return job_out(await services.job(by.tenant, wanted))


@post("/jobs/{job_id:str}/cancel", operation_id="cancelJob", summary="Cancel a job", tags=TAGS, status_code=202)
async def cancel_job(job_id: FromPath[str], body: RawBody, request: Request[Any, Any, Any], services: Shared) -> JobOut:
    """Cancel a job, or request that the worker of a running job stop it. In a final state, returns 409."""
    wanted, by = parse_id(job_id), told(request, body)
    check(await services.jobs.cancel(by.tenant, wanted, actor=by.actor, by=by), wanted)
    return job_out(await services.job(by.tenant, wanted))


@post(
    "/jobs/{job_id:str}/replay",
    operation_id="replayJob",
    summary="Replay a job",
    tags=TAGS,
    status_code=201,
)
async def replay_job(
    job_id: FromPath[str], body: RawBody, request: Request[Any, Any, Any], services: Shared
) -> Response[Submitted]:
    """Store a new job like this one, which may be in any state, with other arguments if given.

    Task, arguments, queue, priority, attempts, timeout, tags and meta are taken over; the unique key and the expiry are
    not. `••• (redacted)` in the arguments stands for the value that this job has. If a live job holds a unique key that
    the task asks for, returns 200 and that job.
    """
    given = decode_body(ReplayBody, body) if body.strip() else ReplayBody()
    by = operator_of(request, given.reason)
    view = await services.stored_job(by.tenant, parse_id(job_id))
    hider = await services.hider(view.task)
    made = await replay_of(
        services.app.sender, view, by, hider, args=given.args, queue=given.queue, run_at=given.run_at
    )
    stored = await services.session.store_by_hand(made.job, made.act, idempotency_of(request.scope, given))
    answer = job_fields(await services.job(by.tenant, stored.id))
    return Response(Submitted(**answer, created=stored.created), status_code=201 if stored.created else 200)


@patch("/jobs/{job_id:str}", operation_id="changeJob", summary="Reschedule or move a job", tags=TAGS)
async def change_job(job_id: FromPath[str], body: RawBody, request: Request[Any, Any, Any], services: Shared) -> JobOut:
    """Give a scheduled, retrying or pending job another time (`run_at` or `delay`), another `queue`, another
    `priority`, or several of them: all or none.

    A job that runs or has ended returns 409 `job_not_waiting`. A time at which the job is expired returns 422. What a
    pending job waited so far is lost: when it is due again, or in its new place, it is claimed after the jobs that are
    ready there then. A queue or priority that the job has already changes nothing.
    """
    wanted, given = parse_id(job_id), decode_body(JobChangeBody, body)
    due = new_time(given.run_at, given.delay) if given.run_at is not None or given.delay is not None else None
    lane = new_lane(given.queue, given.priority) if given.queue is not None or given.priority is not None else None
    if due is None and lane is None:
        raise nothing_to_change("run_at", "delay", "queue", "priority")
    by = operator_of(request, given.reason)
    await change(services.session, by.tenant, wanted, lane, due, by)
    return job_out(await services.job(by.tenant, wanted))


@delete("/jobs/{job_id:str}", operation_id="deleteJob", summary="Delete a job", tags=TAGS)
async def delete_job(
    job_id: FromPath[str], request: Request[Any, Any, Any], services: Shared, reason: ReasonText = None
) -> None:
    """Delete a job in a final state. In other states, returns 409."""
    wanted, by = parse_id(job_id), operator_of(request, reason)
    check(await services.jobs.delete(by.tenant, wanted, by=by), wanted)


async def _detail(services: Services, view: JobView) -> JobDetail:
    attempts = await services.jobs.attempts(view.tenant, view.id)
    return job_detail(view, attempts, await read_replays(services.session.asked.audit, view.tenant, view.id))
