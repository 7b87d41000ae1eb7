"""What a simulation runs over: the model, SQLite or PostgreSQL, each reached by one call at a time.

Each simulated process has a store object of its own, as real ones have: its caches, positions and connections die with
it. Calls run to their end on a second event loop while everything simulated stands still; that makes each of them
atomic. The stores' own measuring clock is replaced by the simulation's, so that what they remember ages in virtual
time; nothing else of theirs is touched.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Protocol
from unittest import mock
from uuid import UUID

import psycopg
from tests.simulation.model import ModelStore
from tests.simulation.rows import Data
from tests.simulation.snapshot import Snapshot, of_model, of_rows, sqlite_reader, statement

import taskflowmq.stores.common.counting
import taskflowmq.stores.postgres.claims
import taskflowmq.stores.postgres.names
import taskflowmq.stores.postgres.partitions
import taskflowmq.stores.postgres.workers
import taskflowmq.stores.sqlite.claims
import taskflowmq.worker.supervision.child
import taskflowmq.worker.supervision.supervisor
import taskflowmq.worker.watches.load
import taskflowmq.worker.worker
from taskflowmq.ports.clock import Clock
from taskflowmq.stores.postgres import PostgresOptions, PostgresStore
from taskflowmq.stores.sqlite import SqliteOptions, SqliteStore
from taskflowmq.worker.watches.load import Usage

#: Modules that measure with ``time.monotonic`` what they remember.
_MEASURE: tuple[ModuleType, ...] = (
    taskflowmq.stores.common.counting,
    taskflowmq.stores.postgres.claims,
    taskflowmq.stores.postgres.names,
    taskflowmq.stores.postgres.partitions,
    taskflowmq.stores.postgres.workers,
    taskflowmq.stores.sqlite.claims,
)
#: Modules that make identities with ``uuid4``.
_IDENTIFY: tuple[ModuleType, ...] = (
    taskflowmq.worker.supervision.child,
    taskflowmq.worker.supervision.supervisor,
    taskflowmq.worker.worker,
)


@contextmanager
def seams(monotonic: Callable[[], float], new_uuid: Callable[[], UUID]) -> Iterator[None]:
    """Let the engine measure by virtual time and make repeatable identities, meanwhile."""
    measure = SimpleNamespace(monotonic=monotonic)
    patches: list[Any] = [mock.patch.object(module, "time", measure) for module in _MEASURE]
    patches += [mock.patch.object(module, "uuid4", new_uuid) for module in _IDENTIFY]
    # What this process uses is not repeatable.
    patches.append(mock.patch.object(taskflowmq.worker.watches.load, "usage_of", return_value=Usage(1.5, 2**20)))
    for patch in patches:
        patch.start()
    try:
        yield
    finally:
        for patch in patches:
            patch.stop()


class Backend(Protocol):
    """One database."""

    #: "model", "sqlite" or "postgres"
    name: str

    def call(self, process: str, part: str, method: str, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        """Do one store call for a process and return its answer, or raise its error."""
        ...

    def drop(self, process: str) -> None:
        """Forget the store object of a process that died."""
        ...

    def snapshot(self) -> Snapshot:
        """Read the rows."""
        ...

    def close(self) -> None:
        """Close everything."""
        ...


class ModelBackend:
    """The model alone."""

    name = "model"

    def __init__(self, clock: Clock) -> None:
        self.data = Data()
        self.store = ModelStore(self.data, clock)

    def call(self, process: str, part: str, method: str, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        coro = getattr(getattr(self.store, part), method)(*args, **kwargs)
        try:
            coro.send(None)
        except StopIteration as ended:
            return ended.value
        coro.close()
        raise AssertionError("the model never waits")

    def drop(self, process: str) -> None:
        """Nothing is remembered per process."""

    def snapshot(self) -> Snapshot:
        return of_model(self.data)

    def close(self) -> None:
        """Nothing is open."""


class RealBackend:
    """A real store, one object per process, all on one database."""

    def __init__(self, name: str, make: Callable[[], Any], read: Callable[[], Snapshot], end: Callable[[], object]):
        self.name = name
        self._make, self._read, self._end = make, read, end
        self._loop = asyncio.new_event_loop()
        self._stores: dict[str, Any] = {}
        self.call("reader", "schema", "version", (), {})

    def call(self, process: str, part: str, method: str, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        return self._loop.run_until_complete(self._call(process, part, method, args, kwargs))

    async def _call(self, process: str, part: str, method: str, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        store = self._stores.get(process)
        if store is None:
            store = self._stores[process] = self._make()
            await store.open()
        return await getattr(getattr(store, part), method)(*args, **kwargs)

    def drop(self, process: str) -> None:
        store = self._stores.pop(process, None)
        if store is not None:
            self._loop.run_until_complete(store.close())

    def snapshot(self) -> Snapshot:
        return self._read()

    def close(self) -> None:
        for process in list(self._stores):
            self.drop(process)
        self._end()
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()


def _close_all(opened: list[tuple[sqlite3.Connection, Callable[[], Snapshot]]]) -> None:
    for conn, _ in opened:
        conn.close()


def sqlite_backend(path: Path, clock: Clock) -> RealBackend:
    """Open SQLite in a file. No power is lost here, so commits need not reach the disk."""
    options = SqliteOptions(synchronous="NORMAL", wake=False)
    reader: list[tuple[sqlite3.Connection, Callable[[], Snapshot]]] = []

    def read() -> Snapshot:
        if not reader:
            reader.append(sqlite_reader(str(path)))
        return reader[0][1]()

    return RealBackend(
        "sqlite",
        lambda: SqliteStore(path, options, clock=clock),
        read,
        lambda: _close_all(reader),
    )


def postgres_backend(url: str, clock: Clock) -> RealBackend:
    """Open PostgreSQL in a migrated database."""
    options = PostgresOptions(migrate="off", pool_size=2, notify=False)
    conn, text = psycopg.connect(url, autocommit=True), statement("postgres")
    return RealBackend(
        "postgres",
        lambda: PostgresStore(url, options, clock=clock),
        lambda: of_rows(conn.execute(text.encode()).fetchall()),
        conn.close,
    )
