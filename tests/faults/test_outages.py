"""The database goes away and comes back; the workers stay (RELIABILITY F9, F10, F12)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from tests.faults.proxy import Proxy
from tests.faults.rig import LEASE, MACHINE, PATIENCE, RECOVERY, Program, Rig

from taskflowmq import State
from taskflowmq.testing.postgres import PostgresServer
from taskflowmq.testing.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.postgres]

HEALED = 10.0


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


async def test_a_database_that_stops_at_once_under_load_loses_nothing(
    hurt_rig: Rig, own_server: PostgresServer
) -> None:
    rig = hurt_rig
    jobs = await rig.app.aenqueue_many([rig.app.tasks["nap"].job(seconds=0.05) for _ in range(1_200)])
    program = rig.program()
    await rig.started(jobs[0])
    pids = [child.pid for child in program.children()]
    slowest = 0.0
    for turn in range(1, 5):
        await wait_until(lambda: len(rig.ledger()) > turn * 400, PATIENCE, what="progress")  # noqa: B023
        await asyncio.to_thread(own_server.crash)
        await asyncio.to_thread(own_server.recover)
        ready = time.monotonic()
        # It can only be claimed after the outage, and goes before all others.
        probe = await rig.app.asend("quick", {"n": turn}, priority=-10)
        await rig.started(probe, timeout=5 + MACHINE - (time.monotonic() - ready))
        slowest = max(slowest, time.monotonic() - ready)
        jobs.append(probe)
    # One process of the database dies, and all connections with it.
    await crash(rig.url)
    views = await rig.final(*jobs)
    lost = sum(view.state is not State.COMPLETED for view in views)
    print(f"F9: 5 stops at once, jobs {len(views)}, lost {lost}, first claim within {slowest:.2f} s after ready")
    assert lost == 0
    assert all((view.counters.attempt, view.counters.losses, view.counters.crashes) == (1, 0, 0) for view in views)
    assert [child.pid for child in program.children()] == pids
    assert max(rig.all_starts().values()) == 1, "an outage ran a job twice"
    await rig.check()


async def test_a_server_that_turns_read_only_is_waited_out(hurt_rig: Rig, tmp_path: Path) -> None:
    rig, hold = hurt_rig, tmp_path / "hold"
    hold.touch()
    program = rig.program(TEST_HOLD=hold)
    pids = await children_of(program)
    before = await rig.send("quick", n=1)
    ends_meanwhile = await rig.send("nap", seconds=1.5)
    ends_after = await rig.send("hold")
    await rig.final(before)
    await rig.started(ends_meanwhile, ends_after)
    admin = await asyncpg.connect(rig.url)
    await admin.execute("ALTER SYSTEM SET default_transaction_read_only = on")
    await admin.execute("SELECT pg_reload_conf()")
    until = time.monotonic() + 3 * LEASE
    await wait_until(lambda: time.monotonic() > until and "outcomes" in program.log(), 15)
    await admin.execute("SET default_transaction_read_only = off")
    await admin.execute("ALTER SYSTEM RESET default_transaction_read_only")
    await admin.execute("SELECT pg_reload_conf()")
    await admin.close()
    healed_from = time.monotonic()
    after = await rig.send("quick", n=2)
    views = await rig.final(after, ends_meanwhile, timeout=HEALED)
    healed = time.monotonic() - healed_from
    hold.unlink()
    views += await rig.final(ends_after)
    print(f"F10: read-only for {3 * LEASE:g} s, turned back: healed after {healed:.2f} s, jobs run twice 0")
    assert healed <= HEALED
    assert [(v.state, v.counters.attempt, v.counters.lease_no) for v in views] == [(State.COMPLETED, 1, 1)] * 3
    assert max(rig.all_starts().values()) == 1
    assert await children_of(program) == pids


async def children_of(program: Program) -> list[int]:
    """Return the process ids of the children, once there are some."""
    return [child.pid for child in await wait_until(program.children, what="a child")]


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
    await wait_until(lambda: ended() and time.monotonic() > silent_until, PATIENCE, what="three leases and the bodies")
    proxy.flow()
    flows_from = time.monotonic()
    views = await rig.final(*jobs, timeout=HEALED)
    landed = time.monotonic() - flows_from
    views += await rig.final(*longer, timeout=LEASE + HEALED)
    starts = rig.all_starts(*jobs, *longer).values()
    print(
        f"F12: all cut off ({how}) for {3 * LEASE:g} s, lease {LEASE:g} s: {len(jobs)} completions landed within "
        f"{landed:.2f} s, jobs run twice {sum(count - 1 for count in starts)}"
    )
    assert {view.state for view in views} == {State.COMPLETED}
    assert set(starts) == {1}
    assert all((view.counters.lease_no, view.counters.attempt) == (1, 1) for view in views)
    await rig.check()


async def test_one_worker_that_is_cut_off_loses_its_jobs_to_another_and_the_other_keeps_its_own(
    proxied: tuple[Rig, Proxy, str],
) -> None:
    rig, proxy, url = proxied
    cut_off = rig.program(url=url, TASKFLOW_QUEUES="default")
    rig.program(TASKFLOW_QUEUES="theirs")
    nap = rig.app.tasks["nap"].using(queue="theirs")
    theirs = await rig.app.aenqueue_many([nap.job(seconds=RECOVERY + 2 * LEASE) for _ in range(5)])
    await rig.started(*theirs)
    jobs = [await rig.send("nap", seconds=2.0) for _ in range(5)]
    await rig.started(*jobs)
    proxy.swallow()
    cut_at = time.monotonic()

    async def rescued() -> bool:
        return all([(await job.ajob()).counters.losses for job in jobs])

    await wait_until(rescued, RECOVERY + MACHINE, what="the rescue")
    rescued_after = time.monotonic() - cut_at
    rig.program()
    views = await rig.final(*jobs)
    others = await rig.final(*theirs)
    proxy.flow()
    await wait_until(lambda: cut_off.log().count(" stale after ") == len(jobs), HEALED, what="the refused completions")
    after = [await job.ajob() for job in jobs]
    again = sum(rig.starts(job) - 1 for job in theirs)
    print(
        f"F12: one worker cut off: its {len(jobs)} jobs rescued after {rescued_after:.2f} s, others run again {again}"
    )
    assert [view.counters for view in after] == [view.counters for view in views]
    assert all((view.state, view.counters.losses, view.raw_result) == (State.COMPLETED, 1, b"2") for view in after)
    assert [rig.starts(job) for job in jobs] == [2] * len(jobs)
    assert again == 0
    assert [(view.state, view.counters.lease_no) for view in others] == [(State.COMPLETED, 1)] * len(theirs)
    await rig.check()
