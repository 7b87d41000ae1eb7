"""Workers in the store: how they register, their leases, and what readers see of them.

The rules of :mod:`taskflowmq.ports.store` hold here too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec

from taskflowmq.core.job import HeldJob


class NewWorker(msgspec.Struct, frozen=True, kw_only=True):
    """A worker that registers; it has a new id at each start."""

    id: UUID
    supervisor: UUID
    host: str
    boot_id: str
    pid: int
    version: str
    lease_ms: int
    #: JSON object: queues, tasks, concurrency.
    info: bytes


class WorkerView(msgspec.Struct, frozen=True, kw_only=True):
    """A worker as a reader sees it."""

    id: UUID
    supervisor: UUID
    host: str
    pid: int
    version: str
    started_at: datetime
    lease_until: datetime
    ended_at: datetime | None
    info: bytes
    running: int
    #: Whether the lease was over when this was read: it is considered dead, and no rescuer has ended it yet.
    lease_over: bool = False


class Workers(Protocol):
    """Leases: who is considered alive. Workers belong to the installation."""

    async def register(self, worker: NewWorker) -> None:
        """Store a new worker whose lease begins now; a repeat renews the lease, and revives none that was ended."""
        ...

    async def renew(self, worker_ids: Sequence[UUID], lease_ms: int) -> set[UUID]:
        """Renew leases in one statement and return those that are still theirs; a missing one has been ended."""
        ...

    async def end(self, worker_id: UUID) -> bool:
        """End a worker: it can claim no more, and its jobs can be rescued. False if it had ended before."""
        ...

    async def end_expired(self, limit: int, *, turn_within_ms: int | None = None) -> list[UUID]:
        """End workers whose lease is over and return them.

        With ``turn_within_ms``, none are ended unless a rescuer took its turn within that time and no grace is in
        force: a rescuer that was blocked after its turn cannot know of an outage since.
        """
        ...

    async def orphaned(self, limit: int) -> list[UUID]:
        """Return ended workers that still hold running jobs."""
        ...

    async def held_jobs(self, worker_id: UUID, limit: int) -> list[HeldJob]:
        """Return running jobs of a worker, in id order, to be settled by a rescuer."""
        ...

    async def report(self, worker_id: UUID, notes: Mapping[str, str | None]) -> None:
        """Merge notes of a worker into ``notes`` of its info, for doctor; None removes a note."""
        ...

    async def suspects_ready(self, tenants: Sequence[str], queues: Sequence[str]) -> bool:
        """Tell whether isolated jobs are ready in queues that are not paused.

        Args:
            tenants: names of tenants; none means every tenant.
            queues: names of queues; none means every queue of these tenants.
        """
        ...

    async def list_workers(self) -> list[WorkerView]:
        """Return living workers and those that ended in the last hour."""
        ...
