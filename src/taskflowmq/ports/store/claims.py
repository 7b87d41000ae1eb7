"""How workers claim jobs and settle them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

import msgspec

from taskflowmq.core.inspection import WorkerRequests
from taskflowmq.core.job import ClaimedJob, QueueRef
from taskflowmq.core.pauses import Pause
from taskflowmq.core.transitions import Transition


class Settled(StrEnum):
    """The result of writing a transition."""

    #: The fence fitted and the change is stored.
    APPLIED = "applied"
    #: The store holds the effect of this very transition already: an answer was lost (``core/fates.py``).
    REPLAYED = "replayed"
    #: The fence was settled otherwise, or belongs to another worker by now; the change was dropped.
    STALE = "stale"


class ClaimRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker can take now."""

    worker_id: UUID
    #: Names of the tenants that the worker serves, a set without preference; empty means every tenant.
    tenants: tuple[str, ...]
    #: Queue names that the worker serves, a set without preference; empty means every queue of these tenants.
    queues: tuple[str, ...]
    #: Task names that the worker knows; jobs of others are skipped and stay ready.
    tasks: tuple[str, ...]
    #: Most jobs to take, 1…MAX_BATCH.
    limit: int
    #: False: only jobs that never crashed a process. True: only those that did (they run alone).
    isolated: bool = False


class Claims(Protocol):
    """How workers claim jobs and settle them."""

    async def claim(self, request: ClaimRequest) -> list[ClaimedJob]:
        """Take ready jobs for a worker: lowest priority first, equal ones by turns, first in first out.

        Tenants take turns, and the queues of each, and the shares of a queue (``core.lanes``).
        Each claim charges the job (attempt + 1, lease_no + 1). A worker that has ended gets nothing. Jobs of
        paused queues, unknown tasks and expired jobs are skipped. Unique keys with free_at="start" are freed here.
        """
        ...

    async def settle(self, transitions: Sequence[Transition]) -> list[Settled]:
        """Write decided transitions under their fences, in one transaction, and say what became of each, in order.

        A transition becomes what ``core.transitions.obey_cancel`` says if a cancel request waits. A final one frees the
        job's unique key. Of several under one fence one is written. Wakes the queues of jobs that become ready. One bad
        row never fails the batch: a row that the database refuses is stored again without its result or error
        (``result_error`` says so).
        """
        ...

    async def settle_on(self, conn: Any, transition: Transition) -> None:
        """Write one transition in the caller's transaction on an async connection or session.

        Raises:
            LeaseLost: the fence is gone; the caller must roll back.
        """
        ...

    def settle_on_sync(self, conn: Any, transition: Transition) -> None:
        """The same on a blocking connection or session."""
        ...

    def transaction(self) -> AbstractAsyncContextManager[Any]:
        """Open a transaction on a native connection of the store, for ``ctx.transaction()``.

        Raises:
            StoreUnavailable: the database is unreachable; the message says whether anything may be stored.
            WrongContext: the block left nothing that could be committed.
        """
        ...

    async def save_progress(self, updates: Sequence[tuple[UUID, int, bytes]]) -> None:
        """Store (job id, lease_no, JSON) progress of running jobs whose fence still fits; others are dropped."""
        ...

    async def requests(self, worker_id: UUID) -> WorkerRequests:
        """Return what is wanted of the running jobs of a worker: to cancel or to inspect them. One statement."""
        ...

    async def paused_queues(self) -> dict[QueueRef, Pause]:
        """Return the queues that are paused now, of every tenant, with their pauses."""
        ...

    async def forget(self, worker_id: UUID) -> None:
        """Drop what the adapter remembers of a worker's scan positions (resume, new task list, reconnect)."""
        ...
