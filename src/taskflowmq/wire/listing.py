"""Lists of jobs in JSON: whole jobs, or rows without results and tracebacks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, TypeVar
from uuid import UUID

import msgspec
from msgspec import Meta

from taskflowmq.core.ids import unix_ms
from taskflowmq.core.job import Page, Reason, State
from taskflowmq.core.rows import SHOWN, JobRow
from taskflowmq.wire.job import JobOut, job_out
from taskflowmq.wire.kinds import Id, Object, Time
from taskflowmq.wire.raw import as_json

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
V = TypeVar("V")


class ErrorHeadOut(msgspec.Struct, kw_only=True):
    """The beginning of an error."""

    type: Annotated[str, Meta(description="Name of the exception, or of what ended the attempt")]
    message: Annotated[str, Meta(description=f"Text of the exception, at most {SHOWN} characters; a cut one ends in …")]


class JobRowOut(msgspec.Struct, kw_only=True):
    """A job in a list: without result and traceback, with the beginning of its arguments."""

    id: UUID
    task: str
    args_preview: Annotated[
        str, Meta(description=f"Arguments as JSON, at most {SHOWN} characters; a cut text ends in … and is incomplete")
    ]
    queue: str
    priority: int
    state: State
    reason: Annotated[Reason | None, Meta(description="Reason for the state cancelled or dead")]
    round: int
    attempt: Annotated[int, Meta(description="Attempts started in this round")]
    max_attempts: int
    created_at: Time
    run_at: Time
    started_at: Time | None
    finished_at: Time | None
    worker: Annotated[Id | None, Meta(description="Worker of the current or last attempt")]
    progress: Annotated[float | Object | None, Meta(description="Last progress of a running job; otherwise null")]
    tags: tuple[str, ...]
    error: Annotated[ErrorHeadOut | None, Meta(description="Error of the last attempt that failed, or null")]
    cancel_requested_at: Time | None
    lease_no: Annotated[int, Meta(description="Number of claims of this job; increases with each")]


#: How far the search for a page came.
Next = Annotated[str | None, Meta(description="Pass it as ?cursor= to continue; null: the list has ended")]
LookedAt = Annotated[int, Meta(description="Number of jobs that were examined for this page")]
LookedUntil = Annotated[
    Time | None, Meta(description="Creation time of the last job of this search; the next page continues there")
]
Complete = Annotated[
    bool,
    Meta(description="False if the search reached its time limit before the page was full: more jobs may match"),
]


class JobPage(msgspec.Struct, kw_only=True):
    """Jobs in the requested order. A page can hold fewer than ``limit`` jobs; the last page has ``next: null``."""

    items: list[JobOut]
    next: Next
    looked_at: LookedAt
    looked_until: LookedUntil
    complete: Complete


class JobRowPage(msgspec.Struct, kw_only=True):
    """Rows of jobs in the requested order. A page can hold fewer than ``limit`` rows; the last has ``next: null``."""

    items: list[JobRowOut]
    next: Next
    looked_at: LookedAt
    looked_until: LookedUntil
    complete: Complete


def row_out(row: JobRow) -> JobRowOut:
    """Return the answer of a row."""
    error = row.error
    return JobRowOut(
        id=row.id,
        task=row.task,
        args_preview=row.args_preview,
        queue=row.queue,
        priority=row.priority,
        state=row.state,
        reason=row.reason,
        round=row.round,
        attempt=row.attempt,
        max_attempts=row.max_attempts,
        created_at=row.created_at,
        run_at=row.run_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        worker=row.worker,
        progress=as_json(row.raw_progress),
        tags=row.tags,
        error=None if error is None else ErrorHeadOut(type=error.type, message=error.message),
        cancel_requested_at=row.cancel_requested_at,
        lease_no=row.lease_no,
    )


def page_out(page: Page[Any], write_cursor: Callable[[UUID], str]) -> JobPage:
    """Return the answer of a page of jobs.

    Args:
        page: the page.
        write_cursor: makes the cursor that continues behind an id.
    """
    return JobPage(items=[job_out(view) for view in page.items], **_searched(page, write_cursor))


def row_page_out(page: Page[JobRow], write_cursor: Callable[[UUID], str]) -> JobRowPage:
    """Return the answer of a page of rows; arguments as for :func:`page_out`."""
    return JobRowPage(items=[row_out(row) for row in page.items], **_searched(page, write_cursor))


def _searched(page: Page[Any], write_cursor: Callable[[UUID], str]) -> dict[str, Any]:
    last = page.next
    return {
        "next": None if last is None else write_cursor(last),
        "looked_at": page.looked_at,
        "looked_until": None if last is None else _EPOCH + timedelta(milliseconds=unix_ms(last)),
        "complete": page.complete,
    }
