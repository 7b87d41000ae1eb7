"""Connections make rows, texts and cursors as their program likes; what crosses through ``conn=`` does not see it."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import Any

import aiosqlite
import asyncpg
import psycopg
import pytest
from psycopg.rows import dict_row, scalar_row

from taskflowmq import StoreUnavailable, TaskFlow, WrongContext


def with_note(app: TaskFlow) -> Any:
    @app.task
    async def note(n: int) -> int:
        return n

    return note


class Named(asyncpg.Record):
    """Rows that know names only."""

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, int):
            raise KeyError(key)
        return super().__getitem__(key)


def _dicts(cursor: sqlite3.Cursor, row: tuple[Any, ...]) -> dict[str, Any]:
    return {column[0]: value for column, value in zip(cursor.description, row, strict=True)}


async def _number_of_jobs(app: TaskFlow) -> int:
    return len((await app.jobs.alist()).items)


@pytest.mark.postgres
@pytest.mark.parametrize(
    "how",
    [{"row_factory": dict_row}, {"row_factory": scalar_row}, {"cursor_factory": psycopg.AsyncRawCursor}],
    ids=["dict_row", "scalar_row", "raw"],
)
async def test_psycopg_with_factories_of_its_own(postgres_url: str, how: dict[str, Any]) -> None:
    async with TaskFlow(postgres_url) as app:
        note = with_note(app)
        async with await psycopg.AsyncConnection.connect(postgres_url, **how) as conn:
            await note.using(conn=conn).aenqueue(1)

        def work() -> None:
            blocking = {**how, "cursor_factory": psycopg.RawCursor} if "cursor_factory" in how else how
            with psycopg.connect(postgres_url, **blocking) as conn:
                note.using(conn=conn).enqueue(2)

        await asyncio.to_thread(work)
        assert await _number_of_jobs(app) == 2


@pytest.mark.postgres
async def test_a_cursor_keeps_the_rows_that_it_has_not_given_out(postgres_url: str) -> None:
    async with TaskFlow(postgres_url) as app:
        note = with_note(app)
        async with await psycopg.AsyncConnection.connect(postgres_url) as conn:
            cursor = await conn.execute("SELECT generate_series(1, 3)")
            await note.using(conn=cursor).aenqueue(1)
            assert await cursor.fetchall() == [(1,), (2,), (3,)]
        assert await _number_of_jobs(app) == 1


@pytest.mark.postgres
async def test_asyncpg_with_records_of_its_own(postgres_url: str) -> None:
    async with TaskFlow(postgres_url) as app:
        note = with_note(app)
        conn = await asyncpg.connect(postgres_url, record_class=Named)
        async with conn.transaction():
            await note.using(conn=conn).aenqueue(1)
        await conn.close()
        assert await _number_of_jobs(app) == 1


@pytest.mark.postgres
async def test_a_connection_that_cannot_be_used_is_refused_in_a_sentence(postgres_url: str) -> None:
    async with TaskFlow(postgres_url) as app:
        note = with_note(app)
        async with asyncpg.create_pool(postgres_url, min_size=0, max_size=1) as pool:
            async with pool.acquire() as conn:
                pass
            with pytest.raises(WrongContext, match="released back to the pool"):
                await note.using(conn=conn).aenqueue(1)
        async with await psycopg.AsyncConnection.connect(postgres_url) as lost:
            await lost.execute("SELECT 1")
            pid = lost.info.backend_pid
            async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as other:
                await other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
            with pytest.raises(StoreUnavailable, match=r"terminating connection|closed"):
                await note.using(conn=lost).aenqueue(1)
        assert await _number_of_jobs(app) == 0


FACTORIES: dict[str, tuple[str, Any]] = {
    "dicts": ("row_factory", _dicts),
    "scalars": ("row_factory", lambda _, row: row[0]),
    "Row": ("row_factory", sqlite3.Row),
    "bytes": ("text_factory", bytes),
}


@pytest.mark.parametrize("name", FACTORIES)
async def test_sqlite_with_factories_of_its_own(sqlite_url: str, name: str) -> None:
    attribute, factory = FACTORIES[name]
    path = sqlite_url.removeprefix("sqlite:///")
    async with TaskFlow(sqlite_url) as app:
        note = with_note(app)
        async with aiosqlite.connect(path) as conn:
            setattr(conn, attribute, factory)
            await note.using(conn=conn).aenqueue(1)
            await conn.commit()
            assert getattr(conn, attribute) is factory

        def work() -> None:
            blocking = sqlite3.connect(path)
            setattr(blocking, attribute, factory)
            note.using(conn=blocking).enqueue(2)
            blocking.commit()
            assert getattr(blocking, attribute) is factory
            blocking.close()

        await asyncio.to_thread(work)
        assert await _number_of_jobs(app) == 2
