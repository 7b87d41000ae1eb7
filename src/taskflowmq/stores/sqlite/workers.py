"""Leases: who is considered alive, by the store's clock."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from taskflowmq.core.audit import Act
from taskflowmq.core.job import Counters, HeldJob, JobKind
from taskflowmq.core.releases import MAX_RELEASES, Release
from taskflowmq.core.workers import Command
from taskflowmq.ports.store.workers import NewWorker, RunningJob, WorkerView
from taskflowmq.stores.common.workers import CommonWorkers, command_of
from taskflowmq.stores.sqlite.audit import append_act
from taskflowmq.stores.sqlite.holder_watch import HolderWatch
from taskflowmq.stores.sqlite.queries import q
from taskflowmq.stores.sqlite.reader import Reader
from taskflowmq.stores.sqlite.rows import from_us, join_ids, maybe_bytes, maybe_time, to_json, to_us
from taskflowmq.stores.sqlite.writer import Writer

_HOUR_US = 3_600_000_000
#: Before and after every stored time.
_FIRST_US, _LAST_US = -(2**63), 2**63 - 1


class SqliteWorkers(CommonWorkers):
    """Implements :class:`~taskflowmq.ports.store.Workers`."""

    def __init__(self, writer: Writer, reader: Reader, watch: HolderWatch, now: Callable[[], int]) -> None:
        self._writer = writer
        self._reader = reader
        self._watch = watch
        self._now = now

    async def register(self, worker: NewWorker) -> int | None:
        """Store a new worker whose lease begins now; return the id of its release, if it announces one."""
        params = {
            "id": worker.id.bytes,
            "supervisor": worker.supervisor.bytes,
            "host": worker.host,
            "boot_id": worker.boot_id,
            "pid": worker.pid,
            "version": worker.version,
            "lease_ms": worker.lease_ms,
            "info": worker.info.decode(),
            "command": worker.command,
        }

        def write(conn: sqlite3.Connection) -> int | None:
            now = self._now()
            release_id = None if worker.release is None else _keep_release(conn, worker.release, now)
            conn.execute(q.register_worker, {**params, "now": now, "release_id": release_id})
            return release_id

        return await self._writer.run(write)

    async def renew(
        self, worker_ids: Sequence[UUID], lease_ms: int, *, loads: Sequence[bytes | None] = ()
    ) -> dict[UUID, Command | None]:
        """Renew leases in one statement, and return what each worker shall do; a missing one has been ended."""
        if not worker_ids:
            return {}
        texts = [None if load is None else load.decode() for load in loads] or [None] * len(worker_ids)
        params = {"ids": join_ids(worker_ids), "rows": to_json(texts), "lease_ms": lease_ms}
        rows = await self._writer.run(
            lambda conn: conn.execute(q.renew_workers, {**params, "now": self._now()}).fetchall()
        )
        return {UUID(bytes=worker_id): command_of(command) for worker_id, command in rows}

    async def _write_command(self, worker_id: UUID, wanted: Command | None, actor: str, act: Act | None) -> bool:
        params = {"id": worker_id.bytes, "command": wanted, "actor": actor}

        def write(conn: sqlite3.Connection) -> bool:
            now = self._now()
            if not conn.execute(q.set_command, {**params, "now": now}).fetchall():
                return False
            if act is not None:
                append_act(conn, now, act)
            return True

        return await self._writer.run(write)

    async def get(self, worker_id: UUID) -> WorkerView | None:
        """Return one worker, or None."""
        params = {"id": worker_id.bytes}
        rows = await self._reader.run(lambda conn: conn.execute(q.get_worker, params).fetchall())
        return _view(rows[0], self._now()) if rows else None

    async def first_jobs(self, tenant: str, most: int) -> dict[UUID, list[RunningJob]]:
        """Return the jobs of a tenant that each worker runs, the oldest ones of each, by worker."""
        params = {"tenant": tenant, "most": most}
        rows = await self._reader.run(lambda conn: conn.execute(q.list_first_jobs, params).fetchall())
        found: dict[UUID, list[RunningJob]] = {}
        for worker_id, job_id, task, started_at in rows:
            job = RunningJob(id=UUID(bytes=job_id), task=task, started_at=from_us(started_at))
            found.setdefault(UUID(bytes=worker_id), []).append(job)
        return found

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
        return [
            HeldJob(UUID(bytes=job_id), attempts, Counters(*found[:5]), JobKind(*found[5:]))
            for job_id, attempts, *found in rows
        ]

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
        return [_view(row, now) for row in rows]

    async def announce_release(self, name: str, *, age_ms: int = 0) -> int:
        """Keep a release from its first announcement on, and return its id."""
        return await self._writer.run(lambda conn: _keep_release(conn, name, self._now() - 1000 * age_ms))

    async def list_releases(
        self, since: datetime | None = None, until: datetime | None = None, *, most: int = MAX_RELEASES
    ) -> list[Release]:
        """Return releases that were first announced within a time (see :class:`~taskflowmq.ports.store.Workers`)."""
        params = {
            "since": _FIRST_US if since is None else to_us(since),
            "until": _LAST_US if until is None else to_us(until),
            "most": most,
        }
        rows = await self._reader.run(lambda conn: conn.execute(q.list_releases, params).fetchall())
        return [
            Release(id=release_id, name=name, first_at=from_us(first_at), last_at=from_us(last_at))
            for release_id, name, first_at, last_at in reversed(rows)
        ]


def _keep_release(conn: sqlite3.Connection, name: str, at: int) -> int:
    ((release_id,),) = conn.execute(q.keep_release, {"name": name, "at": at}).fetchall()
    kept: int = release_id
    return kept


def _view(row: Sequence[Any], now: int) -> WorkerView:
    worker_id, supervisor, host, pid, version, started_at, lease_until, ended_at, info, running, *said = row
    load, load_at, command, command_at, command_by, release = said
    return WorkerView(
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
        load=maybe_bytes(load),
        load_at=maybe_time(load_at),
        command=command_of(command),
        command_at=maybe_time(command_at),
        command_by=command_by,
        release=release,
    )
