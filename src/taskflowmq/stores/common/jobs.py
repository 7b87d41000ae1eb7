"""Jobs, as far as both engines do the same: operations by hand are decided in core."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from taskflowmq.core import operations
from taskflowmq.core.job import State
from taskflowmq.core.operations import CancelAnswer, Decision, DeleteAnswer, RetryAnswer

A = TypeVar("A")
Decide = Callable[[State | None], Decision[A]]


class CommonJobs(ABC):
    """Base of the jobs of both engines."""

    async def cancel(self, tenant: str, job_id: UUID, *, actor: str) -> CancelAnswer:
        """Cancel a job that has not started, or request it from the worker of a running one."""
        return await self._operate(operations.cancel, tenant, job_id, actor)

    async def retry(self, tenant: str, job_id: UUID) -> RetryAnswer:
        """Dead: new round (attempt, crashes, losses 0). Scheduled or retrying: due now. Otherwise conflict."""
        return await self._operate(operations.retry, tenant, job_id)

    async def delete(self, tenant: str, job_id: UUID) -> DeleteAnswer:
        """Delete an ended job. Its bare id is kept for 24 h, so that a repeated enqueue stays a no-op."""
        return await self._operate(operations.delete, tenant, job_id)

    @abstractmethod
    async def _operate(self, decide: Decide[A], tenant: str, job_id: UUID, actor: str | None = None) -> A:
        """Read where the job is, decide, write the move, and return the answer.

        Args:
            decide: a function of :mod:`taskflowmq.core.operations`, which says how a race is handled, too.
            tenant: the job's tenant.
            job_id: the job.
            actor: the caller, where that is stored.
        """
