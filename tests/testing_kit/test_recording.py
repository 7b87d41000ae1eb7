"""Jobs that a program enqueues on its own connections, in a test: seen before the commit, gone with a rollback."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from taskflowmq import State, TaskFlow, WrongContext
from taskflowmq.testing import adrain, assert_enqueued, drain, in_memory_app, refute_enqueued

app = TaskFlow("sqlite:///must-not-be-made.db")


@app.task
async def note(n: int) -> int:
    return n


@pytest.fixture
def engine() -> Iterator[Any]:
    """A database in memory, as tests of web programs have it: nothing else can open it."""
    made = create_engine("sqlite://", poolclass=StaticPool)
    with made.begin() as conn:
        conn.execute(text("CREATE TABLE orders (n INTEGER)"))
    yield made
    made.dispose()


@pytest.fixture
async def async_engine() -> AsyncIterator[Any]:
    made = create_async_engine("sqlite+aiosqlite://", poolclass=StaticPool)
    yield made
    await made.dispose()


def numbers(conn: Any = None) -> list[int]:

    found = assert_enqueued(app, note, conn=conn) if _any(conn) else []
    return sorted(job.args["n"] for job in found)


def _any(conn: Any) -> bool:
    try:
        assert_enqueued(app, note, conn=conn)
    except AssertionError:
        return False
    return True


def test_a_job_is_seen_on_its_session_and_by_others_after_the_commit(engine: Any) -> None:
    with in_memory_app(app), Session(engine) as session:
        session.execute(text("INSERT INTO orders VALUES (1)"))
        note.using(conn=session, delay=60).enqueue(1)
        note.using(conn=session).enqueue(2)
        [job] = assert_enqueued(app, note, conn=session, args={"n": 1}, state="scheduled")
        assert job.state is State.SCHEDULED
        refute_enqueued(app, note)
        with pytest.raises(AssertionError, match="2 more in transactions that are not committed: give conn="):
            assert_enqueued(app, note)
        session.commit()
        assert_enqueued(app, note, count=2)
        assert_enqueued(app, note, count=2, conn=session)
        assert drain(app) == 1


@pytest.mark.parametrize("end", ["rollback", "close"])
def test_what_is_rolled_back_is_gone(engine: Any, end: str) -> None:
    with in_memory_app(app), Session(engine) as session:
        note.using(conn=session).enqueue(1)
        getattr(session, end)()
        refute_enqueued(app, note, conn=session)
        session.commit()
        refute_enqueued(app, note)
        assert drain(app) == 0


def test_a_savepoint_takes_its_own_jobs_with_it(engine: Any) -> None:
    with in_memory_app(app), Session(engine) as session:
        note.using(conn=session).enqueue(1)
        with session.begin_nested():
            note.using(conn=session).enqueue(2)
        with pytest.raises(ZeroDivisionError), session.begin_nested():
            note.using(conn=session).enqueue(3)
            session.flush()
            raise ZeroDivisionError
        assert numbers(session) == [1, 2]
        session.commit()
        assert numbers() == [1, 2]


def test_a_session_inside_a_transaction_of_the_test_delivers_at_its_own_commit(engine: Any) -> None:
    with in_memory_app(app), engine.connect() as conn:
        outer = conn.begin()
        with Session(conn, join_transaction_mode="create_savepoint") as session:
            note.using(conn=session).enqueue(1)
            session.commit()
            assert numbers() == [1]
        outer.rollback()


def test_the_same_on_a_connection(engine: Any) -> None:
    with in_memory_app(app), engine.connect() as conn:
        note.using(conn=conn).enqueue(1)
        with conn.begin_nested():
            app.enqueue_many([note.job(2), note.job(3)], conn=conn)
        undone = conn.begin_nested()
        note.using(conn=conn).enqueue(4)
        undone.rollback()
        assert numbers(conn) == [1, 2, 3]
        conn.commit()
        note.using(conn=conn).enqueue(5)
        conn.rollback()
        assert numbers() == [1, 2, 3]


async def test_the_same_on_an_async_session(async_engine: Any) -> None:
    async with in_memory_app(app), AsyncSession(async_engine) as session:
        await note.using(conn=session).aenqueue(1)
        assert_enqueued(app, note, conn=session)
        await session.rollback()
        refute_enqueued(app, note, conn=session)
        await note.using(conn=session).aenqueue(2)
        await session.commit()
        assert numbers() == [2]
        assert await adrain(app) == 1


def test_a_bare_connection_needs_the_database_of_the_test(sqlite_url: str) -> None:
    conn = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))
    with in_memory_app(app), pytest.raises(TypeError, match=r"sqlite3\.Connection.*url="):
        note.using(conn=conn).enqueue(1)
    with in_memory_app(app, url=sqlite_url):
        app.open()
        note.using(conn=conn).enqueue(1)
        conn.rollback()
        note.using(conn=conn).enqueue(2)
        with pytest.raises(TypeError, match="seen after its commit"):
            assert_enqueued(app, note, conn=conn)
        conn.commit()
        assert numbers() == [2]
        assert drain(app) == 1
        app.close()
    assert app.url == "sqlite:///must-not-be-made.db"
    conn.close()


def test_on_the_database_of_the_test_a_session_is_watched_too(sqlite_url: str) -> None:
    made = create_engine(sqlite_url)
    with in_memory_app(app, url=sqlite_url), Session(made) as session:
        app.open()
        note.using(conn=session).enqueue(1)
        assert numbers(session) == [1]
        session.commit()
        assert numbers(session) == numbers() == [1]
        app.close()
    made.dispose()


@pytest.mark.postgres
async def test_the_same_on_postgresql(postgres_url: str) -> None:
    conn = await asyncpg.connect(postgres_url)
    async with in_memory_app(app, url=postgres_url):
        async with conn.transaction():
            await note.using(conn=conn).aenqueue(1)
            refute_enqueued(app, note)
        assert numbers() == [1]
    await conn.close()


def test_looking_through_a_connection_needs_a_test(engine: Any) -> None:
    with engine.connect() as conn, pytest.raises(WrongContext, match="in_memory_app"):
        assert_enqueued(app, note, conn=conn)
