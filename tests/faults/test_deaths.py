"""Processes that die, freeze or take their jobs with them (RELIABILITY F1, F2, F5, F6)."""

from __future__ import annotations

import random
import signal
from collections import Counter
from collections.abc import Sequence
from typing import Any

import httpx
import pytest
from tests.faults.rig import LEASE, RECOVERY, SLACK, Rig, free_port

from taskflowmq import Handle, State
from taskflowmq.core.job import Reason
from taskflowmq.testing.waiting import wait_until

pytestmark = pytest.mark.slow


async def test_a_killed_child_is_replaced_and_its_jobs_run_again_soon(rig: Rig) -> None:
    program = rig.program()
    jobs = [await rig.send("nap", seconds=1.0) for _ in range(5)]
    await rig.started(*jobs)
    program.children()[0].kill()
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
    first.signal(signal.SIGKILL)
    await wait_until(lambda: not any(child.is_running() and child.status() != "zombie" for child in children))
    await rig.started(*jobs, times=2, timeout=RECOVERY + SLACK)
    views = [await job.ajob() for job in jobs]
    assert all(view.counters.losses == 1 and view.counters.attempt == 1 for view in views)
    await rig.check()


async def test_children_killed_at_random_lose_no_job(rig: Rig) -> None:
    rng, kills = random.Random(20_261_122), 4
    jobs = await rig.app.aenqueue_many([rig.app.tasks["nap"].job(seconds=0.03) for _ in range(1_000)])
    program = rig.program(TASKFLOW_CONCURRENCY=8)
    for _ in range(kills):
        goal = len(rig.ledger()) + rng.randrange(1, 250)
        await wait_until(lambda: len(rig.ledger()) >= goal, 19, what="progress")  # noqa: B023
        rng.choice(await wait_until(program.children, what="a child")).kill()
    views = await rig.final(*jobs, timeout=30)
    assert {view.state for view in views} == {State.COMPLETED}
    assert all(view.counters.attempt == 1 and view.counters.losses == 0 for view in views)
    # Each body that began came to its end, or its job is charged with a crash; who ended unheard ran again.
    starts = rig.all_starts(*jobs)
    ends = Counter(line["job"] for line in rig.ledger() if line["event"] == "end")
    assert min(starts.values()) == 1
    assert max(starts.values()) <= 1 + kills
    assert all(starts[str(view.id)] <= ends[str(view.id)] + view.counters.crashes for view in views)
    assert sum(view.counters.crashes for view in views) <= 8 * kills
    await rig.check()


async def test_a_frozen_worker_that_wakes_up_changes_nothing(rig: Rig) -> None:
    port = free_port()
    frozen = rig.program(TASKFLOW_HEALTH_PORT=port)
    job = await rig.send("nap", seconds=1.0)
    await rig.started(job)
    frozen.signal_all(signal.SIGSTOP)
    other = rig.program()
    await rig.started(job, times=2, timeout=2 * LEASE + RECOVERY + SLACK)
    (view,) = await rig.final(job)
    frozen.signal_all(signal.SIGCONT)
    # The first body wakes up, ends, and finds that its fence is gone.
    await wait_until(lambda: "stale" in frozen.log(), 15, what="the stale completion")
    again = await job.ajob()
    assert (again.state, again.counters, again.finished_at) == (State.COMPLETED, view.counters, view.finished_at)
    assert (again.counters.lease_no, again.result) == (2, b"2")
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
    (dead,) = await rig.final(pill, timeout=19)
    assert (dead.state, dead.reason) == (State.DEAD, Reason.CRASH_LOOP)
    assert rig.starts(pill) == 3
    views = await rig.final(*innocents)
    assert {view.state for view in views} == {State.COMPLETED}
    await rig.check()


async def test_a_crashed_body_process_takes_only_its_own_job(sqlite_rig: Rig) -> None:
    rig = sqlite_rig
    program = rig.program()
    long = await rig.send("nap", seconds=1.0)
    await rig.started(long)
    pids = [child.pid for child in program.children()]
    pill = await rig.send("process_pill")
    hog = await rig.send("hog")
    square = await rig.send("process_square", n=7)
    dead, hogged, squared, slept = await rig.final(pill, hog, square, long, timeout=19)
    assert (dead.reason, rig.starts(pill)) == (Reason.CRASH_LOOP, 3)
    assert b"exit code 7" in (dead.error or b"")
    assert b"MemoryError" in (hogged.error or b"")
    assert (squared.result, slept.state, rig.starts(long)) == (b"49", State.COMPLETED, 1)
    assert pids[0] in [child.pid for child in program.children()]


async def test_mass_loss_buries_no_innocent_and_brings_no_storm(rig: Rig) -> None:
    jobs = await rig.app.aenqueue_many([rig.app.tasks["nap"].job(seconds=3.0) for _ in range(200)])
    for times in (1, 2):
        doomed = rig.program(TASKFLOW_PROCESSES=4)
        await wait_until(lambda: all_begun(rig, jobs, times), 19, what="all bodies")  # noqa: B023
        doomed.signal_all(signal.SIGKILL)
        await doomed.wait()
    rig.program(TASKFLOW_PROCESSES=4)
    views = await rig.final(*jobs, timeout=30)
    assert {view.state for view in views} == {State.COMPLETED}
    assert all(view.counters.attempt == 1 and view.counters.losses <= 2 for view in views)
    assert max(rig.all_starts(*jobs).values()) <= 3
    # The first rescue is quick on purpose. The second one holds back, and does not bring all jobs at once.
    assert span(rig, lease=3) > 0.8
    await rig.check()


def all_begun(rig: Rig, jobs: Sequence[Handle[Any]], times: int) -> bool:
    """Tell whether each body has begun so often, or has come to its end before."""
    starts = rig.all_starts(*jobs)
    ended = {line["job"] for line in rig.ledger() if line["event"] == "end"}
    return all(count >= times or job in ended for job, count in starts.items())


def span(rig: Rig, lease: int) -> float:
    """Return in how many seconds the middle four fifths of these starts happened."""
    starts = sorted(line["at"] for line in rig.ledger() if line["event"] == "start" and line["lease"] == lease)
    assert len(starts) > 50
    return starts[9 * len(starts) // 10] - starts[len(starts) // 10]
