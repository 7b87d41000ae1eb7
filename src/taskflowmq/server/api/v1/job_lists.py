"""Lists of jobs: which ones, in which order, and how much of each."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import Request, get, post
from litestar.openapi.spec import Example
from litestar.params import QueryParameter, RawBody

from taskflowmq.core.filter_text import MAX_FILTER
from taskflowmq.core.filters import MAX_PAGE
from taskflowmq.core.job import JobFilter, Sort, State
from taskflowmq.core.validation import MAX_TAG_LENGTH
from taskflowmq.server.api.services import Services, Shared
from taskflowmq.server.api.v1.cursor import read_cursor, write_cursor
from taskflowmq.server.api.v1.job_filter import read_filter
from taskflowmq.server.edge.body import decode_body
from taskflowmq.server.edge.request_context import context_of
from taskflowmq.wire.bulk import CountBody, CountOut, count_out
from taskflowmq.wire.listing import JobPage, JobRowPage, page_out, row_page_out

TAGS = ["jobs"]

Limit = Annotated[int, QueryParameter(ge=1, le=MAX_PAGE, description="Maximum number of jobs in this page")]
#: `state` alone is a reserved name of the framework.
States = Annotated[str | None, QueryParameter(name="state", description="States, separated by commas", max_length=200)]
Cursor = Annotated[str | None, QueryParameter(description="The `next` value of the previous page", max_length=200)]
Tag = Annotated[str | None, QueryParameter(description="Return only jobs with this tag", max_length=MAX_TAG_LENGTH)]
Queue = Annotated[str | None, QueryParameter(description="Return only jobs of this queue")]
Task = Annotated[str | None, QueryParameter(description="Return only jobs of this task")]
Worker = Annotated[
    UUID | None, QueryParameter(description="Return only jobs that this worker runs, or whose last attempt it ran")
]
After = Annotated[datetime | None, QueryParameter(description="Return only jobs created at or after this time")]
Before = Annotated[datetime | None, QueryParameter(description="Return only jobs created before this time")]
FinishedAfter = Annotated[
    datetime | None, QueryParameter(description="Return only jobs that reached a final state at or after this time")
]
FinishedBefore = Annotated[
    datetime | None, QueryParameter(description="Return only jobs that reached a final state before this time")
]
Order = Annotated[Literal["newest", "oldest"], QueryParameter(description="Order, by creation")]
Search = Annotated[
    str | None,
    QueryParameter(
        name="q",
        description=(
            "Filter: `key:value` terms, all of which must match. `,` separates alternatives, `-` negates a term, quotes"
            " hold spaces. Keys: state, queue, task, tag, worker, error, wait, run, attempt, priority, created,"
            " scheduled, finished, args.PATH, meta.PATH; a word without a key is searched as text. A wrong filter"
            " returns 422 with `position` and `hint`"
        ),
        max_length=MAX_FILTER,
        examples=[
            Example(
                summary="Dead jobs of a customer",
                value="state:dead task:send_* args.user.id:42 finished:-24h..",
            )
        ],
    ),
]
View = Annotated[
    Literal["full", "row"],
    QueryParameter(description="`row`: without results and tracebacks, with the beginning of the arguments"),
]


@get("/jobs", operation_id="listJobs", summary="List jobs", tags=TAGS)
async def list_jobs(
    services: Shared,
    request: Request[Any, Any, Any],
    states: States = None,
    queue: Queue = None,
    task: Task = None,
    tag: Tag = None,
    worker: Worker = None,
    created_after: After = None,
    created_before: Before = None,
    finished_after: FinishedAfter = None,
    finished_before: FinishedBefore = None,
    search: Search = None,
    sort: Order = "newest",
    view: View = "full",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> JobPage | JobRowPage:
    """Return jobs, newest first. A page can hold fewer than `limit` jobs; the last page has `"next": null`.

    The search for a page takes about 250 ms at most. If that was not enough, `complete` is false, `looked_until` says
    how far it came, and `next` continues it.
    """
    given = {
        "state": states,
        "queue": queue,
        "task": task,
        "tag": tag,
        "worker": worker,
        "created_after": created_after,
        "created_before": created_before,
        "finished_after": finished_after,
        "finished_before": finished_before,
        "q": search,
    }
    query = read_filter(services, context_of(request.scope), given, Sort(sort))
    if view == "full":
        return await _page(services, query, limit, cursor)
    page = await services.jobs.list_rows(query, limit=limit, before=_start(query, cursor))
    return row_page_out(page, partial(write_cursor, query))


@post("/jobs/count", operation_id="countJobs", summary="Count the jobs that match a filter", tags=TAGS, status_code=200)
async def count_jobs(body: RawBody, request: Request[Any, Any, Any], services: Shared) -> CountOut:
    """Return how many jobs match a filter: exactly, or at least how many after 10,000 jobs or about 250 ms."""
    query = read_filter(services, context_of(request.scope), {"q": decode_body(CountBody, body).q})
    return count_out(await services.jobs.count(query))


@get("/jobs/dead", operation_id="listDeadJobs", summary="List dead jobs", tags=TAGS)
async def list_dead(
    request: Request[Any, Any, Any], services: Shared, limit: Limit = 50, cursor: Cursor = None
) -> JobPage:
    """Return dead jobs (dead letters), newest first; equals `GET /jobs?state=dead`."""
    query = JobFilter(tenant=context_of(request.scope).tenant, states=(State.DEAD,))
    return await _page(services, query, limit, cursor)


async def _page(services: Services, query: JobFilter, limit: int, cursor: str | None) -> JobPage:
    page = await services.jobs.list_jobs(query, limit=limit, before=_start(query, cursor))
    return page_out(page, partial(write_cursor, query))


def _start(query: JobFilter, cursor: str | None) -> UUID | None:
    return None if cursor is None else read_cursor(query, cursor)
