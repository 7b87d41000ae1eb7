"""What readers see of jobs, and what users do to them by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from taskflowmq.core.job import Attempts, JobFilter, JobView, Page
from taskflowmq.core.operations import CancelAnswer, DeleteAnswer, RetryAnswer

#: Bytes of a page of jobs, unless its first job alone has more; the jobs above the limit come with the next page.
MAX_PAGE_BYTES = 4_000_000
#: Jobs that are read whole at once for a page, so that no list needs more memory than these.
PAGE_SLICE = 64


class Jobs(Protocol):
    """What readers see of jobs, and what users do to them by hand. A job is found by tenant and id."""

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

    async def cancel(self, tenant: str, job_id: UUID, *, actor: str) -> CancelAnswer:
        """Cancel a job that has not started, or request it from the worker of a running one.

        ``core.operations`` decides this, and what follows.

        Raises:
            Conflict: the job changed its state repeatedly during the call.
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
