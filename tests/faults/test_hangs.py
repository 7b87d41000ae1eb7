"""Bodies that do not come back, and loops that do not turn (RELIABILITY F3, F4, F41)."""

from __future__ import annotations

import time

import pytest
from tests.faults.rig import LEASE, MACHINE, PATIENCE, SLACK, Rig

from taskflowmq import State
from taskflowmq.core.job import Reason
from taskflowmq.testing.waiting import wait_until

pytestmark = pytest.mark.slow

HANGING = (
    "spin_forever",
    "block_the_loop",
    "swallow_cancellation",
    "thread_forever",
    "hold_the_interpreter",
    "process_forever",
)


@pytest.mark.parametrize("name", HANGING)
async def test_a_body_that_hangs_is_timed_out_and_the_worker_takes_the_next_job(sqlite_rig: Rig, name: str) -> None:
    rig = sqlite_rig
    rig.program()
    innocent = await rig.send("thread_nap", seconds=0.1)
    await rig.final(innocent)
    hanging = await rig.send(name)
    await rig.started(hanging)
    began = time.monotonic()
    bystander = await rig.send("nap", seconds=0.1)
    (view,) = await rig.final(hanging)
    ended = time.monotonic() - began
    following = await rig.send("quick", n=5)
    others = await rig.final(following, bystander)
    print(f"F3 {name}: timed out after {ended:.2f} s, next job {rig.begun_at(following) - began:.2f} s")
    assert ended < 1 + 1 + MACHINE
    # Another process may have started for it.
    assert rig.begun_at(following) - began < 1 + 2 + MACHINE
    assert (view.state, view.reason) == (State.DEAD, Reason.TIMEOUT)
    assert [other.state for other in others] == [State.COMPLETED] * 2
    # The bystander is not to blame: whatever it took, it cost no attempt.
    assert all(other.counters.attempt == 1 and other.counters.crashes == 0 for other in others)
    await rig.check()


async def test_loading_the_app_costs_a_body_process_none_of_its_time(sqlite_rig: Rig) -> None:
    rig = sqlite_rig
    program = rig.program(app="tests.faults.slow_to_load:app")
    await wait_until(lambda: " started  concurrency" in program.log(), PATIENCE, what="a worker")
    job = await rig.app.asend("prompt", {"n": 7})
    (view,) = await rig.final(job)
    assert (view.state, view.raw_result, rig.starts(job)) == (State.COMPLETED, b"7", 1)


@pytest.mark.parametrize("name", ["nap", "process_nap"])
async def test_a_cancelled_body_is_stopped_within_seconds(rig: Rig, name: str) -> None:
    rig.program()
    job = await rig.send(name, seconds=60.0)
    await rig.started(job)
    asked = time.monotonic()
    assert await job.acancel() == "requested"
    (view,) = await rig.final(job)
    print(f"cancelled {name}: {time.monotonic() - asked:.2f} s")
    assert time.monotonic() - asked < 1 + MACHINE
    assert (view.state, view.reason) == (State.CANCELLED, Reason.CANCELLED_BY_USER)
    await rig.check()


async def test_a_busy_loop_is_not_a_dead_worker(rig: Rig) -> None:
    rig.program()
    rig.program()
    job = await rig.send("spin", seconds=3 * LEASE)
    await rig.started(job)
    (view,) = await rig.final(job, timeout=3 * LEASE + MACHINE)
    print(f"spin: {time.monotonic() - rig.begun_at(job):.2f} s")
    assert (view.state, view.counters.lease_no, rig.starts(job)) == (State.COMPLETED, 1, 1)
    assert (view.counters.attempt, view.counters.losses) == (1, 0)


async def test_a_pattern_that_holds_the_interpreter_is_not_a_dead_worker(sqlite_rig: Rig) -> None:
    rig = sqlite_rig
    rig.program()
    rig.program()
    job = await rig.send("backtrack", seconds=3 * LEASE)
    await rig.started(job)
    # Its last match may take as long as all before it.
    (view,) = await rig.final(job, timeout=6 * LEASE + SLACK)
    print(f"backtrack: {time.monotonic() - rig.begun_at(job):.2f} s")
    assert (view.state, view.counters.lease_no, rig.starts(job)) == (State.COMPLETED, 1, 1)
    assert (view.counters.attempt, view.counters.losses) == (1, 0)
    assert float(view.raw_result or b"0") > LEASE, "it never held the interpreter for longer than a lease"


async def test_results_and_exceptions_that_cannot_be_stored_end_their_jobs(rig: Rig) -> None:
    program = rig.program()
    results = [await rig.send("unstorable", kind=kind) for kind in ("lambda", "nan", "deep")]
    views = await rig.final(*results)
    assert [(view.state, view.raw_result, bool(view.result_error)) for view in views] == [
        (State.COMPLETED, None, True)
    ] * 3
    pid = program.children()[0].pid
    errors = [await rig.send("unstorable", kind=kind) for kind in ("exit", "str", "base")]
    failed = await rig.final(*errors)
    assert [view.reason for view in failed] == [Reason.ATTEMPTS_EXHAUSTED] * 3
    assert program.children()[0].pid == pid
