"""What readers see of jobs, and what users do to them by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from taskflowmq.core.attempts import Attempts
from taskflowmq.core.audit import Caller
from taskflowmq.core.bulk import COUNT_S, MOST_COUNTED, Counted
from taskflowmq.core.job import JobFilter, JobView, Page
from taskflowmq.core.operations import (
    CancelAnswer,
    DeleteAnswer,
    MoveAnswer,
    NewLane,
    NewTime,
    RescheduleAnswer,
    RetryAnswer,
)
from taskflowmq.core.rows import JobRow
from taskflowmq.core.waiting import MOST_AHEAD

#: Bytes of a page of jobs, unless its first job alone has more; the jobs above the limit come with the next page.
MAX_PAGE_BYTES = 4_000_000
#: Jobs that are read whole at once for a page, so that no list needs more memory than these.
PAGE_SLICE = 64
#: Seconds that the search for one page may take.
SEARCH_S = 0.25
#: Jobs that are looked at for every page, or one more than it takes.
FIRST_LOOK = 50


class Jobs(Protocol):
    """What readers see of jobs, and what users do to them by hand. A job is found by tenant and id."""

    async def get(self, tenant: str, job_id: UUID) -> JobView | None:
        """Return one job, or None."""
        ...

    async def get_many(self, tenant: str, job_ids: Sequence[UUID]) -> list[JobView]:
        """Return the jobs that exist among the ids, in id order."""
        ...

    async def get_rows(self, tenant: str, job_ids: Sequence[UUID]) -> list[JobRow]:
        """Return the rows of the jobs that exist among the ids, in id order."""
        ...

    async def attempts(self, tenant: str, job_id: UUID) -> Attempts:
        """Return a job's attempts that failed, crashed or snoozed, oldest first, and the current or final one."""
        ...

    async def list_jobs(
        self, query: JobFilter, *, limit: int, before: UUID | None, seconds: float = SEARCH_S
    ) -> Page[JobView]:
        """Return jobs in the order of the filter; a page ends before it weighs more than :data:`MAX_PAGE_BYTES`.

        A page may be short, even empty; only ``next=None`` ends a list.

        Args:
            query: which jobs.
            limit: most jobs on the page.
            before: the ``next`` of the page before.
            seconds: after this time the search looks no further; it looks at :data:`FIRST_LOOK` jobs in any case.
        """
        ...

    async def list_rows(
        self, query: JobFilter, *, limit: int, before: UUID | None, seconds: float = SEARCH_S
    ) -> Page[JobRow]:
        """Return the same jobs as :meth:`list_jobs` without results and tracebacks, which are not read."""
        ...

    async def count(self, query: JobFilter, *, most: int = MOST_COUNTED, seconds: float = COUNT_S) -> Counted:
        """Count the jobs that fit.

        Args:
            query: which jobs.
            most: the count ends there; then it is not exact.
            seconds: the same after this time; it looks at :data:`FIRST_LOOK` jobs in any case.
        """
        ...

    async def count_ahead(self, tenant: str, job_id: UUID, *, most: int = MOST_AHEAD) -> Counted | None:
        """Count the ready jobs that are claimed before a ready one of their queue; None: it is not ready.

        These are the jobs of its lane at lower positions, and those of lanes of its queue with a lower priority. Other
        shares of its priority take turns with its own, so their jobs are not counted.

        Args:
            tenant: whose job.
            job_id: the job.
            most: the count ends there, so that it costs as much as that many entries of an index; then it is not exact.
        """
        ...

    async def cancel(self, tenant: str, job_id: UUID, *, actor: str, by: Caller | None = None) -> CancelAnswer:
        """Cancel a job that has not started, or request it from the worker of a running one.

        ``core.operations`` decides this, and what follows. With ``by``, what was done is added to the audit in the same
        transaction, here and in what follows.

        Raises:
            Conflict: the job changed its state repeatedly during the call.
        """
        ...

    async def retry(self, tenant: str, job_id: UUID, *, by: Caller | None = None) -> RetryAnswer:
        """Dead: new round (attempt, crashes, losses 0). Scheduled or retrying: due now. Otherwise conflict.

        Wakes the queue's workers.

        Raises:
            Conflict: as for :meth:`cancel`.
        """
        ...

    async def reschedule(
        self, tenant: str, job_id: UUID, wanted: NewTime, *, by: Caller | None = None
    ) -> RescheduleAnswer:
        """Make a scheduled, retrying or ready job wait for another time; due now if that is not in the future.

        A ready job leaves its position and is scheduled, whatever it was before; a retrying one stays one. One that
        has never been claimed has the new time as its ``run_at`` from then on. Wakes the queue's workers if the job
        becomes ready.

        Raises:
            Conflict: as for :meth:`cancel`.
        """
        ...

    async def move(
        self, tenant: str, job_id: UUID, lane: NewLane, *, wanted: NewTime | None = None, by: Caller | None = None
    ) -> MoveAnswer:
        """Make a scheduled, retrying or ready job wait in another lane of its tenant: of another queue or priority.

        It keeps its share. The queue and the lane are made if they are new, as for a job that is enqueued. A ready job
        is ready from now on at the end of the new lane; wakes that queue's workers. One that waits, waits on. A job
        that is there already stays at its position, without an act.

        Args:
            tenant, job_id, by: as for the others.
            lane: the new queue, priority, or both.
            wanted: another time, as for :meth:`reschedule`, in the same transaction: both or neither, with an act each.

        Raises:
            Conflict: as for :meth:`cancel`.
            InvalidJob: there would be too many queues.
        """
        ...

    async def delete(self, tenant: str, job_id: UUID, *, by: Caller | None = None) -> DeleteAnswer:
        """Delete an ended job. Its bare id is kept for 24 h, so that a repeated enqueue stays a no-op.

        Raises:
            Conflict: as for :meth:`cancel`.
        """
        ...
