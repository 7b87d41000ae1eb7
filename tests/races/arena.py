"""Two stores on one database, held at the same point until both are seen to wait there; then let go in a known order.

A race that is hoped for tests nothing on a quiet machine. Here nobody moves before the database itself (PostgreSQL) or
the store's own writer (SQLite) says that both have come as far as they can.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import asyncpg

from taskflowmq.stores.sqlite import SqliteStore
from taskflowmq.testing.conformance.support import Rig
from taskflowmq.testing.waiting import wait_until

WAIT_S = 20.0
_JOB = "tenant_id, lane_id, task_id, args, args_version, max_attempts, created_at, run_at"
_COUNTERS = "round, attempt, crashes, losses, lease_no"
Act = Callable[[Rig], Coroutine[Any, Any, Any]]


class LockPoint(NamedTuple):
    """Where two statements meet on PostgreSQL: what a plain connection does there, to hold them up. SQLite has one
    lock for everything, so there it does not matter."""

    sql: str
    args: tuple[Any, ...]


def row(table: str, key: UUID) -> LockPoint:
    """A row of a table, locked as for a change."""
    column = "id" if table in ("worker", "job") else "job_id"
    return LockPoint(f"SELECT FROM taskflow.{table} WHERE {column} = $1 FOR UPDATE", (key,))


def unique_key(key: str) -> LockPoint:
    """A unique key of the tenant "default", taken by a transaction that has not ended."""
    return LockPoint(
        "INSERT INTO taskflow.unique_lock (tenant_id, key, job_id, free_at)"
        " SELECT id, $1, gen_random_uuid(), 'finish' FROM taskflow.tenant WHERE name = 'default'",
        (key,),
    )


def job_id(wanted: UUID, after: UUID) -> LockPoint:
    """The id of a job that is to be stored, taken by a transaction that has not ended; ``after`` is a stored job."""
    return LockPoint(
        f"INSERT INTO taskflow.job (id, {_JOB}) SELECT $1, {_JOB} FROM taskflow.job WHERE id = $2",
        (wanted, after),
    )


def entry(table: str, of: UUID, source: str) -> LockPoint:
    """A job's entry in a table, made by a transaction that has not ended: whoever moves the job there from
    ``source`` has left ``source`` and waits."""
    columns, values = {
        "running": ("worker_id, lane_id, started_at, flags", "job_id, 1, now(), 0"),
        "ready": ("lane_id, seq, task_id, ready_at, flags", "1, -1, 1, now(), 0"),
        "outcome": ("state, finished_at", "'cancelled', now()"),
    }[table]
    return LockPoint(
        f"INSERT INTO taskflow.{table} (job_id, {_COUNTERS}, {columns})"
        f" SELECT job_id, {_COUNTERS}, {values} FROM taskflow.{source} WHERE job_id = $1",
        (of,),
    )


class Arena(Protocol):
    """Where two acts meet: the first on one store, the second on the other."""

    async def duel(self, at: Sequence[LockPoint], first: Act, second: Act) -> tuple[Any, Any]:
        """Hold both at the points, then let them go, the first one first; return what each answered."""
        ...


class PostgresArena:
    """Duels on PostgreSQL.

    Args:
        url: the database, without a pooler in between: what is held, is held by these sessions.
        stores: where the acts run.
    """

    def __init__(self, url: str, stores: tuple[Rig, Rig]) -> None:
        self._url = url
        self._stores = stores

    async def duel(
        self, at: Sequence[LockPoint], first: Act, second: Act, *, second_waits: bool = True
    ) -> tuple[Any, Any]:
        """Lock the points, see both wait (or the second step around the lock), then unlock."""
        async with self.held(at), asyncio.TaskGroup() as group:
            going = group.create_task(first(self._stores[0]))
            await self.blocked(1, going)
            following = group.create_task(second(self._stores[1]))
            if second_waits:
                await self.blocked(2, going, following)
            else:
                await asyncio.wait_for(asyncio.shield(following), WAIT_S)
                assert not going.done(), "the first one has stopped waiting"
            await self.let_go()
        return going.result(), following.result()

    @asynccontextmanager
    async def held(self, at: Sequence[LockPoint]) -> AsyncIterator[Any]:
        """Hold points in one open transaction until :meth:`let_go`, or the end of the block."""
        self._watcher = await asyncpg.connect(self._url)
        self._holder = await asyncpg.connect(self._url)
        self._transaction = self._holder.transaction()
        await self._transaction.start()
        try:
            for point in at:
                done = await self._holder.execute(point.sql, *point.args)
                assert not done.endswith(" 0"), f"nothing to hold: {point.sql}"
            yield self._holder
        finally:
            await self._holder.close()
            await self._watcher.close()

    async def let_go(self, *, commit: bool = False) -> None:
        """End the transaction that holds the points."""
        await (self._transaction.commit() if commit else self._transaction.rollback())

    async def all_ended(self) -> None:
        """Wait until every transaction that wrote before this call has ended, in all databases of the server."""
        now = int(await self._watcher.fetchval("SELECT pg_current_xact_id()::text"))

        async def passed() -> bool:
            oldest = await self._watcher.fetchval("SELECT pg_snapshot_xmin(pg_current_snapshot())::text")
            return int(oldest) > now

        await wait_until(passed, WAIT_S, what="the transactions under way to end")

    async def blocked(self, count: int, *tasks: asyncio.Task[Any]) -> None:
        """Wait until so many sessions of this database are seen to wait for a lock; whose tasks must not have ended."""

        async def waiting() -> bool:
            for task in tasks:
                if task.done():
                    raise AssertionError(f"it did not wait: {task.exception() or task.result()!r}")
            # The state of a session says what it waits for; the lock manager, for whom.
            found = await self._watcher.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND wait_event_type = 'Lock' AND cardinality(pg_blocking_pids(pid)) > 0"
            )
            return bool(found >= count)

        await wait_until(waiting, WAIT_S, what=f"{count} sessions to wait for a lock")


async def deadlocks(url: str) -> int:
    """Return how many deadlocks PostgreSQL has counted in a database, after its other sessions have ended."""
    name = url.rpartition("/")[2]
    conn = await asyncpg.connect(url)
    try:
        # A session's counts become visible when it ends.
        await conn.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        return int(await conn.fetchval("SELECT deadlocks FROM pg_stat_database WHERE datname = $1", name))
    finally:
        await conn.close()


class _Gate:
    """Stops a store's writer at its first look at a lock that others hold, until it is opened."""

    def __init__(self, store: SqliteStore) -> None:
        self._fairness = store._writer._fairness
        self._look = self._fairness.wait
        self._arrived = threading.Event()
        self._open = threading.Event()
        self._fairness.wait = self._wait  # type: ignore[method-assign]

    def _wait(self, looks: int) -> None:
        self._arrived.set()
        self._open.wait(WAIT_S)
        self._look(looks)

    async def arrived(self) -> None:
        assert await asyncio.to_thread(self._arrived.wait, WAIT_S), "the store did not come to the lock"

    def open(self) -> None:
        self._open.set()
        self._fairness.wait = self._look  # type: ignore[method-assign]


class SqliteArena:
    """Duels on SQLite: both wait for the file's write lock.

    Args:
        path: the file.
        stores: where the acts run.
    """

    def __init__(self, path: str, stores: tuple[Rig, Rig]) -> None:
        self._path = path
        self._stores = stores

    async def duel(self, at: Sequence[LockPoint], first: Act, second: Act) -> tuple[Any, Any]:
        """Take the write lock, see both writers find it taken, then let one after the other have it."""
        gates = [_Gate(rig.store) for rig in self._stores if isinstance(rig.store, SqliteStore)]
        holder = sqlite3.connect(self._path, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        try:
            async with asyncio.TaskGroup() as group:
                going = group.create_task(first(self._stores[0]))
                await gates[0].arrived()
                following = group.create_task(second(self._stores[1]))
                await gates[1].arrived()
                holder.execute("ROLLBACK")
                gates[0].open()
                await going
                gates[1].open()
        finally:
            for gate in gates:
                gate.open()
            holder.close()
        return going.result(), following.result()
