"""The events of a live feed in JSON. Counts, queues, workers and bulk operations are as their own routes answer."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from taskflowmq.core.feed import JobProbe, PageNews
from taskflowmq.core.job import Reason, State
from taskflowmq.wire.inspection import InspectionNews
from taskflowmq.wire.job import AttemptOut
from taskflowmq.wire.job_log import LogNews
from taskflowmq.wire.kinds import Id, Object, Time
from taskflowmq.wire.raw import as_json


class HelloEvent(msgspec.Struct, kw_only=True):
    """Event ``hello``: the first of a stream."""

    version: Annotated[str, Meta(description="Version of the server")]
    interval_ms: Annotated[
        int, Meta(description="Shortest time between two polls of the store, unless a job becomes ready")
    ]
    now: Annotated[Time, Meta(description="Time of the server")]


class JobMoved(msgspec.Struct, kw_only=True):
    """A job in event ``jobs``: the fields that change during its life."""

    id: UUID
    state: State
    reason: Annotated[Reason | None, Meta(description="Reason for the state cancelled or dead")]
    round: int
    attempt: Annotated[int, Meta(description="Attempts started in this round")]
    lease_no: Annotated[int, Meta(description="Number of claims of this job; increases with each")]
    run_at: Time
    started_at: Time | None
    finished_at: Time | None
    worker: Annotated[Id | None, Meta(description="Worker of the current or last attempt")]
    progress: Annotated[
        float | Object | None, Meta(description="Last progress that the handler published: a number 0…1 or an object")
    ]
    cancel_requested_at: Time | None
    queue: Annotated[str, Meta(description="An operator can move a job that has not started")]
    priority: int
    gone: Annotated[bool, Meta(description="False: the job exists")]


class JobGone(msgspec.Struct, kw_only=True):
    """A job in event ``jobs`` that does not exist: it was deleted, or there is none of this id."""

    id: UUID
    gone: Annotated[bool, Meta(description="True")]


class PageEvent(msgspec.Struct, kw_only=True):
    """Event ``page``: which jobs a list begins with that its reader does not hold."""

    page: Annotated[str, Meta(description="The value of `page` in the request")]
    new: Annotated[list[UUID], Meta(description="At most 100 ids, newest first")]
    exact: Annotated[bool, Meta(description="False if there may be more of them")]


class JobLogEvent(msgspec.Struct, kw_only=True):
    """Event ``job`` of a job that has logged."""

    id: UUID
    logs: LogNews


class JobInspectionEvent(msgspec.Struct, kw_only=True):
    """Event ``job`` of a job whose stack or profile was requested."""

    id: UUID
    inspections: Annotated[list[InspectionNews], Meta(description="The last request of each kind")]


class JobEvent(msgspec.Struct, kw_only=True):
    """Event ``job``: what a job's own page shows."""

    id: UUID
    attempts: Annotated[list[AttemptOut], Meta(description="The first 10 attempts, and those of the last 90 claims")]
    attempts_total: Annotated[int, Meta(description="Number of all attempts, including those not listed")]
    attempt_counts: Annotated[dict[str, int], Meta(description="Number of all attempts, by outcome")]
    progress: Annotated[
        float | Object | None, Meta(description="Last progress that the handler published: a number 0…1 or an object")
    ]


class ResyncEvent(msgspec.Struct, kw_only=True):
    """Event ``resync``: the reader must request its lists again."""

    reason: Annotated[str, Meta(description="many_changes, slow, store_unavailable or store_restored")]


class ByeEvent(msgspec.Struct, kw_only=True):
    """Event ``bye``: the last of a stream."""

    after_ms: Annotated[int, Meta(description="Milliseconds to wait before opening the next stream")]


def job_moved(job_id: UUID, probe: JobProbe | None) -> JobMoved | JobGone:
    """Return a job's part of event ``jobs``."""
    if probe is None:
        return JobGone(id=job_id, gone=True)
    return JobMoved(
        id=job_id,
        state=probe.state,
        reason=probe.reason,
        round=probe.round,
        attempt=probe.attempt,
        lease_no=probe.lease_no,
        run_at=probe.run_at,
        started_at=probe.started_at,
        finished_at=probe.finished_at,
        worker=probe.worker,
        progress=as_json(probe.raw_progress),
        cancel_requested_at=probe.cancel_requested_at,
        queue=probe.queue,
        priority=probe.priority,
        gone=False,
    )


def page_event(page: str, news: PageNews) -> PageEvent:
    """Return event ``page``.

    Args:
        page: the filter, as it was given.
        news: what it begins with.
    """
    return PageEvent(page=page, new=list(news.new), exact=news.exact)
