"""Workers in the store: how they register, their leases, and what readers see of them.

The rules of :mod:`taskflowmq.ports.store` hold here too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec

from taskflowmq.core.audit import Caller
from taskflowmq.core.job import HeldJob
from taskflowmq.core.releases import MAX_RELEASES, Release
from taskflowmq.core.workers import Command, CommandAnswer, WorkerState


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
    #: What it obeys already: of the worker that it replaces.
    command: Command | None = None
    #: Of its program (:mod:`taskflowmq.core.releases`).
    release: str | None = None


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
    #: JSON of a :class:`~taskflowmq.core.workers.Load`, and when it was stored.
    load: bytes | None = None
    load_at: datetime | None = None
    #: What it shall do instead of running jobs, since when, and who said so.
    command: Command | None = None
    command_at: datetime | None = None
    command_by: str | None = None
    #: Of its program.
    release: str | None = None

    @property
    def state(self) -> WorkerState:
        """Whether it runs jobs."""
        if self.ended_at is not None:  # its lease was over before a rescuer ended it
            return WorkerState.LOST if self.ended_at >= self.lease_until else WorkerState.ENDED
        if self.lease_over:
            return WorkerState.LOST
        return WorkerState.LIVING if self.command is None else WorkerState.DRAINING


class RunningJob(msgspec.Struct, frozen=True, kw_only=True):
    """A job that a worker runs."""

    id: UUID
    task: str
    started_at: datetime


class Workers(Protocol):
    """Leases: who is considered alive. Workers belong to the installation."""

    async def register(self, worker: NewWorker) -> int | None:
        """Store a new worker whose lease begins now; a repeat renews the lease, and revives none that was ended.

        Returns:
            the id of the release that it announces, which is kept from its first announcement on; None: it announces
            none.
        """
        ...

    async def renew(
        self, worker_ids: Sequence[UUID], lease_ms: int, *, loads: Sequence[bytes | None] = ()
    ) -> dict[UUID, Command | None]:
        """Renew leases in one statement, and return what each worker shall do; a missing one has been ended.

        Args:
            worker_ids: the workers.
            lease_ms: of their leases.
            loads: of each worker, JSON of a :class:`~taskflowmq.core.workers.Load`; None keeps what is stored.
        """
        ...

    async def command(
        self, worker_id: UUID, wanted: Command | None, *, actor: str, by: Caller | None = None
    ) -> CommandAnswer:
        """Store what a worker shall do from now on, None to run jobs; it obeys with its next renewal.

        ``core.workers`` decides. A repeat keeps who gave the command first, and when. With ``by``, the act is added to
        the audit, in the same transaction.
        """
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

    async def get(self, worker_id: UUID) -> WorkerView | None:
        """Return one worker, or None."""
        ...

    async def first_jobs(self, tenant: str, most: int) -> dict[UUID, list[RunningJob]]:
        """Return the jobs of a tenant that each worker runs, the oldest ``most`` of each, by worker."""
        ...

    async def list_workers(self) -> list[WorkerView]:
        """Return living workers and those that ended in the last hour."""
        ...

    async def announce_release(self, name: str, *, age_ms: int = 0) -> int:
        """Keep a release from its first announcement on, and return its id. A repeat moves its last time only.

        Args:
            name: of the release (:mod:`taskflowmq.core.releases`).
            age_ms: how long ago it was announced, by the store's clock.
        """
        ...

    async def list_releases(
        self, since: datetime | None = None, until: datetime | None = None, *, most: int = MAX_RELEASES
    ) -> list[Release]:
        """Return the releases that were first announced from ``since`` to before ``until``, in that order.

        Args:
            since, until: the ends of the time; None: all before, or after.
            most: of more than these, the newest.
        """
        ...
