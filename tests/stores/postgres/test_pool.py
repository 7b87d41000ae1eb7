"""Connections between two statements: kept at hand, given to whoever waits, never one too many."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from tests.stores.postgres.conftest import Connect

from taskflowmq.core.errors import StoreUnavailable
from taskflowmq.stores.postgres import PostgresOptions, session
from taskflowmq.stores.postgres.lending import transaction
from taskflowmq.stores.postgres.pool import Pool
from taskflowmq.testing.waiting import wait_until

pytestmark = pytest.mark.postgres
NAME = "spare"


@pytest.fixture
async def pool(postgres_url: str) -> AsyncIterator[Pool]:
    """An open pool of two connections."""
    made = Pool(postgres_url, PostgresOptions(pool_size=2, application_name=NAME))
    await made.open()
    yield made
    await made.close()


async def sessions(admin: asyncpg.Connection) -> int:
    """Count the pool's sessions: those of this test's database, for the server is shared with other tests' pools."""
    count: int = await admin.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1", NAME
    )
    return count


async def test_statements_one_after_the_other_share_a_session_and_ask_nobody_for_it(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await pool.fetchval("SELECT pg_backend_pid()")
    monkeypatch.setattr(asyncpg.Pool, "acquire", None)
    assert {await pool.fetchval("SELECT pg_backend_pid()") for _ in range(5)} == {first}
    async with transaction(pool) as conn:
        assert await conn.fetchval("SELECT pg_backend_pid()") == first


async def test_more_callers_than_connections_are_all_served(pool: Pool, connect: Connect) -> None:
    admin = await connect()
    async with asyncio.timeout(20):
        found = await asyncio.gather(*(pool.fetchval("SELECT pg_backend_pid()") for _ in range(50)))
        assert len(set(found)) == 2
        async with transaction(pool), transaction(pool):
            waiter = asyncio.ensure_future(pool.fetchval("SELECT 1"))
            assert await sessions(admin) == 2
        assert await waiter == 1


async def test_a_spare_that_the_server_ended_is_not_used_again(pool: Pool, connect: Connect) -> None:
    admin = await connect()
    ended = await pool.fetchval("SELECT pg_backend_pid()")
    generation = pool.generation  # read before: the end may be noticed while the answer to its order is awaited
    await admin.fetchval("SELECT pg_terminate_backend($1)", ended)
    await wait_until(lambda: pool.generation > generation, what="the end of the session to be noticed")
    assert await pool.fetchval("SELECT pg_backend_pid()") != ended


async def test_a_spare_whose_end_is_announced_but_not_yet_there_costs_no_error(pool: Pool) -> None:
    """The server's last word arrives before the end of its connection: what was not sent is sent on another."""
    doomed: Any = None

    async def work(conn: Any) -> int:
        nonlocal doomed
        doomed = doomed or conn.itself()
        return int(await conn.fetchval("SELECT pg_backend_pid()"))

    ended = await pool.run(work)
    fields = b"SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0"
    doomed._protocol.data_received(b"E" + (len(fields) + 4).to_bytes(4) + fields)
    assert not doomed.is_closed()
    assert await pool.run(work) != ended
    assert doomed.is_closed()


async def test_closing_ends_the_spares_too(pool: Pool, connect: Connect) -> None:
    admin = await connect()
    await pool.fetchval("SELECT 1")
    await pool.close()

    async def gone() -> bool:
        return await sessions(admin) == 0

    await wait_until(gone, what="every session to end")


async def test_a_close_that_is_cancelled_leaves_no_session(pool: Pool, connect: Connect) -> None:
    admin = await connect()
    together = asyncio.Barrier(2)

    async def meet(_: Any) -> None:
        await together.wait()

    await asyncio.gather(pool.run(meet), pool.run(meet))
    assert await sessions(admin) == 2
    closing = asyncio.create_task(pool.close())
    await asyncio.sleep(0)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing

    async def none_left() -> bool:
        return await sessions(admin) == 0

    await wait_until(none_left, what="the sessions to end")


async def test_a_connection_that_is_being_made_is_not_taken_for_an_idle_one(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another one's failure throws away those that are idle: an enqueue on a new one must not fail with them."""
    prepare, begun, go_on = session.prepare, asyncio.Event(), asyncio.Event()

    async def slowly(conn: Any, *, pooler: bool) -> None:
        begun.set()
        await go_on.wait()
        await prepare(conn, pooler=pooler)

    async with asyncio.timeout(20):
        with pytest.raises(ConnectionResetError):
            async with transaction(pool):
                monkeypatch.setattr(session, "prepare", slowly)
                waiter = asyncio.ensure_future(pool.fetchval("SELECT 1"))
                await begun.wait()
                raise ConnectionResetError
        go_on.set()
        assert await waiter == 1


async def test_a_statement_whose_connection_is_cut_halfway_says_so(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The driver answers it with an AttributeError when it happens between reading the statement and running it."""

    async def work(conn: Any) -> Any:
        raw = conn.itself()
        get_statement = raw._get_statement

        async def cut(*args: Any, **options: Any) -> Any:
            statement = await get_statement(*args, **options)
            raw.terminate()
            return statement

        monkeypatch.setattr(raw, "_get_statement", cut)
        return await conn.fetch("SELECT 2")

    with pytest.raises(StoreUnavailable, match="cut"):
        await pool.run(work)
    assert await pool.fetchval("SELECT 1") == 1
