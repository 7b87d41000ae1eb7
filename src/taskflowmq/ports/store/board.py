"""What readers see and operators do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec

from taskflowmq.core.job import Attempts, JobFilter, JobView, Page
from taskflowmq.core.operations import CancelAnswer, DeleteAnswer, RetryAnswer
from taskflowmq.core.retention import QueueRetention

#: How much a page of jobs may weigh, unless its first job alone weighs more; what is above it comes with the next page.
MAX_PAGE_BYTES = 4_000_000
#: Jobs that are read whole at once on the way to a page, so that no list needs more memory than these.
PAGE_SLICE = 64


class QueueView(msgspec.Struct, frozen=True, kw_only=True):
    """A queue as a reader sees it."""

    name: str
    paused_at: datetime | None
    #: state → number of live jobs
    states: dict[str, int]
    #: seconds since the job that is first in its lane became ready, of the lane where it is longest
    oldest_ready_age: float | None
    #: what of it is different from all other queues
    retention: QueueRetention = QueueRetention()


class StoreStats(msgspec.Struct, frozen=True, kw_only=True):
    """Counts over the store. Exact below 10,000 per state, otherwise as old as ``as_of`` says."""

    states: dict[str, int]
    queues: list[QueueView]
    as_of: datetime
    exact: bool
    #: Transaction ids given out since the oldest one that is not frozen; None where they cannot run out.
    xid_age: int | None = None


class Board(Protocol):
    """What readers see and operators do. A job is found by tenant and id; queues and counts are of the whole store."""

    async def get(self, tenant: str, job_id: UUID) -> JobView | None:
        """Return one job, or None."""
        ...

    async def get_many(self, tenant: str, job_ids: Sequence[UUID]) -> list[JobView]:
        """Return the jobs that exist among the ids, in id order."""
        ...

    async def attempts(self, tenant: str, job_id: UUID) -> Attempts:
        """Return a job's attempts that failed, crashed or snoozed, oldest first, and the current or final one."""
        ...

    async def list_jobs(self, query: JobFilter, *, limit: int, before: UUID | None) -> Page:
        """Return jobs newest first, below ``before``; a page ends before it weighs more than :data:`MAX_PAGE_BYTES`.

        A page may be short, even empty; only ``next=None`` ends a list.
        """
        ...

    async def stats(self) -> StoreStats:
        """Return counts per state and queue."""
        ...

    async def cancel(self, tenant: str, job_id: UUID, *, actor: str) -> CancelAnswer:
        """Cancel a job that has not started, or ask the worker of a running one.

        ``core.operations`` decides this, and what follows.

        Raises:
            Conflict: the job has changed its state too often meanwhile.
        """
        ...

    async def retry(self, tenant: str, job_id: UUID) -> RetryAnswer:
        """Dead: new round (attempt, crashes, losses 0). Scheduled or retrying: due now. Otherwise conflict.

        Wakes the queue's workers.

        Raises:
            Conflict: as for :meth:`cancel`.
        """
        ...

    async def delete(self, tenant: str, job_id: UUID) -> DeleteAnswer:
        """Delete an ended job. Its bare id is kept for 24 h, so that a repeated enqueue stays a no-op.

        Raises:
            Conflict: as for :meth:`cancel`.
        """
        ...

    async def list_queues(self) -> list[QueueView]:
        """Return every queue that is in use, by name (``core.validation.UNUSED_AFTER``)."""
        ...

    async def pause(self, queue: str) -> None:
        """Stop claims from a queue; running jobs go on. Creates the queue if it is new."""
        ...

    async def resume(self, queue: str) -> None:
        """Allow claims from a queue again, and wake its workers."""
        ...

    async def set_retention(self, queue: str, ages: Mapping[str, int | None]) -> None:
        """Keep ended jobs of a queue for another time than all others. Creates the queue if it is new.

        Args:
            queue: its name.
            ages: fields of :class:`QueueRetention`; those that are not named stay, None is as for all again.
        """
        ...
