"""Leases: who is considered alive, by the store's clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

import msgspec

from taskflowmq.core.job import Counters, HeldJob
from taskflowmq.ports.store.workers import NewWorker, WorkerView
from taskflowmq.stores.sqlite.holder_watch import HolderWatch
from taskflowmq.stores.sqlite.queries import q
from taskflowmq.stores.sqlite.reader import Reader
from taskflowmq.stores.sqlite.rows import from_us, join_ids, maybe_time, to_json, zeros
from taskflowmq.stores.sqlite.writer import Writer

_HOUR_US = 3_600_000_000


class SqliteWorkers:
    """Implements :class:`~taskflowmq.ports.store.Workers`."""

    def __init__(self, writer: Writer, reader: Reader, watch: HolderWatch, now: Callable[[], int]) -> None:
        self._writer = writer
        self._reader = reader
        self._watch = watch
        self._now = now

    async def register(self, worker: NewWorker) -> None:
        """Store a new worker whose lease begins now."""
        params = {
            "id": worker.id.bytes,
            "supervisor": worker.supervisor.bytes,
            "host": worker.host,
            "boot_id": worker.boot_id,
            "pid": worker.pid,
            "version": worker.version,
            "lease_ms": worker.lease_ms,
            "info": worker.info.decode(),
        }
        await self._writer.run(lambda conn: conn.execute(q.register_worker, {**params, "now": self._now()}))

    async def renew(self, worker_ids: Sequence[UUID], lease_ms: int) -> set[UUID]:
        """Renew leases in one statement and return those that are still theirs."""
        if not worker_ids:
            return set()
        params = {"ids": join_ids(worker_ids), "rows": zeros(len(worker_ids)), "lease_ms": lease_ms}
        rows = await self._writer.run(
            lambda conn: conn.execute(q.renew_workers, {**params, "now": self._now()}).fetchall()
        )
        return {UUID(bytes=worker_id) for (worker_id,) in rows}

    async def end(self, worker_id: UUID) -> bool:
        """End a worker: it can claim no more, and its jobs can be rescued."""
        rows = await self._writer.run(
            lambda conn: conn.execute(q.end_worker, {"id": worker_id.bytes, "now": self._now()}).fetchall()
        )
        return bool(rows)

    async def end_expired(self, limit: int, *, turn_within_ms: int | None = None) -> list[UUID]:
        """End workers whose lease is over and return them (see :class:`~taskflowmq.ports.store.Workers`)."""
        params = {"limit": limit, "within_ms": turn_within_ms}
        ending = self._writer.run(
            lambda conn: conn.execute(q.end_expired_workers, {**params, "now": self._now()}).fetchall()
        )
        rows = await self._watch.guard(ending)
        return sorted(UUID(bytes=worker_id) for (worker_id,) in rows)

    async def orphaned(self, limit: int) -> list[UUID]:
        """Return ended workers that still hold running jobs."""
        rows = await self._reader.run(lambda conn: conn.execute(q.list_orphans, {"limit": limit}).fetchall())
        return [UUID(bytes=worker_id) for (worker_id,) in rows]

    async def held_jobs(self, worker_id: UUID, limit: int) -> list[HeldJob]:
        """Return running jobs of a worker, in id order, to be settled by a rescuer."""
        params = {"worker_id": worker_id.bytes, "limit": limit}
        rows = await self._reader.run(lambda conn: conn.execute(q.list_held_jobs, params).fetchall())
        return [HeldJob(UUID(bytes=job_id), attempts, Counters(*counts)) for job_id, attempts, *counts in rows]

    async def report(self, worker_id: UUID, notes: Mapping[str, str | None]) -> None:
        """Merge notes of a worker into its info; None removes a note."""
        params = {"id": worker_id.bytes, "notes": msgspec.json.encode(notes).decode()}
        await self._writer.run(lambda conn: conn.execute(q.update_notes, params))

    async def suspects_ready(self, tenants: Sequence[str], queues: Sequence[str]) -> bool:
        """Tell whether isolated jobs are ready in queues that are not paused."""
        params = {"tenants": to_json(tenants), "queues": to_json(queues)}
        rows = await self._reader.run(lambda conn: conn.execute(q.find_suspects, params).fetchall())
        return bool(rows[0][0])

    async def list_workers(self) -> list[WorkerView]:
        """Return living workers and those that ended in the last hour."""
        now = self._now()
        params = {"since": now - _HOUR_US}
        rows = await self._reader.run(lambda conn: conn.execute(q.list_workers, params).fetchall())
        return [
            WorkerView(
                id=UUID(bytes=worker_id),
                supervisor=UUID(bytes=supervisor),
                host=host,
                pid=pid,
                version=version,
                started_at=from_us(started_at),
                lease_until=from_us(lease_until),
                ended_at=maybe_time(ended_at),
                info=info.encode(),
                running=running,
                lease_over=lease_until <= now,
            )
            for worker_id, supervisor, host, pid, version, started_at, lease_until, ended_at, info, running in rows
        ]
