"""How jobs get in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from taskflowmq.core.audit import Act
from taskflowmq.core.job import Enqueued, IdempotencyKey, NewJob
from taskflowmq.ports.tasks import TaskNotice, TaskView


class Intake(Protocol):
    """How jobs get in."""

    async def enqueue(
        self, jobs: Sequence[NewJob], *, idempotency: IdempotencyKey | None = None, act: Act | None = None
    ) -> list[Enqueued]:
        """Store jobs, all or none, return one answer per job, in order, and wake the workers of those that are ready.

        An id that is stored already, in the same tenant with the same task and arguments, is a replay: nothing
        changes, also after the job ended. With ``idempotency``, a known key answers with the ids of its first
        request. Unique keys: a key held by another job answers with the holder's id (``created`` False), raises
        :class:`NotUnique`, or replaces a holder that has not started, as the job asks. Expired keys are taken over.
        With ``act``, what an operator does by it is added to the audit in the same transaction, if a job is new.

        Raises:
            Conflict: an id exists with other content or in another tenant, or is more than 24 h off.
            NotUnique, IdempotencyMismatch, IdempotencyInFlight, StoreUnavailable.
        """
        ...

    async def enqueue_on(self, conn: Any, jobs: Sequence[NewJob], *, wake: bool = True) -> list[Enqueued]:
        """Store jobs in the caller's open transaction on an async connection or session; commit is the caller's.

        Any loop may call it. Make new names first (:meth:`make_names`). Raises TypeError for an unknown driver.
        """
        ...

    def enqueue_on_sync(self, conn: Any, jobs: Sequence[NewJob], *, wake: bool = True) -> list[Enqueued]:
        """The same on a blocking connection or session."""
        ...

    def knows_names(self, jobs: Sequence[NewJob]) -> bool:
        """Tell whether :meth:`make_names` would have nothing to do; any thread may call it."""
        ...

    async def make_names(self, jobs: Sequence[NewJob]) -> None:
        """Commit the names that these jobs bring: a name made in an open transaction blocks all others who need it.

        Does nothing where such a transaction blocks all writers anyway (SQLite). Raises StoreUnavailable.
        """
        ...

    async def announce_tasks(self, tenant: str, tasks: Sequence[TaskNotice], *, keep: bool = False) -> None:
        """Store what programs announce of their tasks in a tenant, and that they were seen now.

        The latest announcement counts. With ``keep``, one of the last hour stays: a program that only enqueues, and may
        be older than the workers, passes it. What a notice leaves out (None) stays too.
        """
        ...

    async def list_tasks(self, tenant: str) -> list[TaskView]:
        """Return every task ever announced or enqueued in a tenant, by name."""
        ...
