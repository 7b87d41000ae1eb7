"""Jobs as a file: all that a filter finds, in parts, so that memory does not grow with their number."""

from __future__ import annotations

import asyncio
import logging
from typing import Annotated, Any, Literal

from litestar import Request, Response, get
from litestar.params import QueryParameter

from taskflowmq.core.errors import TaskFlowError
from taskflowmq.core.job import JobFilter, JobView, Page, Sort
from taskflowmq.ports.store import Jobs
from taskflowmq.server.api.services import Shared
from taskflowmq.server.api.v1.job_filter import read_filter
from taskflowmq.server.api.v1.job_lists import (
    TAGS,
    After,
    Before,
    FinishedAfter,
    FinishedBefore,
    Order,
    Queue,
    Search,
    States,
    Tag,
    Task,
    Worker,
)
from taskflowmq.server.edge.body import ClientGone
from taskflowmq.server.edge.gate import DROP, STREAM, Scope, Send
from taskflowmq.server.edge.problems import log_failure
from taskflowmq.server.edge.request_context import RequestContext, context_of
from taskflowmq.wire.export import MEDIA_TYPES, PART, ExportFormat, export_head, export_part

log = logging.getLogger("taskflowmq.server")

#: Seconds in which a client must take a part: one that takes nothing would keep a seat for good.
PATIENCE_S = 60.0

Format = Annotated[
    Literal["csv", "jsonl"],
    QueryParameter(name="format", description="`csv`, or `jsonl`: one job per line, as `GET /jobs/{job_id}` returns"),
]


class _File(Response[str]):
    """An export, for the framework."""

    def __init__(self, answer: Export) -> None:
        super().__init__("", media_type="text/csv")
        self._answer = answer

    def to_asgi_response(self, *_: Any, **__: Any) -> Any:
        """Return the application that answers."""
        return self._answer


@get("/jobs/export", operation_id="exportJobs", summary="Export jobs", tags=TAGS, media_type="text/csv")
async def export_jobs(
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
    wanted: Format = "csv",
) -> Response[str]:
    """Return all jobs that match, as a file. Filters and order are those of `GET /jobs`; there is no limit.

    Jobs are read in parts while the file is sent. A job that changes meanwhile is written as it was when its part was
    read. Text in CSV that a spreadsheet would run as a formula begins with an apostrophe. If the store fails meanwhile,
    the connection ends before the last chunk: an incomplete file is an error of the transfer.
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
    context = context_of(request.scope)
    query = read_filter(services, context, given, Sort(sort))
    return _File(Export(services.jobs, query, ExportFormat(wanted), context))


class Export:
    """The answer: an ASGI application.

    Args:
        jobs: the store's, within the deadline.
        query: which jobs.
        wanted: the format.
        context: of the request. The export has a seat among the waits, so that few of them run at once; each part takes
            its turn among the reads.
    """

    def __init__(self, jobs: Jobs, query: JobFilter, wanted: ExportFormat, context: RequestContext) -> None:
        self._jobs = jobs
        self._query = query
        self._wanted = wanted
        self._context = context
        self._started = False

    async def __call__(self, scope: Scope, receive: object, send: Send) -> None:
        """Send the answer.

        Raises:
            Problem: 503, too many clients wait.
            TaskFlowError: before the head was sent. Later, the answer ends without its last chunk.
        """
        try:
            await self._context.seat.waiting(lambda: self._send_all(send))
        except ClientGone:
            log.debug("an export ended: the client disconnected")
        except TimeoutError:
            log.debug("an export ended: the client does not read it")
            await _cut(scope, send)
        except TaskFlowError as error:
            if not self._started:
                raise
            log_failure(error, self._context.request_id)
            await _cut(scope, send)

    async def _send_all(self, send: Send) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": self._headers()}
        if not self._context.wants_body:
            await send(start)
            await send({"type": "http.response.body", "body": b""})
            return
        # Before the head is sent, a store that does not answer is a 503.
        page = await self._page(None)
        await send(start)
        self._started = True
        part = export_head(self._wanted)
        while True:
            part += export_part(self._wanted, page.items)
            async with asyncio.timeout(PATIENCE_S):
                await send({"type": "http.response.body", "body": part, "more_body": True})
            if page.next is None:
                break
            part, page = b"", await self._page(page)
        await send({"type": "http.response.body", "body": b""})

    async def _page(self, before: Page[JobView] | None) -> Page[JobView]:
        start = None if before is None else before.next
        async with self._context.seat.turn():
            return await self._jobs.list_jobs(self._query, limit=PART, before=start)

    def _headers(self) -> list[tuple[bytes, bytes]]:
        name = f'attachment; filename="jobs.{self._wanted}"'
        return [(b"content-type", MEDIA_TYPES[self._wanted].encode()), (b"content-disposition", name.encode())]


async def _cut(scope: Scope, send: Send) -> None:
    """End an answer that is not complete, where the server can: others see that it was not."""
    if STREAM in (scope.get("extensions") or ()):
        await send({"type": DROP})
