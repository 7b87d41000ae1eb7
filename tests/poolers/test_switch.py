"""How a program says that a pooler stands before its database, what it hears if not, and what it leaves there."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from tests.poolers.pgbouncer import Pooler
from tools.get_pgbouncer import Program

from taskflowmq import Context, TaskFlow, Unique
from taskflowmq.core.errors import StoreUnavailable
from taskflowmq.stores.postgres import PostgresOptions, PostgresStore
from taskflowmq.stores.postgres.session import SETTINGS
from taskflowmq.testing.postgres import PostgresServer
from taskflowmq.testing.waiting import wait_until

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

HINT = r"Add \?pooler=true to the URL"
#: Every setting that the store asks for when it connects; a pooler may be told to take them without a word.
SWALLOWED = ",".join(SETTINGS)


@pytest.fixture(scope="module")
def silent_pooler(pgbouncer_program: Program, postgres_server: PostgresServer) -> Iterator[Pooler]:
    """A pooler that lets session settings pass and forgets them."""
    with tempfile.TemporaryDirectory(prefix="taskflow-pooler-") as folder:
        Path(folder).chmod(0o755)
        settings = {"ignore_startup_parameters": SWALLOWED}
        running = Pooler(pgbouncer_program, postgres_server.url("postgres"), Path(folder), settings=settings)
        yield running
        running.stop()


async def test_without_the_option_it_is_refused_clearly(pooled_url: str) -> None:
    store = PostgresStore(pooled_url)
    with pytest.raises(StoreUnavailable, match=HINT):
        await store.open()


async def test_a_pooler_that_swallows_settings_is_refused_too(silent_pooler: Pooler, postgres_url: str) -> None:
    url = silent_pooler.url(postgres_url)
    store = PostgresStore(url)
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match=HINT):
            await store.open()
    store = PostgresStore(url, PostgresOptions(pooler=True))
    await store.open()
    assert await store.upkeep.check() == []
    await store.close()


async def test_another_programs_prepared_statement_names_the_pooler(silent_pooler: Pooler, pooled_url: str) -> None:
    """Where even the look at the settings is fooled, the first statement of somebody else says it."""
    store = PostgresStore(pooled_url, PostgresOptions(pooler=True))
    await store.open()
    for code in ("26000", "42P05"):
        with pytest.raises(StoreUnavailable, match=HINT):
            await store._pool.run(lambda conn, code=code: conn.execute(f"DO $$BEGIN RAISE SQLSTATE '{code}'; END$$"))
    await store.close()


def doctor(url: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "taskflowmq.cli", "doctor"]
    env = {**os.environ, "TASKFLOW_DATABASE_URL": url}
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


def test_the_command_line_says_it_and_takes_it(pooled_url: str) -> None:
    refused = doctor(pooled_url)
    assert (refused.returncode, "Add ?pooler=true to the URL" in refused.stdout) == (1, True), refused
    taken = doctor(f"{pooled_url}?pooler=true")
    assert taken.returncode == 0, taken
    assert "wake-ups  off (a pooler" in taken.stdout


async def test_a_program_runs_through_it_and_leaves_no_session_state(pooled_url: str) -> None:
    app = TaskFlow(f"{pooled_url}?pooler=true")
    ran: list[int] = []

    @app.task
    async def double(n: int) -> int:
        ran.append(n)
        return 2 * n

    @app.task
    async def note(ctx: Context, n: int) -> None:
        async with ctx.transaction() as conn:
            await double.using(conn=conn).aenqueue(n)

    assert app.new_store().notifier.enabled is False
    async with app, app.worker(poll=0.02, concurrency=20):
        handles = await app.aenqueue_many([double.job(n) for n in range(200)])
        single = [await double.using(unique=Unique(by=("n",))).aenqueue(n) for n in (200, 201, 201)]
        noted = await note.aenqueue(300)
        results = await asyncio.gather(*(handle.aresult(timeout=60) for handle in (*handles, *single)))
        await noted.aresult(timeout=60)
        await wait_until(lambda: 300 in ran, 60, what="the job that was enqueued in a handler's transaction")
        assert results == [2 * n for n in (*range(200), 200, 201, 201)]
        assert await left_behind(pooled_url) == []


async def left_behind(url: str) -> list[str]:
    """Return what sessions behind the pooler still hold of earlier transactions; several turns meet all of them."""
    conn = await asyncpg.connect(url, statement_cache_size=0)
    found: list[str] = []
    try:
        for _ in range(40):
            async with conn.transaction():
                rows = await conn.fetch(
                    # PgBouncer itself gives every client its encoding, and says so on each session.
                    "SELECT 'setting ' || name AS what FROM pg_settings"
                    " WHERE source = 'session' AND name <> 'client_encoding'"
                    " UNION ALL SELECT 'statement ' || name FROM pg_prepared_statements WHERE name <> ''"
                    " UNION ALL SELECT 'listens ' || pg_listening_channels()"
                    " UNION ALL SELECT 'advisory lock' FROM pg_locks WHERE locktype = 'advisory'"
                )
                found += [row["what"] for row in rows]
    finally:
        await conn.close()
    return sorted(set(found))
