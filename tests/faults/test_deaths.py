"""Processes that die, freeze or take their jobs with them (RELIABILITY F1, F2, F5)."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import httpx
import pytest
from tests.faults.rig import LEASE, PATIENCE, POLL, RECOVERY, SLACK, Rig, free_port

from taskflowmq import State
from taskflowmq.core.job import Reason
from taskflowmq.testing.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(200)]


async def test_a_killed_child_is_replaced_and_its_jobs_run_again_soon(rig: Rig, tmp_path: Path) -> None:
    hold = tmp_path / "hold"
    hold.touch()
    program = rig.program(TEST_HOLD=hold)
    jobs = [await rig.send("hold") for _ in range(5)]
    await rig.started(*jobs)
    program.children()[0].kill()
    hold.unlink()  # they run again one at a time, in a process of their own
    views = await rig.final(*jobs)
    assert [view.state for view in views] == [State.COMPLETED] * 5
    assert all(view.counters.attempt == 1 and view.counters.crashes == 1 for view in views)
    assert all(rig.starts(job) == 2 for job in jobs)
    await rig.check()


async def test_a_killed_supervisor_takes_its_children_along_and_the_jobs_are_rescued(rig: Rig) -> None:
    first = rig.program()
    jobs = [await rig.send("nap", seconds=60.0) for _ in range(3)]
    quick = await rig.send("nap", seconds=0.0)
    await rig.started(*jobs)
    await rig.final(quick)
    children = first.children()
    second = rig.program()
    await wait_until(lambda: bool(second.children()), what="the second program")
    killed = time.monotonic()
    first.signal(signal.SIGKILL)
    await wait_until(lambda: not any(child.is_running() and child.status() != "zombie" for child in children))
    await rig.started(*jobs, times=2)
    again = max(rig.begun_at(job, 2) for job in jobs) - killed
    print(f"F1: jobs of a killed program ran again after {again:.2f} s, T {RECOVERY:g} s")
    # Claimed within T; the ledger says when the body began, a poll later.
    assert again < RECOVERY + POLL
    views = [await job.ajob() for job in jobs]
    assert all(view.counters.losses == 1 and view.counters.attempt == 1 for view in views)
    await rig.check()


async def test_a_frozen_worker_that_wakes_up_changes_nothing(rig: Rig) -> None:
    port = free_port()
    frozen = rig.program(TASKFLOW_HEALTH_PORT=port)
    job = await rig.send("nap", seconds=2.0)
    await rig.started(job)
    frozen.freeze(rig.url)
    other = rig.program()
    await rig.started(job, times=2, timeout=2 * LEASE + RECOVERY + SLACK)
    (view,) = await rig.final(job)
    frozen.signal_all(signal.SIGCONT)
    # The first body wakes up, ends, and finds that its fence is gone.
    await wait_until(lambda: "stale" in frozen.log(), PATIENCE, what="the stale completion")
    again = await job.ajob()
    assert (again.state, again.counters, again.finished_at) == (State.COMPLETED, view.counters, view.finished_at)
    assert (again.counters.lease_no, again.result) == (2, 2)
    async with httpx.AsyncClient() as client:
        page = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
    assert "taskflow_stale_writes_total 1.0" in page.splitlines()
    # It noticed that it was taken for dead, and works again with a new child.
    other.close()
    late = await rig.send("quick", n=1)
    await rig.final(late)
    await rig.check()


async def test_a_pill_dies_alone_after_three_starts_and_the_innocents_complete(rig: Rig) -> None:
    innocents = [await rig.send("nap", seconds=0.3) for _ in range(20)]
    pill = await rig.send("pill")
    rig.program()
    (dead,) = await rig.final(pill)
    print(f"F5: dead after {time.monotonic() - rig.begun_at(pill):.2f} s")
    assert (dead.state, dead.reason) == (State.DEAD, Reason.CRASH_LOOP)
    assert rig.starts(pill) == 3
    views = await rig.final(*innocents)
    assert {view.state for view in views} == {State.COMPLETED}
    await rig.check()


async def test_a_crashed_body_process_takes_only_its_own_job(sqlite_rig: Rig) -> None:
    rig = sqlite_rig
    program = rig.program()
    long = await rig.send("nap", seconds=2.0)
    await rig.started(long)
    pids = [child.pid for child in program.children()]
    pill = await rig.send("process_pill")
    hog = await rig.send("hog")
    square = await rig.send("process_square", n=7)
    dead, hogged, squared, slept = await rig.final(pill, hog, square, long)
    print(f"F5 in a process: all ended {time.monotonic() - rig.begun_at(long):.2f} s")
    assert (dead.reason, rig.starts(pill)) == (Reason.CRASH_LOOP, 3)
    assert b"exit code 7" in (dead.raw_error or b"")
    assert b"MemoryError" in (hogged.raw_error or b"")
    assert (squared.raw_result, slept.state, rig.starts(long)) == (b"49", State.COMPLETED, 1)
    assert pids[0] in [child.pid for child in program.children()]
