"""Leases: which workers are considered alive, and what ended ones still hold."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from uuid import UUID

import msgspec

from taskflowmq.core.audit import Act
from taskflowmq.core.job import HeldJob
from taskflowmq.core.releases import MAX_RELEASES, Release
from taskflowmq.core.workers import Command
from taskflowmq.ports.store.workers import NewWorker, RunningJob, WorkerView
from taskflowmq.stores.common.workers import CommonWorkers, command_of
from taskflowmq.stores.postgres import rows
from taskflowmq.stores.postgres.audit import write_with_act
from taskflowmq.stores.postgres.pool import Pool
from taskflowmq.stores.postgres.queries import q

#: How many are remembered, and how long: a database that lost its last commits, unnoticed behind a pooler, must not
#: hide an orphan.
_MAX_EMPTY = 1_000
_REMEMBERED_S = 60.0


class PostgresWorkers(CommonWorkers):
    """Workers on PostgreSQL."""

    def __init__(self, pool: Pool, now: Callable[[], datetime | None]) -> None:
        self._pool = pool
        self._now = now
        #: Ended workers that hold nothing, and never will: an ended worker cannot claim.
        self._empty: set[UUID] = set()
        self._generation = pool.generation
        self._forget_at = float("-inf")

    async def register(self, worker: NewWorker) -> int | None:
        """Store a new worker whose lease begins now; return the id of its release, if it announces one."""
        release_id = None if worker.release is None else await self.announce_release(worker.release)
        await self._pool.fetch(
            q.register_worker,
            self._now(),
            worker.id,
            worker.supervisor,
            worker.host.encode("ascii", "backslashreplace").decode(),
            worker.boot_id,
            worker.pid,
            worker.version,
            worker.lease_ms,
            rows.ascii_json(worker.info),
            worker.command,
            release_id,
        )
        return release_id

    async def renew(
        self, worker_ids: Sequence[UUID], lease_ms: int, *, loads: Sequence[bytes | None] = ()
    ) -> dict[UUID, Command | None]:
        """Renew leases in one statement, and return what each worker shall do; a missing one has been ended."""
        texts = [None if load is None else load.decode() for load in loads]
        found = await self._pool.fetch(q.renew_workers, self._now(), list(worker_ids), lease_ms, texts)
        return {row["id"]: command_of(row["command"]) for row in found}

    async def _write_command(self, worker_id: UUID, wanted: Command | None, actor: str, act: Act | None) -> bool:
        return await write_with_act(
            self._pool, self._now(), q.set_command, (self._now(), worker_id, wanted, actor), act
        )

    async def end(self, worker_id: UUID) -> bool:
        """End a worker: it can claim no more, and its jobs can be rescued. False if it had ended before."""
        return await self._pool.fetchrow(q.end_worker, self._now(), worker_id) is not None

    async def end_expired(self, limit: int, *, turn_within_ms: int | None = None) -> list[UUID]:
        """End workers whose lease is over and return them (see :class:`~taskflowmq.ports.store.Workers`)."""
        found = await self._pool.fetch(q.end_expired_workers, self._now(), limit, turn_within_ms)
        return [row["id"] for row in found]

    async def orphaned(self, limit: int) -> list[UUID]:
        """Return ended workers that still hold running jobs."""
        now = time.monotonic()
        if self._generation != self._pool.generation or now >= self._forget_at:
            self._generation, self._empty, self._forget_at = self._pool.generation, set(), now + _REMEMBERED_S
        known = self._empty
        found = await self._pool.fetch(q.list_orphans, list(known))
        known.update(islice((row["id"] for row in found if not row["holds"]), _MAX_EMPTY - len(known)))
        return [row["id"] for row in found if row["holds"]][:limit]

    async def held_jobs(self, worker_id: UUID, limit: int) -> list[HeldJob]:
        """Return running jobs of a worker, in id order, to be settled by a rescuer."""
        return [rows.held_job(row) for row in await self._pool.fetch(q.list_held_jobs, worker_id, limit)]

    async def report(self, worker_id: UUID, notes: Mapping[str, str | None]) -> None:
        """Merge notes of a worker into its info; None removes a note."""
        await self._pool.fetch(q.update_notes, worker_id, msgspec.json.encode(notes))

    async def suspects_ready(self, tenants: Sequence[str], queues: Sequence[str]) -> bool:
        """Tell whether isolated jobs are ready in queues that are not paused."""
        return bool(await self._pool.fetchval(q.find_suspects, tenants, queues))

    async def get(self, worker_id: UUID) -> WorkerView | None:
        """Return one worker, or None."""
        row = await self._pool.fetchrow(q.get_worker, self._now(), worker_id)
        return None if row is None else rows.worker_view(row)

    async def first_jobs(self, tenant: str, most: int) -> dict[UUID, list[RunningJob]]:
        """Return the jobs of a tenant that each worker runs, the oldest ones of each, by worker."""
        found: dict[UUID, list[RunningJob]] = {}
        for row in await self._pool.fetch(q.list_first_jobs, self._now(), tenant, most):
            job = RunningJob(id=row["job_id"], task=row["task"], started_at=row["started_at"])
            found.setdefault(row["worker_id"], []).append(job)
        return found

    async def list_workers(self) -> list[WorkerView]:
        """Return living workers and those that ended in the last hour."""
        return [rows.worker_view(row) for row in await self._pool.fetch(q.list_workers, self._now())]

    async def announce_release(self, name: str, *, age_ms: int = 0) -> int:
        """Keep a release from its first announcement on, and return its id."""
        release_id: int = await self._pool.fetchval(q.keep_release, self._now(), name, age_ms)
        return release_id

    async def list_releases(
        self, since: datetime | None = None, until: datetime | None = None, *, most: int = MAX_RELEASES
    ) -> list[Release]:
        """Return releases that were first announced within a time (see :class:`~taskflowmq.ports.store.Workers`)."""
        found = await self._pool.fetch(q.list_releases, since, until, most)
        return [Release(**dict(row)) for row in reversed(found)]
