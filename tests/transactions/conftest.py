"""The ways in which programs hold a transaction, each as one small driver of the test.

A driver opens a connection to the app's database, begins, writes a row of its own, enqueues through ``conn``, and
ends as it is told.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import aiosqlite
import asyncpg
import psycopg
import pytest
from sqlalchemy import create_engine
from sqlalchemy import text as sql
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from taskflowmq import Task, TaskFlow

Note = Task[[int], int]
#: Enqueue note(n) for each n in one transaction that also writes a row, then commit or roll back; return the ids.
Transact = Callable[[list[int], bool], Coroutine[Any, Any, list[UUID]]]
Opener = Callable[[str, Note], AbstractAsyncContextManager[Transact]]

INSERT = "INSERT INTO orders (n) VALUES (1)"


def _alchemy(url: str, driver: str) -> str:
    return url.replace("postgresql://", f"postgresql+{driver}://").replace("sqlite://", f"sqlite+{driver}://")


def _path(url: str) -> str:
    return url.removeprefix("sqlite:///")


def _enqueue_sync(note: Note, conn: Any, numbers: list[int]) -> list[UUID]:
    return [note.using(conn=conn).enqueue(n).id for n in numbers]


async def _enqueue(note: Note, conn: Any, numbers: list[int]) -> list[UUID]:
    return [(await note.using(conn=conn).aenqueue(n)).id for n in numbers]


@asynccontextmanager
async def over_asyncpg(url: str, note: Note) -> AsyncIterator[Transact]:
    conn = await asyncpg.connect(url)

    async def transact(numbers: list[int], commit: bool) -> list[UUID]:
        transaction = conn.transaction()
        await transaction.start()
        await conn.execute(INSERT)
        ids = await _enqueue(note, conn, numbers)
        await (transaction.commit() if commit else transaction.rollback())
        return ids

    yield transact
    await conn.close()


@asynccontextmanager
async def over_asyncpg_pool(url: str, note: Note) -> AsyncIterator[Transact]:
    async with asyncpg.create_pool(url, min_size=1, max_size=1) as pool:

        async def transact(numbers: list[int], commit: bool) -> list[UUID]:
            async with pool.acquire() as conn:
                transaction = conn.transaction()
                await transaction.start()
                await conn.execute(INSERT)
                ids = await _enqueue(note, conn, numbers)
                await (transaction.commit() if commit else transaction.rollback())
                return ids

        yield transact


@asynccontextmanager
async def over_psycopg_async(url: str, note: Note) -> AsyncIterator[Transact]:
    conn = await psycopg.AsyncConnection.connect(url)

    async def transact(numbers: list[int], commit: bool) -> list[UUID]:
        await conn.execute(INSERT)
        ids = await _enqueue(note, conn, numbers)
        await (conn.commit() if commit else conn.rollback())
        return ids

    yield transact
    await conn.close()


@asynccontextmanager
async def over_psycopg(url: str, note: Note) -> AsyncIterator[Transact]:
    conn = await asyncio.to_thread(psycopg.connect, url)

    def work(numbers: list[int], commit: bool) -> list[UUID]:
        conn.execute(INSERT)
        ids = _enqueue_sync(note, conn, numbers)
        conn.commit() if commit else conn.rollback()
        return ids

    yield lambda numbers, commit: asyncio.to_thread(work, numbers, commit)
    conn.close()


def over_alchemy_async(driver: str) -> Opener:
    @asynccontextmanager
    async def opener(url: str, note: Note) -> AsyncIterator[Transact]:
        engine = create_async_engine(_alchemy(url, driver), poolclass=NullPool)

        async def transact(numbers: list[int], commit: bool) -> list[UUID]:
            async with AsyncSession(engine) as session:
                await session.execute(sql(INSERT))
                ids = await _enqueue(note, session, numbers)
                await (session.commit() if commit else session.rollback())
                return ids

        yield transact
        await engine.dispose()

    return opener


def over_alchemy(driver: str) -> Opener:
    @asynccontextmanager
    async def opener(url: str, note: Note) -> AsyncIterator[Transact]:
        engine = create_engine(_alchemy(url, driver), poolclass=NullPool)

        def work(numbers: list[int], commit: bool) -> list[UUID]:
            with Session(engine) as session:
                session.execute(sql(INSERT))
                ids = _enqueue_sync(note, session, numbers)
                session.commit() if commit else session.rollback()
                return ids

        yield lambda numbers, commit: asyncio.to_thread(work, numbers, commit)
        engine.dispose()

    return opener


@asynccontextmanager
async def over_alchemy_connection(url: str, note: Note) -> AsyncIterator[Transact]:
    engine = create_async_engine(_alchemy(url, "asyncpg"), poolclass=NullPool)

    async def transact(numbers: list[int], commit: bool) -> list[UUID]:
        async with engine.connect() as conn:
            await conn.execute(sql(INSERT))
            ids = await _enqueue(note, conn, numbers)
            await (conn.commit() if commit else conn.rollback())
            return ids

    yield transact
    await engine.dispose()


@asynccontextmanager
async def over_sqlite3(url: str, note: Note) -> AsyncIterator[Transact]:
    conn = sqlite3.connect(_path(url), check_same_thread=False, timeout=15)

    def work(numbers: list[int], commit: bool) -> list[UUID]:
        conn.execute(INSERT)
        ids = _enqueue_sync(note, conn, numbers)
        conn.commit() if commit else conn.rollback()
        return ids

    yield lambda numbers, commit: asyncio.to_thread(work, numbers, commit)
    conn.close()


@asynccontextmanager
async def over_aiosqlite(url: str, note: Note) -> AsyncIterator[Transact]:
    async with aiosqlite.connect(_path(url), timeout=15) as conn:

        async def transact(numbers: list[int], commit: bool) -> list[UUID]:
            await conn.execute(INSERT)
            ids = await _enqueue(note, conn, numbers)
            await (conn.commit() if commit else conn.rollback())
            return ids

        yield transact


OPENERS: dict[str, tuple[str, Opener]] = {
    "asyncpg": ("postgres", over_asyncpg),
    "asyncpg-pool": ("postgres", over_asyncpg_pool),
    "psycopg": ("postgres", over_psycopg),
    "psycopg-async": ("postgres", over_psycopg_async),
    "sqlalchemy-asyncpg": ("postgres", over_alchemy_async("asyncpg")),
    "sqlalchemy-connection": ("postgres", over_alchemy_connection),
    "sqlalchemy-psycopg": ("postgres", over_alchemy("psycopg")),
    "sqlalchemy-psycopg-async": ("postgres", over_alchemy_async("psycopg")),
    "sqlite3": ("sqlite", over_sqlite3),
    "aiosqlite": ("sqlite", over_aiosqlite),
    "sqlalchemy-sqlite": ("sqlite", over_alchemy("pysqlite")),
    "sqlalchemy-aiosqlite": ("sqlite", over_alchemy_async("aiosqlite")),
}


def marked(name: str) -> Any:
    engine = OPENERS[name][0]
    return pytest.param(name, marks=pytest.mark.postgres) if engine == "postgres" else name


@pytest.fixture(params=[marked(name) for name in OPENERS])
def driver(request: pytest.FixtureRequest) -> tuple[str, Opener]:
    """The address of an empty database and a way to hold a transaction on it."""
    engine, opener = OPENERS[request.param]
    return request.getfixturevalue(f"{engine}_url"), opener


@pytest.fixture
async def note_app(driver: tuple[str, Opener]) -> AsyncIterator[TaskFlow]:
    """An open app with the task ``note`` and a table ``orders`` of the user's beside it."""
    url, _ = driver
    app = TaskFlow(url)
    started: set[int] = set()

    @app.task
    async def note(n: int) -> int:
        started.add(n)
        return n

    app.started = started  # type: ignore[attr-defined]
    async with app:
        await _make_orders(url)
        yield app


async def _make_orders(url: str) -> None:
    create = "CREATE TABLE orders (n INTEGER)"
    if url.startswith("sqlite"):
        async with aiosqlite.connect(Path(_path(url))) as conn:
            await conn.execute(create)
            await conn.commit()
        return
    connection = await asyncpg.connect(url)
    await connection.execute(create)
    await connection.close()


@pytest.fixture
async def transact(driver: tuple[str, Opener], note_app: TaskFlow) -> AsyncIterator[Transact]:
    """The transaction, over the driver at hand."""
    url, opener = driver
    async with opener(url, note_app.tasks["note"]) as made:
        yield made
