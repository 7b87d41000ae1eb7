"""Connections that break, servers that crash or turn read-only: the store says so, and heals by itself."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, TypeVar

import asyncpg
import pytest
from tests.stores.postgres.conftest import Connect, add_worker, new_job, request_for

from taskflowmq.core.errors import StoreUnavailable
from taskflowmq.core.job import QueueRef
from taskflowmq.core.transitions import Succeeded, decide
from taskflowmq.stores.postgres import PostgresOptions, PostgresStore
from taskflowmq.stores.postgres.lending import transaction
from taskflowmq.stores.postgres.pool import Pool
from taskflowmq.testing.postgres import PostgresServer
from taskflowmq.testing.waiting import wait_until

pytestmark = pytest.mark.postgres
T = TypeVar("T")


async def answers(store: PostgresStore) -> bool:
    """Whether the store can commit again."""
    try:
        await store.ping()
    except StoreUnavailable:
        return False
    return True


async def until_available(call: Callable[[], Awaitable[T]], timeout: float = 30.0) -> T:
    """Repeat a call while the store is away, as its contract allows."""
    answers: list[T] = []

    async def tried() -> bool:
        try:
            answers.append(await call())
        except StoreUnavailable:
            return False
        return True

    await wait_until(tried, timeout=timeout, what="the store to answer")
    return answers[0]


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    """A server that a test may crash."""
    server = PostgresServer.start()
    yield server
    server.stop()


@pytest.fixture
async def own_store(own_server: PostgresServer) -> AsyncIterator[PostgresStore]:
    """A store on that server."""
    store = PostgresStore(own_server.url(own_server.create_database()), PostgresOptions(pool_size=3))
    await store.open()
    yield store
    await store.close()


async def test_terminated_connections_are_replaced_and_wake_ups_come_again(
    store: PostgresStore, connect: Connect
) -> None:
    worker = await add_worker(store)
    async with store.notifier.listen([], ["default"]) as ready:
        await store.intake.enqueue([new_job()])
        assert await anext(ready) == ("default", "default")
        admin = await connect()
        await admin.fetch("""SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                             WHERE datname = current_database() AND pid <> pg_backend_pid()""")
        await wait_until(lambda: answers(store), what="the store to answer again")
        await store.intake.enqueue([new_job()])
        assert await anext(ready) in (("default", "default"), None)
    assert len(await store.claims.claim(request_for(worker))) == 2


@pytest.mark.slow
async def test_a_crash_of_the_server_loses_nothing_and_needs_nobody(own_store: PostgresStore) -> None:
    store = own_store
    worker = await add_worker(store)
    jobs = [new_job() for _ in range(50)]
    await store.intake.enqueue(jobs)
    held = await store.claims.claim(request_for(worker, limit=20))
    conn = await asyncpg.connect(store.url)
    pid = await conn.fetchval("SELECT pg_backend_pid()")
    # One killed backend makes the server drop every connection and recover, like a power cut. Until the server has
    # noticed the death it still answers: a connection of ours that it cut says that it has.
    witness = await asyncpg.connect(store.url)
    os.kill(pid, signal.SIGKILL)
    conn.terminate()
    await wait_until(witness.is_closed, timeout=30, what="the server to notice")
    done = [decide(job, Succeeded(), rand=0.5) for job in held]
    answer = await until_available(lambda: store.claims.settle(done))
    assert {str(one) for one in answer} <= {"applied", "replayed"}
    rest = await until_available(lambda: store.claims.claim(request_for(worker)))
    assert {job.id for job in held} | {job.id for job in rest} == {job.id for job in jobs}
    assert await store.upkeep.check() == []


@pytest.mark.slow
async def test_a_server_that_turned_read_only_is_unavailable_until_it_turns_back(own_store: PostgresStore) -> None:
    store = own_store
    admin = await asyncpg.connect(store.url)

    async def switch(value: str) -> None:
        await admin.execute("SET default_transaction_read_only = off")
        await admin.execute(f"ALTER SYSTEM SET default_transaction_read_only = {value}")
        await admin.execute("SELECT pg_reload_conf()")

    async def refuses() -> bool:
        return not await answers(store)

    await switch("on")
    await wait_until(refuses, what="the store to refuse")
    with pytest.raises(StoreUnavailable):
        await store.intake.enqueue([new_job()])
    await switch("off")
    await wait_until(lambda: answers(store), what="the store to answer again")
    assert (await store.intake.enqueue([new_job()]))[0].created
    await admin.close()


async def test_an_argument_that_cannot_be_sent_costs_no_connection(postgres_url: str) -> None:
    pool = Pool(postgres_url, PostgresOptions())
    await pool.open()
    session = await pool.fetchval("SELECT pg_backend_pid()")
    with pytest.raises(asyncpg.DataError):
        await pool.fetch("SELECT $1::integer", "no number")
    assert await pool.fetchval("SELECT pg_backend_pid()") == session
    await pool.close()


@pytest.mark.slow
async def test_a_peer_that_falls_silent_takes_the_idle_connections_along(postgres_url: str, connect: Connect) -> None:
    pool, size = Pool(postgres_url, PostgresOptions(command_timeout=3.0, application_name="silent")), 4
    await pool.open()
    together = asyncio.Barrier(size)

    async def hold() -> None:
        async with transaction(pool):
            await together.wait()

    await asyncio.gather(*(hold() for _ in range(size)))
    admin = await connect()

    async def idle() -> int:
        count: int = await admin.fetchval(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'silent' AND state = 'idle'"
        )
        return count

    assert await idle() == size
    generation = pool.generation
    with pytest.raises(StoreUnavailable):
        await pool.fetch("SELECT pg_sleep(60)")

    async def gone() -> bool:
        return await idle() == 0

    await wait_until(gone, what="every connection to be given up")
    assert pool.generation > generation
    assert await pool.fetchval("SELECT 1") == 1
    await pool.close()


async def test_a_store_that_is_not_there_is_unavailable() -> None:
    store = PostgresStore("postgresql://nobody:secret@127.0.0.1:1/none")
    assert "secret" not in store.url
    with pytest.raises(StoreUnavailable) as caught:
        await store.open()
    assert "secret" not in str(caught.value)


async def test_everything_works_without_session_state(postgres_url: str) -> None:
    """What a transaction-mode pooler allows: no prepared statements, no settings, no LISTEN."""
    store = PostgresStore(postgres_url, PostgresOptions(pooler=True))
    await store.open()
    worker = await add_worker(store)
    jobs = [new_job() for _ in range(30)]
    await store.intake.enqueue(jobs)
    claimed: list[Any] = await store.claims.claim(request_for(worker))
    await store.claims.settle([decide(job, Succeeded(b"1"), rand=0.5) for job in claimed])
    assert (await store.stats.count("default")).states["completed"] == 30
    async with store.notifier.listen([], ["default"]):
        assert not await store.notifier.wake([QueueRef("default", "default")])
    await store.close()
