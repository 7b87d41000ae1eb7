"""What jobs have logged: workers append lines, readers page through them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from taskflowmq.core.job_logs import LogCursor, LogPage, LogQuery, NewLines


class Logs(Protocol):
    """Log lines of jobs. They go when their job goes, and those of an attempt when the attempt is no longer kept."""

    async def append(self, attempts: Sequence[NewLines]) -> None:
        """Store lines, and delete those that make room for them.

        Whether the fence still fits is not asked: what an attempt has logged stays true. Lines of a job that the store
        does not have are left out. Repeating a call changes nothing.
        """
        ...

    async def read(self, tenant: str, job_id: UUID, query: LogQuery, *, counts: bool = True) -> LogPage:
        """Return lines of a job in the order of their attempts and numbers; none of a job that does not exist.

        Args:
            tenant: the job's tenant.
            job_id: the job.
            query: which lines.
            counts: whether to count the lines that are stored and dropped; otherwise both are 0.
        """
        ...

    async def last(self, tenant: str, job_id: UUID) -> LogCursor | None:
        """Return the place of a job's last line, from which on a follower reads; None: nothing is stored."""
        ...
