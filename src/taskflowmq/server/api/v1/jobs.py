"""Jobs: store one, list, read, wait, retry, cancel, delete."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, TypeVar

from litestar import Request, Response, delete, get, post
from litestar.params import FromPath, FromQuery, QueryParameter, RawBody

from taskflowmq.core.errors import InvalidJob
from taskflowmq.core.filters import MAX_PAGE, read_states, split_words
from taskflowmq.core.job import JobFilter, JobView, State
from taskflowmq.core.operations import check
from taskflowmq.core.validation import MAX_TAG_LENGTH, check_name, check_text, check_time
from taskflowmq.server.api.services import Services, Shared, parse_id
from taskflowmq.server.api.v1.cursor import read_cursor, write_cursor
from taskflowmq.server.api.v1.intake import store_one
from taskflowmq.server.edge.body import decode_body
from taskflowmq.server.edge.problems import bad_parameter
from taskflowmq.server.edge.request_context import context_of
from taskflowmq.wire.job import JobBody, JobDetail, JobOut, JobPage, Submitted, attempt_out, job_fields, job_out
from taskflowmq.wire.queue import StatsOut, stats_out

TAGS = ["jobs"]
MAX_WAIT = 30
T = TypeVar("T")

Limit = Annotated[int, QueryParameter(ge=1, le=MAX_PAGE, description="Maximum number of jobs in this page")]
#: `state` alone is a reserved name of the framework.
States = Annotated[str | None, QueryParameter(name="state", description="States, separated by commas", max_length=200)]
Cursor = Annotated[str | None, QueryParameter(description="The `next` value of the previous page", max_length=200)]
Tag = Annotated[str | None, QueryParameter(description="Return only jobs with this tag", max_length=MAX_TAG_LENGTH)]
After = Annotated[datetime | None, QueryParameter(description="Return only jobs created after this time")]
Before = Annotated[datetime | None, QueryParameter(description="Return only jobs created before this time")]
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


@get("/jobs", operation_id="listJobs", summary="List jobs", tags=TAGS)
async def list_jobs(
    services: Shared,
    request: Request[Any, Any, Any],
    states: States = None,
    queue: FromQuery[str | None] = None,
    task: FromQuery[str | None] = None,
    tag: Tag = None,
    created_after: After = None,
    created_before: Before = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> JobPage:
    """Return jobs, newest first. A page can hold fewer than `limit` jobs; the last page has `"next": null`."""
    after, before = _time("created_after", created_after), _time("created_before", created_before)
    if after is not None and before is not None and before <= after:
        raise bad_parameter("created_before", "must be later than created_after")
    query = JobFilter(
        tenant=context_of(request.scope).tenant,
        states=_states(states),
        queue=None if queue is None else check_name("queue", queue),
        task=None if task is None else check_name("task", task),
        tag=_tag(tag),
        created_after=after,
        created_before=before,
    )
    return await _page(services, query, limit, cursor)


@get("/jobs/dead", operation_id="listDeadJobs", summary="List dead jobs", tags=TAGS)
async def list_dead(
    request: Request[Any, Any, Any], services: Shared, limit: Limit = 50, cursor: Cursor = None
) -> JobPage:
    """Return dead jobs (dead letters), newest first; equals `GET /jobs?state=dead`."""
    query = JobFilter(tenant=context_of(request.scope).tenant, states=(State.DEAD,))
    return await _page(services, query, limit, cursor)


@get("/jobs/stats", operation_id="jobStats", summary="Count jobs", tags=TAGS)
async def stats(request: Request[Any, Any, Any], services: Shared) -> StatsOut:
    """Return counts by state and queue. Below 10,000 per state they are exact, above that they date from `as_of`."""
    return stats_out(await services.stats.count(context_of(request.scope).tenant))


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


@post("/jobs/{job_id:str}/retry", operation_id="retryJob", summary="Retry a job", tags=TAGS, status_code=200)
async def retry_job(job_id: FromPath[str], request: Request[Any, Any, Any], services: Shared) -> JobOut:
    """Start a new round of a dead job, or make a scheduled or retrying job due now. In other states, returns 409."""
    wanted, tenant = parse_id(job_id), context_of(request.scope).tenant
    check(await services.jobs.retry(tenant, wanted), wanted)
    return job_out(await services.job(tenant, wanted))


@post("/jobs/{job_id:str}/cancel", operation_id="cancelJob", summary="Cancel a job", tags=TAGS, status_code=202)
async def cancel_job(job_id: FromPath[str], request: Request[Any, Any, Any], services: Shared) -> JobOut:
    """Cancel a job, or request that the worker of a running job stop it. In a final state, returns 409."""
    wanted, context = parse_id(job_id), context_of(request.scope)
    check(await services.jobs.cancel(context.tenant, wanted, actor=context.actor), wanted)
    return job_out(await services.job(context.tenant, wanted))


@delete("/jobs/{job_id:str}", operation_id="deleteJob", summary="Delete a job", tags=TAGS)
async def delete_job(job_id: FromPath[str], request: Request[Any, Any, Any], services: Shared) -> None:
    """Delete a job in a final state. In other states, returns 409."""
    wanted = parse_id(job_id)
    check(await services.jobs.delete(context_of(request.scope).tenant, wanted), wanted)


async def _page(services: Services, query: JobFilter, limit: int, cursor: str | None) -> JobPage:
    before = None if cursor is None else read_cursor(query, cursor)
    page = await services.jobs.list_jobs(query, limit=limit, before=before)
    following = None if page.next is None else write_cursor(query, page.next)
    return JobPage(items=[job_out(view) for view in page.items], next=following)


async def _detail(services: Services, view: JobView) -> JobDetail:
    attempts = await services.jobs.attempts(view.tenant, view.id)
    return JobDetail(
        **job_fields(view),
        attempts=[attempt_out(attempt) for attempt in attempts],
        attempts_total=attempts.total,
        attempt_counts=dict(attempts.counts),
    )


def _states(given: str | None) -> tuple[State, ...]:
    return () if given is None else _checked("state", lambda: read_states(split_words(given)))


def _tag(value: str | None) -> str | None:
    return None if value is None else _checked("tag", lambda: check_text("/tag", value, MAX_TAG_LENGTH))


def _time(name: str, value: datetime | None) -> datetime | None:
    return None if value is None else _checked(name, lambda: check_time(f"/{name}", value))


def _checked(name: str, check: Callable[[], T]) -> T:
    """Return what a check returns; what it refuses is a wrong query parameter."""
    try:
        return check()
    except InvalidJob as error:
        raise bad_parameter(name, error.errors[0].detail) from error
