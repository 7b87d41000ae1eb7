"""The database goes away and comes back; the workers stay (RELIABILITY F9, F10, F11, F12)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
from tests.faults.proxy import Proxy
from tests.faults.rig import LEASE, SLACK, Program, Rig

from taskflowmq import State
from taskflowmq.testing.postgres import PostgresServer, PostgresUnavailable
from taskflowmq.testing.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.postgres]


@pytest.fixture(scope="module")
def own_server() -> Iterator[PostgresServer]:
    """A server that may be hurt: the shared one serves other tests at the same time."""
    server = PostgresServer.start()
    yield server
    server.stop()


@pytest.fixture
async def hurt_rig(own_server: PostgresServer, tmp_path: Path) -> AsyncIterator[Rig]:
    def created() -> str | None:
        try:
            return own_server.create_database()
        except PostgresUnavailable:  # it still recovers from the last test
            return None

    rig = Rig(own_server.url(await wait_until(created, 20, what="a server that has recovered")), tmp_path)
    await rig.app.aopen()
    yield rig
    await rig.close()


@pytest.fixture
async def proxied(postgres_url: str, tmp_path: Path) -> AsyncIterator[tuple[Rig, Proxy, str]]:
    """A client beside the proxy, programs behind it."""
    rig, proxy = Rig(postgres_url, tmp_path), Proxy(postgres_url)
    url = await proxy.start()
    yield rig, proxy, url
    await rig.close()
    await proxy.close()


async def crash(url: str) -> None:
    """Kill a backend as the kernel would: the server ends all connections and recovers from its log."""
    conn = await asyncpg.connect(url)
    try:
        await conn.execute("COPY (SELECT 1) TO PROGRAM 'kill -9 $PPID'")
    except (asyncpg.PostgresError, OSError, asyncpg.InterfaceError):
        return
    finally:
        conn.terminate()


async def terminate_everyone(url: str) -> None:
    conn = await asyncpg.connect(url)
    try:
        await conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    finally:
        await conn.close()


async def test_a_database_that_stops_at_once_under_load_loses_nothing(
    hurt_rig: Rig, own_server: PostgresServer
) -> None:
    rig = hurt_rig
    jobs = await rig.app.aenqueue_many([rig.app.tasks["nap"].job(seconds=0.05) for _ in range(1_200)])
    program = rig.program()
    await rig.started(jobs[0])
    pids = [child.pid for child in program.children()]
    for turn in (1, 2, 3):
        await wait_until(lambda: len(rig.ledger()) > turn * 400, 19, what="progress")  # noqa: B023
        await asyncio.to_thread(own_server.crash)
        await asyncio.to_thread(own_server.recover)
        ready = time.monotonic()
        # It can only be claimed after the outage, and goes before all others.
        probe = await rig.app.asend("quick", {"n": turn}, priority=-10)
        await rig.started(probe, timeout=5 - (time.monotonic() - ready))
        jobs.append(probe)
    # One process of the database dies, and all connections with it.
    await crash(rig.url)
    views = await rig.final(*jobs, timeout=30)
    assert {view.state for view in views} == {State.COMPLETED}
    assert all((view.counters.attempt, view.counters.losses, view.counters.crashes) == (1, 0, 0) for view in views)
    assert [child.pid for child in program.children()] == pids
    assert max(rig.all_starts().values()) == 1, "an outage ran a job twice"
    await rig.check()


async def test_a_server_that_turns_read_only_is_waited_out(hurt_rig: Rig) -> None:
    rig = hurt_rig
    program = rig.program()
    pids = await children_of(program)
    before = await rig.send("quick", n=1)
    ends_meanwhile = await rig.send("nap", seconds=1.5)
    ends_after = await rig.send("nap", seconds=3 * LEASE)
    await rig.final(before)
    await rig.started(ends_meanwhile, ends_after)
    admin = await asyncpg.connect(rig.url)
    await admin.execute("ALTER SYSTEM SET default_transaction_read_only = on")
    await admin.execute("SELECT pg_reload_conf()")
    until = time.monotonic() + 2 * LEASE
    await wait_until(lambda: time.monotonic() > until and "wait for the store" in program.log(), 15)
    await admin.execute("SET default_transaction_read_only = off")
    await admin.execute("ALTER SYSTEM RESET default_transaction_read_only")
    await admin.execute("SELECT pg_reload_conf()")
    await admin.close()
    healed_from = time.monotonic()
    after = await rig.send("quick", n=2)
    views = await rig.final(after, ends_meanwhile, timeout=10)
    assert time.monotonic() - healed_from < 10
    views += await rig.final(ends_after)
    assert [(v.state, v.counters.attempt, v.counters.lease_no) for v in views] == [(State.COMPLETED, 1, 1)] * 3
    assert max(rig.all_starts().values()) == 1
    assert await children_of(program) == pids


async def children_of(program: Program) -> list[int]:
    """Return the process ids of the children, once there are some."""
    return [child.pid for child in await wait_until(program.children, what="a child")]


async def test_connections_that_are_terminated_again_and_again_come_back(rig_pg: Rig) -> None:
    rig, turns = rig_pg, 10
    jobs = await rig.app.aenqueue_many([rig.app.tasks["nap"].job(seconds=0.05) for _ in range(2_000)])
    program = rig.program()
    pids = await children_of(program)
    for turn in range(turns):
        await wait_until(lambda: len(rig.ledger()) > 360 * turn, 19, what="progress")  # noqa: B023
        await terminate_everyone(rig.url)
    views = await rig.final(*jobs, timeout=30)
    assert {view.state for view in views} == {State.COMPLETED}
    assert max(rig.all_starts().values()) == 1
    assert await children_of(program) == pids
    # The worker hears of new jobs again, not only when it looks for them.
    await wait_until(lambda: listeners(rig.url), what="a connection that listens")
    await rig.check()


async def listeners(url: str) -> int:
    """Return how many connections last said LISTEN."""
    conn = await asyncpg.connect(url)
    try:
        count: int = await conn.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN %'"
        )
        return count
    finally:
        await conn.close()


@pytest.fixture
async def rig_pg(postgres_url: str, tmp_path: Path) -> AsyncIterator[Rig]:
    rig = Rig(postgres_url, tmp_path)
    await rig.app.aopen()
    yield rig
    await rig.close()


@pytest.mark.parametrize("how", ["swallow", "cut"])
async def test_an_outage_longer_than_the_lease_runs_no_job_twice(proxied: tuple[Rig, Proxy, str], how: str) -> None:
    rig, proxy, url = proxied
    rig.program(url=url)
    rig.program(url=url)
    jobs = [await rig.send("nap", seconds=LEASE) for _ in range(20)]
    longer = [await rig.send("nap", seconds=4 * LEASE) for _ in range(5)]
    await rig.started(*jobs, *longer)
    getattr(proxy, how)()
    # Every worker is cut off for three leases; the bodies end meanwhile, and nobody can tell the store.
    silent_until = time.monotonic() + 3 * LEASE
    ended = lambda: sum(line["event"] == "end" for line in rig.ledger()) == len(jobs)  # noqa: E731
    await wait_until(lambda: ended() and time.monotonic() > silent_until, 19, what="three leases and the bodies")
    proxy.flow()
    views = await rig.final(*jobs, *longer, timeout=15 + SLACK)
    assert {view.state for view in views} == {State.COMPLETED}
    assert set(rig.all_starts(*jobs, *longer).values()) == {1}
    assert all((view.counters.lease_no, view.counters.attempt) == (1, 1) for view in views)
    await rig.check()


async def test_one_worker_that_is_cut_off_loses_its_jobs_to_another(proxied: tuple[Rig, Proxy, str]) -> None:
    rig, proxy, url = proxied
    alone = rig.program(url=url)
    jobs = [await rig.send("nap", seconds=1.0) for _ in range(5)]
    await rig.started(*jobs)
    proxy.swallow()
    rig.program()
    await rig.started(*jobs, times=2, timeout=2 * LEASE + LEASE + SLACK)
    views = await rig.final(*jobs)
    proxy.flow()
    await wait_until(lambda: alone.log().count(" stale after ") == len(jobs), 15, what="the refused completions")
    again = [await job.ajob() for job in jobs]
    assert [view.counters for view in again] == [view.counters for view in views]
    assert all((view.state, view.counters.losses, view.result) == (State.COMPLETED, 1, b"2") for view in again)
    assert [rig.starts(job) for job in jobs] == [2] * len(jobs)
    await rig.check()
