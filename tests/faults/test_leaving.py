"""Signals, drain and hand-back, rolling deploys, forks and recycling (RELIABILITY F38, F39, F40, F48)."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest
from tests.faults.rig import MACHINE, PATIENCE, Rig

from taskflowmq import State
from taskflowmq.testing.waiting import wait_until

pytestmark = pytest.mark.slow


async def test_the_first_sigterm_drains_and_exits_clean(rig: Rig, tmp_path: Path) -> None:
    hold = tmp_path / "hold"
    hold.touch()
    program = rig.program(TASKFLOW_CONCURRENCY=2, TEST_HOLD=hold)
    running = [await rig.send("hold") for _ in range(2)]
    await rig.started(*running)
    waiting = await rig.send("quick", n=1)
    program.signal(signal.SIGTERM)
    # Its children are told at once; a held job looks for its file every 0.3 s.
    await wait_until(lambda: "draining for up to" in program.log(), PATIENCE, what="the drain")
    hold.unlink()
    assert await program.wait() == 0
    assert [view.state for view in await rig.final(*running)] == [State.COMPLETED] * 2
    view = await waiting.ajob()
    assert (view.state, view.counters.attempt) == (State.PENDING, 0)


@pytest.mark.parametrize("second", [False, True])
async def test_what_does_not_finish_is_handed_back_and_runs_elsewhere_at_once(rig: Rig, second: bool) -> None:
    program = rig.program(TASKFLOW_DRAIN_SECONDS=60 if second else 1)
    jobs = [await rig.send("nap", seconds=60.0), await rig.send("thread_nap", seconds=60.0)]
    await rig.started(*jobs)
    other = rig.program()
    await wait_until(lambda: " started  concurrency" in other.log(), PATIENCE, what="another worker")
    began = time.monotonic()
    program.signal(signal.SIGTERM)
    if second:
        program.signal(signal.SIGINT)
    assert await program.wait() == 75
    ended = time.monotonic()
    await rig.started(*jobs, times=2)
    again = max(rig.begun_at(job, 2) for job in jobs) - ended
    print(f"F39: ended after {ended - began:.2f} s, handed back jobs began {again:+.2f} s after that")
    # The time to drain, unless told to hurry; and the second that a thread is given to notice.
    assert ended - began < (0 if second else 1) + 1 + MACHINE
    assert again < MACHINE
    views = [await job.ajob() for job in jobs]
    assert all((view.counters.attempt, view.counters.crashes, view.counters.losses) == (1, 0, 0) for view in views)
    await rig.check()


AS_PID_1 = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")


def pid_1_refused() -> str | None:
    """Say why no program can be PID 1 here; containers forbid it even to root."""
    if os.geteuid() != 0:
        return "it needs root"
    if not shutil.which("unshare"):
        return "there is no unshare command"
    tried = subprocess.run([*AS_PID_1, "true"], capture_output=True, text=True, check=False)
    return tried.stderr.strip() if tried.returncode else None


@pytest.mark.root
async def test_as_pid_1_it_hears_signals_and_reaps(sqlite_rig: Rig) -> None:
    if why := pid_1_refused():
        pytest.skip(f"NOT RUN: nothing has shown here that a worker as PID 1 drains on SIGTERM and reaps: {why}")
    rig = sqlite_rig
    program = rig.program(prefix=AS_PID_1)
    job = await rig.send("nap", seconds=3.0)
    await rig.started(job)
    orphan = await rig.send("leave_an_orphan")
    await rig.final(orphan)
    (init,) = program.children()

    def orphans() -> list[psutil.Process]:
        return [child for child in init.children() if "python" not in child.name()]

    await wait_until(lambda: not orphans(), what="the reaping of the orphan")
    init.send_signal(signal.SIGTERM)
    assert await program.wait() == 0
    assert (await job.ajob()).state is State.COMPLETED


async def test_tasks_of_the_next_release_wait_for_it(rig: Rig) -> None:
    rig.program()
    early = await rig.send("tomorrow")
    known = await rig.send("quick", n=1)
    await rig.final(known)
    view = await early.ajob()
    assert (view.state, view.counters.attempt) == (State.PENDING, 0)
    rig.program(app="tests.faults.next_release:app")
    (done,) = await rig.final(early)
    assert (done.raw_result, done.counters.attempt) == (b'"here"', 1)


async def test_several_children_share_a_queue_without_sharing_connections(rig: Rig) -> None:
    jobs = await rig.app.aenqueue_many([rig.app.tasks["quick"].job(n=n) for n in range(300)])
    program = rig.program(TASKFLOW_PROCESSES=2)
    views = await rig.final(*jobs)
    assert {view.state for view in views} == {State.COMPLETED}
    assert [rig.starts(job) for job in jobs] == [1] * 300
    assert "ERROR" not in program.log()
    await rig.check()


async def test_children_are_replaced_after_enough_jobs_and_lose_none(sqlite_rig: Rig) -> None:
    rig = sqlite_rig
    program = rig.program(TASKFLOW_MAX_JOBS=20, TASKFLOW_CONCURRENCY=2)
    await wait_until(lambda: bool(program.children()), what="a child")
    first = program.children()[0].pid
    jobs = await rig.app.aenqueue_many([rig.app.tasks["nap"].job(seconds=0.02) for _ in range(100)])
    views = await rig.final(*jobs)
    assert {(view.state, view.counters.attempt) for view in views} == {(State.COMPLETED, 1)}
    await wait_until(lambda: first not in [child.pid for child in program.children()], what="the replacement")
