"""``conn=`` is an open transaction of this very store, or the enqueue is refused in a sentence, and stores nothing."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiosqlite
import asyncpg
import psycopg
import pytest
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import NullPool

from taskflowmq import TaskFlow, WrongContext


@pytest.fixture
async def pg_app(postgres_url: str) -> AsyncIterator[TaskFlow]:
    async with TaskFlow(postgres_url) as app:
        app.task(note)
        yield app


@pytest.fixture
async def file_app(sqlite_url: str) -> AsyncIterator[TaskFlow]:
    async with TaskFlow(sqlite_url) as app:
        app.task(note)
        yield app


async def note(n: int) -> int:
    return n


async def nothing_is_stored(app: TaskFlow) -> bool:
    return (await app.jobs.alist()).items == []


def _alchemy(app: TaskFlow, driver: str) -> str:
    return app.url.replace("postgresql://", f"postgresql+{driver}://").replace("sqlite://", f"sqlite+{driver}://")


@pytest.mark.postgres
async def test_what_makes_connections_is_refused_by_name(pg_app: TaskFlow) -> None:
    task = pg_app.tasks["note"]
    engine = create_engine(_alchemy(pg_app, "psycopg"), poolclass=NullPool)
    async_engine = create_async_engine(_alchemy(pg_app, "asyncpg"), poolclass=NullPool)
    async with asyncpg.create_pool(pg_app.url, min_size=0, max_size=1) as pool:
        for maker in (pool, async_engine, async_sessionmaker(async_engine)):
            with pytest.raises(TypeError, match=r"would be committed at once\. Pass a connection"):
                await task.using(conn=maker).aenqueue(1)
    for maker in (engine, sessionmaker(engine), sessionmaker):
        with pytest.raises(TypeError, match=r"it creates connections"):
            task.using(conn=maker).enqueue(1)
    assert await nothing_is_stored(pg_app)


@pytest.mark.postgres
async def test_a_connection_that_commits_by_itself_is_refused(pg_app: TaskFlow) -> None:
    task = pg_app.tasks["note"]
    conn = await asyncpg.connect(pg_app.url)
    with pytest.raises(WrongContext, match="no transaction is open"):
        await task.using(conn=conn).aenqueue(1)
    await conn.close()
    with pytest.raises(WrongContext, match="closed"):
        await task.using(conn=conn).aenqueue(1)
    async with await psycopg.AsyncConnection.connect(pg_app.url, autocommit=True) as other:
        with pytest.raises(WrongContext, match="no transaction is open"):
            await task.using(conn=other).aenqueue(1)
        async with other.transaction():
            await task.using(conn=other).aenqueue(1)
            raise psycopg.Rollback
    with pytest.raises(WrongContext, match="closed"):
        await task.using(conn=other).aenqueue(1)
    engine = create_async_engine(_alchemy(pg_app, "asyncpg"), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    async with engine.connect() as alchemy:
        with pytest.raises(WrongContext, match="no transaction is open"):
            await task.using(conn=alchemy).aenqueue(1)
    assert await nothing_is_stored(pg_app)


def _blocking(app: TaskFlow) -> None:
    task = app.tasks["note"]
    with psycopg.connect(app.url, autocommit=True) as conn, pytest.raises(WrongContext, match="no transaction"):
        task.using(conn=conn).enqueue(1)
    with pytest.raises(WrongContext, match="closed"):
        task.using(conn=conn).enqueue(1)
    engine = create_engine(_alchemy(app, "psycopg"), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with Session(engine) as session, pytest.raises(WrongContext, match="no transaction"):
        task.using(conn=session).enqueue(1)


@pytest.mark.postgres
async def test_blocking_connections_are_told_apart_too(pg_app: TaskFlow) -> None:
    await asyncio.to_thread(_blocking, pg_app)
    assert await nothing_is_stored(pg_app)


@pytest.mark.postgres
async def test_a_connection_to_another_store_or_none_is_refused(pg_app: TaskFlow, empty_postgres_url: str) -> None:
    task = pg_app.tasks["note"]
    conn = await asyncpg.connect(empty_postgres_url)
    with pytest.raises(WrongContext, match="another database"):
        async with conn.transaction():
            await task.using(conn=conn).aenqueue(1)
    async with TaskFlow(empty_postgres_url) as other:
        with pytest.raises(WrongContext, match="another database"):
            async with conn.transaction():
                await task.using(conn=conn).aenqueue(1)
        async with conn.transaction():
            with pytest.raises(WrongContext, match="another database"):
                await task.using(conn=conn).aenqueue(1)
        await conn.close()
        assert await nothing_is_stored(other)
    assert await nothing_is_stored(pg_app)


@pytest.mark.postgres
async def test_a_completion_too_goes_to_this_store_only(pg_app: TaskFlow, empty_postgres_url: str) -> None:
    async with TaskFlow(empty_postgres_url):
        seen: list[BaseException] = []

        @pg_app.task
        async def completes(n: int) -> int:
            from taskflowmq import current_context

            conn = await asyncpg.connect(empty_postgres_url)
            try:
                async with conn.transaction():
                    await current_context().complete(n, conn=conn)
            except WrongContext as error:
                seen.append(error)
            finally:
                await conn.close()
            return n

        async with pg_app.worker(concurrency=1):
            assert await (await completes.aenqueue(1)).aresult(timeout=20) == 1
    assert "another database" in str(seen[0])


async def test_another_file_is_refused(file_app: TaskFlow, tmp_path: Path) -> None:
    task = file_app.tasks["note"]
    async with TaskFlow(f"sqlite:///{tmp_path}/other.db") as other:
        for path in (other.url.removeprefix("sqlite:///"), tmp_path / "empty.db", ":memory:"):
            conn = sqlite3.connect(path)
            with pytest.raises(WrongContext, match="another database"), conn:
                task.using(conn=conn).enqueue(1)
            conn.close()
            async with aiosqlite.connect(path) as later:
                with pytest.raises(WrongContext, match="another database"):
                    await task.using(conn=later).aenqueue(1)
                await later.rollback()
        assert await nothing_is_stored(other)
    assert await nothing_is_stored(file_app)


async def test_the_same_file_by_another_path_is_taken(file_app: TaskFlow, tmp_path: Path) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(file_app.url.removeprefix("sqlite:///"))
    with sqlite3.connect(link) as conn:
        file_app.tasks["note"].using(conn=conn).enqueue(1)
    conn.close()
    assert len((await file_app.jobs.alist()).items) == 1


async def test_closed_files_and_those_that_commit_by_themselves_are_refused(file_app: TaskFlow) -> None:
    task = file_app.tasks["note"]
    conn = sqlite3.connect(file_app.url.removeprefix("sqlite:///"), isolation_level=None)
    with pytest.raises(WrongContext, match="no transaction is open"):
        task.using(conn=conn).enqueue(1)
    conn.close()
    with pytest.raises(WrongContext, match="closed"):
        task.using(conn=conn).enqueue(1)
    with pytest.raises(TypeError, match="it creates connections"):
        task.using(conn=create_engine(file_app.url)).enqueue(1)


DJANGO = """
    import sys
    from urllib.parse import urlsplit
    import django
    from django.conf import settings
    url = sys.argv[1]
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        database = {"ENGINE": "django.db.backends.sqlite3", "NAME": url.removeprefix("sqlite:///")}
    else:
        database = {"ENGINE": "django.db.backends.postgresql", "NAME": parts.path[1:], "USER": parts.username,
                    "PASSWORD": parts.password or "", "HOST": parts.hostname, "PORT": parts.port}
    settings.configure(DATABASES={"default": database})
    django.setup()
    from django.db import connection, connections, transaction
    from taskflowmq import TaskFlow, WrongContext

    app = TaskFlow(url)

    @app.task
    def note(n: int) -> int:
        return n

    note.enqueue(0)
    for conn in (connection, connections["default"]):
        with transaction.atomic():
            note.using(conn=conn).enqueue(1)
        try:
            with transaction.atomic():
                note.using(conn=conn).enqueue(2)
                raise KeyError
        except KeyError:
            pass
    for wrong in (connection, connections):
        try:
            note.using(conn=wrong).enqueue(3)
        except (WrongContext, TypeError) as error:
            print(type(error).__name__, str(error)[:38])
    connection.close()
    try:
        note.using(conn=connection).enqueue(3)
    except WrongContext as error:
        print("closed", str(error)[:38])
    with transaction.atomic():
        note.using(conn=connection).enqueue(4)
    print(len(app.jobs.list().items))
"""


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_djangos_connection_is_taken_inside_atomic(engine: str, request: pytest.FixtureRequest) -> None:
    url: Any = request.getfixturevalue(f"{engine}_url")
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(DJANGO), url], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.splitlines() == [
        "WrongContext no transaction is open on this connect",
        "TypeError conn is django.db.utils.ConnectionHand",
        "closed no transaction is open on this connect",
        "4",
    ], done.stderr


async def test_looking_which_file_it_is_takes_no_snapshot(file_app: TaskFlow) -> None:
    """A write after a snapshot that others have overtaken fails at once, whatever time-out there is."""
    path = file_app.url.removeprefix("sqlite:///")
    other = sqlite3.connect(path, timeout=0, isolation_level=None)
    other.execute("CREATE TABLE orders (n INTEGER)")

    def overtake(_statement: str) -> None:
        with contextlib.suppress(sqlite3.OperationalError):  # ours has the lock by now
            other.execute("INSERT INTO orders VALUES (1)")

    conn = sqlite3.connect(path, isolation_level=None)
    conn.execute("BEGIN")
    conn.set_trace_callback(overtake)
    file_app.tasks["note"].using(conn=conn).enqueue(1)
    conn.set_trace_callback(None)
    conn.execute("COMMIT")
    conn.close()
    other.close()
    assert len((await file_app.jobs.alist()).items) == 1
