"""The database under the soak: what it is filled with before, what it counts, and the session that holds a snapshot."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import msgspec

from taskflowmq.core.ids import uuid7

HOURS_OF_HISTORY = 20
DAY_US = 86_400_000_000


class DatabaseSample(msgspec.Struct, frozen=True):
    """What the database says of itself; zeros where the engine has no such notion."""

    connections: int = 0
    dead_tuples: int = 0
    deadlocks: int = 0
    xids: int = 0
    xid_age: int = 0
    size_mb: float = 0.0
    log_mb: float = 0.0


class Database(Protocol):
    """One engine, seen from outside."""

    #: Whether transactions have ids that can run out.
    has_xids: bool

    async def seed(self, finished: int, scheduled: int) -> None:
        """Add jobs that ended long ago and jobs that are due tomorrow, alike to the one seed job that is stored."""
        ...

    async def sample(self) -> DatabaseSample:
        """Look."""
        ...

    def snapshot(self) -> contextlib.AbstractAsyncContextManager[None]:
        """Hold a snapshot open, as a long report or a forgotten session does."""
        ...

    async def books(self, task: str) -> tuple[int, int]:
        """Return how many jobs of a task are completed, and how many are anything else."""
        ...

    async def wake_ups(self) -> int:
        """Return how many wake-ups were heard so far."""
        ...

    async def close(self) -> None:
        """Disconnect."""
        ...


class PostgresDatabase:
    """PostgreSQL through a connection of its own, beside the store."""

    has_xids = True

    def __init__(self, url: str) -> None:
        self._url = url
        self._conn: Any = None
        self._heard = 0

    async def open(self) -> PostgresDatabase:
        """Connect and listen."""
        self._conn = await asyncpg.connect(self._url, server_settings={"application_name": "soak"})
        await self._conn.add_listener("taskflow_ready", self._count)
        return self

    def _count(self, *_: object) -> None:
        self._heard += 1

    async def seed(self, finished: int, scheduled: int) -> None:
        """Let the server make the rows, in the order of their ids, as they come in life."""
        done = 0
        for count in _portions(finished):
            await self._conn.execute(
                f"""WITH model AS (SELECT tenant_id, lane_id, task_id, max_attempts FROM taskflow.job LIMIT 1),
                   x AS (SELECT overlay(gen_random_uuid()::text PLACING left(taskflow.lowest_id(
                           now() - (1 - ({done} + n) / {finished}.0) * interval '{HOURS_OF_HISTORY} hours')::text, 13)
                           FROM 1 FOR 13)::uuid AS id
                         FROM generate_series(1, {count}) n),
                   j AS (INSERT INTO taskflow.job (id, tenant_id, lane_id, task_id, max_attempts,
                                                   created_at, run_at, args)
                         SELECT x.id, m.*, now(), now(), '{{}}' FROM x, model m RETURNING id)
                   INSERT INTO taskflow.outcome (job_id, state, finished_at, round, attempt, crashes, losses, lease_no)
                   SELECT id, 'completed', now(), 1, 1, 0, 0, 1 FROM j""",
                timeout=600,
            )
            done += count
        for count in _portions(scheduled):
            await self._conn.execute(
                f"""WITH model AS (SELECT tenant_id, lane_id, task_id, max_attempts FROM taskflow.job LIMIT 1),
                   x AS (SELECT overlay(gen_random_uuid()::text PLACING left(taskflow.lowest_id(now())::text, 13)
                                FROM 1 FOR 13)::uuid AS id, now() + interval '1 day' + n * interval '1 ms' AS due
                         FROM generate_series(1, {count}) n),
                   j AS (INSERT INTO taskflow.job (id, tenant_id, lane_id, task_id, max_attempts,
                                                    created_at, run_at, args)
                         SELECT x.id, m.*, now(), x.due, '{{}}' FROM x, model m RETURNING id, run_at)
                   INSERT INTO taskflow.waiting (job_id, why, due_at, round, attempt, crashes, losses, lease_no, flags)
                   SELECT id, 'scheduled', run_at, 1, 0, 0, 0, 0, 0 FROM j""",
                timeout=600,
            )
        await self._conn.execute("ANALYZE", timeout=600)

    async def sample(self) -> DatabaseSample:
        """One look at the statistics views; it takes no transaction id."""
        row = await self._conn.fetchrow(
            """SELECT (SELECT count(*) FROM pg_stat_activity
                       WHERE datname = current_database() AND application_name <> 'soak') AS connections,
                      (SELECT sum(n_dead_tup) FROM pg_stat_user_tables
                       WHERE schemaname = 'taskflow' AND relname IN ('ready', 'running', 'waiting')) AS dead_tuples,
                      (SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()) AS deadlocks,
                      pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS xids,
                      (SELECT age(datfrozenxid) FROM pg_database WHERE datname = current_database()) AS xid_age,
                      pg_database_size(current_database()) / 1048576.0 AS size_mb""",
            timeout=60,
        )
        return DatabaseSample(
            connections=int(row["connections"]),
            dead_tuples=int(row["dead_tuples"] or 0),
            deadlocks=int(row["deadlocks"]),
            xids=int(row["xids"]),
            xid_age=int(row["xid_age"]),
            size_mb=float(row["size_mb"]),
        )

    @contextlib.asynccontextmanager
    async def snapshot(self) -> AsyncIterator[None]:
        """Hold a REPEATABLE READ transaction in another session."""
        conn = await asyncpg.connect(self._url, server_settings={"application_name": "soak"})
        try:
            await conn.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            await conn.fetchval("SELECT count(*) FROM taskflow.queue")
            yield
        finally:
            await conn.close()

    async def books(self, task: str) -> tuple[int, int]:
        """Count the jobs of a task and those of them that are completed."""
        row = await self._conn.fetchrow(
            """SELECT count(*) AS stored, count(*) FILTER (WHERE o.state = 'completed') AS completed
               FROM taskflow.job j LEFT JOIN taskflow.outcome o ON o.job_id = j.id
               WHERE j.task_id = (SELECT id FROM taskflow.task WHERE name = $1)""",
            task,
            timeout=600,
        )
        return int(row["completed"]), int(row["stored"] - row["completed"])

    async def wake_ups(self) -> int:
        """Return the count after everything that was sent has arrived."""
        await self._conn.fetchval("SELECT 1")
        return self._heard

    async def close(self) -> None:
        """Disconnect."""
        await self._conn.close()


class SqliteDatabase:
    """The file, through connections of its own; blocking work runs in a thread."""

    has_xids = False

    def __init__(self, path: Path) -> None:
        self._path = path

    async def open(self) -> SqliteDatabase:
        """Nothing to do: each use connects."""
        return self

    async def seed(self, finished: int, scheduled: int) -> None:
        """Insert rows whose ids are made here, in the order of their tree."""
        await asyncio.to_thread(self._seed, finished, scheduled)

    def _seed(self, finished: int, scheduled: int) -> None:
        now = time.time_ns() // 1000
        with contextlib.closing(sqlite3.connect(self._path, timeout=60)) as conn:
            conn.execute("PRAGMA synchronous = OFF")
            model = conn.execute(
                "SELECT tenant_id, lane_id, task_id, max_attempts FROM taskflow_job LIMIT 1"
            ).fetchone()
            job = """INSERT INTO taskflow_job (id, tenant_id, lane_id, task_id, max_attempts, created_at, run_at, args)
                     VALUES (?, ?, ?, ?, ?, ?, ?, '{}')"""
            ended = """INSERT INTO taskflow_outcome
                       (job_id, state, finished_at, round, attempt, crashes, losses, lease_no)
                       VALUES (?, 'completed', ?, 1, 1, 0, 0, 1)"""
            later = """INSERT INTO taskflow_waiting
                       (job_id, why, due_at, round, attempt, crashes, losses, lease_no, flags)
                       VALUES (?, 'scheduled', ?, 1, 0, 0, 0, 0, 0)"""
            first = now - HOURS_OF_HISTORY * 3_600_000_000
            for ids in _ids(finished, first, now - 60_000_000):
                with conn:
                    conn.executemany(job, ((one.bytes, *model, now, now) for one in ids))
                    conn.executemany(ended, ((one.bytes, now) for one in ids))
            for ids in _ids(scheduled, now - 60_000_000, now - 1_000_000):
                with conn:
                    conn.executemany(job, ((one.bytes, *model, now, now + DAY_US) for one in ids))
                    conn.executemany(later, ((one.bytes, now + DAY_US + n) for n, one in enumerate(ids)))
            conn.execute("ANALYZE")

    async def sample(self) -> DatabaseSample:
        """Look at the size of the file and of its log."""
        log = self._path.with_name(self._path.name + "-wal")
        sizes = [path.stat().st_size / 1048576 if path.exists() else 0.0 for path in (self._path, log)]
        return DatabaseSample(size_mb=sizes[0], log_mb=sizes[1])

    @contextlib.asynccontextmanager
    async def snapshot(self) -> AsyncIterator[None]:
        """Hold a reading transaction: the log cannot be emptied meanwhile."""
        conn = await asyncio.to_thread(sqlite3.connect, self._path, timeout=60, check_same_thread=False)
        try:
            conn.execute("BEGIN")
            conn.execute("SELECT count(*) FROM taskflow_queue").fetchone()
            yield
        finally:
            conn.close()

    async def books(self, task: str) -> tuple[int, int]:
        """Count the jobs of a task and those of them that are completed."""

        def count() -> tuple[int, int]:
            with contextlib.closing(sqlite3.connect(self._path, timeout=60)) as conn:
                stored, completed = conn.execute(
                    """SELECT count(*), count(o.job_id) FILTER (WHERE o.state = 'completed')
                       FROM taskflow_job j LEFT JOIN taskflow_outcome o ON o.job_id = j.id
                       WHERE j.task_id = (SELECT id FROM taskflow_task WHERE name = ?)""",
                    (task,),
                ).fetchone()
            return completed, stored - completed

        return await asyncio.to_thread(count)

    async def wake_ups(self) -> int:
        """Wake-ups are datagrams here and cost the database nothing."""
        return 0

    async def close(self) -> None:
        """Nothing is open."""


async def open_database(url: str) -> Database:
    """Return the database of a URL, seen from outside."""
    if url.startswith("sqlite:"):
        return await SqliteDatabase(Path(urlsplit(url).path.removeprefix("/"))).open()
    return await PostgresDatabase(url).open()


def _portions(count: int, size: int = 100_000) -> Iterator[int]:
    for start in range(0, count, size):
        yield min(size, count - start)


def _ids(count: int, first_us: int, last_us: int) -> Iterator[list[UUID]]:
    """Yield ids spread evenly over a time, in order, in lists of fifty thousand."""
    step = (last_us - first_us) / max(count, 1)
    made = 0
    for size in _portions(count, 50_000):
        chance = os.urandom(8 * size)
        yield [
            uuid7(int(first_us + step * (made + n)), int.from_bytes(chance[8 * n : 8 * n + 8], "big"))
            for n in range(size)
        ]
        made += size
