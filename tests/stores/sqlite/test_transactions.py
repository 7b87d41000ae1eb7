"""Jobs inside the caller's transaction, through every driver: committed with it, gone with it."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any

import aiosqlite
import pytest
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session
from tests.stores.sqlite.conftest import OpenStore, claim, new_job, new_worker

from taskflowmq.core.errors import LeaseLost, NotUnique, StoreUnavailable, WrongContext
from taskflowmq.core.job import State, UniqueKey
from taskflowmq.core.transitions import Succeeded, decide
from taskflowmq.stores.sqlite import SqliteStore

Blocking = Callable[[Path], Any]


@contextmanager
def sqlite3_default(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path)) as conn:
        yield conn


@contextmanager
def sqlite3_rows(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path)) as conn:
        conn.row_factory = sqlite3.Row
        yield conn


@contextmanager
def sqlite3_autocommit(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as conn:
        conn.execute("BEGIN")
        yield conn


@contextmanager
def alchemy_session(path: Path) -> Iterator[Session]:
    engine = create_engine(f"sqlite:///{path}")
    with Session(engine) as session:
        yield session
    engine.dispose()


@contextmanager
def alchemy_connection(path: Path) -> Iterator[Any]:
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as conn:
        yield conn
    engine.dispose()


@asynccontextmanager
async def aiosqlite_default(path: Path) -> AsyncIterator[aiosqlite.Connection]:
    async with aiosqlite.connect(path) as conn:
        yield conn


@asynccontextmanager
async def alchemy_async_session(path: Path) -> AsyncIterator[AsyncSession]:
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}")
    async with AsyncSession(engine) as session:
        yield session
    await engine.dispose()


@asynccontextmanager
async def alchemy_async_connection(path: Path) -> AsyncIterator[Any]:
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}")
    async with engine.connect() as conn:
        yield conn
    await engine.dispose()


blocking = pytest.mark.parametrize(
    "connect", [sqlite3_default, sqlite3_rows, sqlite3_autocommit, alchemy_session, alchemy_connection]
)
asynchronous = pytest.mark.parametrize("connect", [aiosqlite_default, alchemy_async_session, alchemy_async_connection])


async def pending(store: SqliteStore) -> int:
    return (await store.stats.count("default")).states["pending"]


@blocking
async def test_jobs_commit_and_vanish_with_a_blocking_transaction(store: SqliteStore, connect: Blocking) -> None:
    jobs = [new_job(), new_job(delay_ms=60_000), new_job(task="new-here", queue="new-here")]
    with connect(store.path) as conn:
        assert [answer.id for answer in store.intake.enqueue_on_sync(conn, jobs)] == [job.id for job in jobs]
        assert await pending(store) == 0, "not committed yet"
        conn.rollback()
    assert await store.jobs.get("default", jobs[0].id) is None
    with connect(store.path) as conn:
        store.intake.enqueue_on_sync(conn, jobs)
        again = store.intake.enqueue_on_sync(conn, jobs)
        assert all(answer.replayed for answer in again)
        conn.commit()
    assert await pending(store) == 2
    # Names that the rolled-back transaction had created must not have been remembered.
    await store.intake.enqueue([new_job(task="new-here", queue="new-here")])
    assert await store.upkeep.check() == []


@blocking
async def test_a_refused_job_leaves_the_rest_of_the_transaction(store: SqliteStore, connect: Blocking) -> None:
    await store.intake.enqueue([new_job(unique=UniqueKey(key="k"))])
    kept = new_job()
    with connect(store.path) as conn:
        store.intake.enqueue_on_sync(conn, [kept])
        with pytest.raises(NotUnique):
            store.intake.enqueue_on_sync(conn, [new_job(), new_job(unique=UniqueKey(key="k", on_conflict="raise"))])
        conn.commit()
    assert await pending(store) == 2
    assert await store.jobs.get("default", kept.id) is not None


@blocking
async def test_a_completion_commits_with_its_effects(store: SqliteStore, connect: Blocking) -> None:
    await store.intake.enqueue([new_job()])
    (job,) = await claim(store, await new_worker(store))
    done = decide(job, Succeeded(b'"ok"'), rand=0)
    with connect(store.path) as conn:
        store.claims.settle_on_sync(conn, done)
        conn.commit()
    view = await store.jobs.get("default", job.id)
    assert view is not None
    assert view.state is State.COMPLETED
    with connect(store.path) as conn, pytest.raises(LeaseLost):
        store.claims.settle_on_sync(conn, done)


@asynchronous
async def test_jobs_commit_and_vanish_with_an_async_transaction(store: SqliteStore, connect: Blocking) -> None:
    jobs = [new_job(), new_job(unique=UniqueKey(key="k"))]
    async with connect(store.path) as conn:
        await store.intake.enqueue_on(conn, jobs)
        assert await pending(store) == 0
        await conn.rollback()
    assert await pending(store) == 0
    async with connect(store.path) as conn:
        await store.intake.enqueue_on(conn, jobs)
        with pytest.raises(NotUnique):
            await store.intake.enqueue_on(conn, [new_job(unique=UniqueKey(key="k", on_conflict="raise"))])
        await conn.commit()
    assert await pending(store) == 2
    (job, _) = await claim(store, await new_worker(store))
    async with connect(store.path) as conn:
        await store.claims.settle_on(conn, decide(job, Succeeded(b"1"), rand=0))
        await conn.commit()
    view = await store.jobs.get("default", job.id)
    assert view is not None
    assert view.state is State.COMPLETED
    assert await store.upkeep.check() == []


async def test_a_connection_that_commits_by_itself_must_begin_first(store: SqliteStore) -> None:
    with closing(sqlite3.connect(store.path, isolation_level=None)) as conn:
        with pytest.raises(WrongContext, match="no transaction is open"):
            store.intake.enqueue_on_sync(conn, [new_job()])
        assert not conn.in_transaction
    assert await pending(store) == 0


async def test_another_database_is_told_from_ours(store: SqliteStore, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "other.db")) as conn, pytest.raises(WrongContext, match="another database"):
        store.intake.enqueue_on_sync(conn, [new_job()])


async def test_an_unknown_driver_is_named(store: SqliteStore) -> None:
    with pytest.raises(TypeError, match=r"object; use sqlite3\.Connection"):
        store.intake.enqueue_on_sync(object(), [new_job()])
    engine = create_engine("sqlite://")
    with engine.connect() as conn:
        conn.dialect.name = "other"
        with pytest.raises(TypeError, match="other"):
            store.intake.enqueue_on_sync(conn, [new_job()])
    engine.dispose()


async def test_a_locked_database_is_unavailable_not_locked(store: SqliteStore) -> None:
    with (
        closing(sqlite3.connect(store.path, isolation_level=None)) as holder,
        closing(sqlite3.connect(store.path, timeout=0)) as conn,
    ):
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable):
            store.intake.enqueue_on_sync(conn, [new_job()])


async def test_a_handlers_transaction_commits_effects_and_completion(store: SqliteStore) -> None:
    await store.intake.enqueue([new_job(), new_job()])
    first, second = await claim(store, await new_worker(store))
    async with store.claims.transaction() as conn:
        conn.execute("CREATE TABLE effect (job BLOB)")
        conn.execute("INSERT INTO effect VALUES (?)", (first.id.bytes,))
        store.claims.settle_on_sync(conn, decide(first, Succeeded(b"1"), rand=0))

    class Boom(Exception):
        pass

    with pytest.raises(Boom):
        async with store.claims.transaction() as conn:
            conn.execute("INSERT INTO effect VALUES (?)", (second.id.bytes,))
            store.claims.settle_on_sync(conn, decide(second, Succeeded(b"1"), rand=0))
            raise Boom
    with closing(sqlite3.connect(store.path)) as conn:
        assert conn.execute("SELECT job FROM effect").fetchall() == [(first.id.bytes,)]
    states = (await store.stats.count("default")).states
    assert (states["completed"], states["running"]) == (1, 1)


async def test_a_transaction_that_stays_open_too_long_is_rolled_back(open_store: OpenStore) -> None:
    store = await open_store(transaction_timeout_s=0)
    job = new_job()
    with pytest.raises(StoreUnavailable, match="exceeded its time limit"):
        async with store.claims.transaction() as conn:
            store.intake.enqueue_on_sync(conn, [job])
            await store.stats.count("default")  # the loop turns, and the deadline passes
    assert await store.jobs.get("default", job.id) is None
