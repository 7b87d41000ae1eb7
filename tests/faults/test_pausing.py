"""Pausing a queue reaches what a worker has claimed and not started (DESIGN section 5: prefetch is given back)."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tests.faults.rig import LEASE, PATIENCE, RECOVERY, SLACK, Rig

from taskflowmq import Handle, State, StoreUnavailable
from taskflowmq.testing.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(200)]

LEARNT = 1.0


async def test_a_paused_queue_gets_back_what_waits_for_a_process(rig: Rig, tmp_path: Path) -> None:
    # More jobs than there are processes for bodies, which are as many as processors.
    count = 20 + (os.cpu_count() or 1)
    hold = tmp_path / "hold"
    hold.touch()
    rig.program(TASKFLOW_CONCURRENCY=count, TEST_HOLD=hold)
    jobs = [await rig.send("process_hold") for _ in range(count)]
    await wait_until(lambda: rig.ledger(), PATIENCE, what="the first body")
    await rig.app.queues.apause("default", create=True)

    async def states() -> Counter[State]:
        return Counter([(await job.ajob()).state for job in jobs])

    async def given_back() -> bool:
        # What still runs has begun; a process may be starting for one that was claimed before the pause.
        running = (await states())[State.RUNNING]
        return running < count and running == sum(rig.all_starts(*jobs).values())

    await wait_until(given_back, LEARNT + 2.0 + SLACK, what="the hand-back")
    hold.unlink()

    async def idle() -> bool:
        return not (await states())[State.RUNNING]

    await wait_until(idle, PATIENCE, what="the end of what had begun")
    views = [await job.ajob() for job in jobs]
    waiting = [view for view in views if view.state is State.PENDING]
    assert waiting, "all of them ran although their queue was paused"
    assert {view.counters.attempt for view in waiting} == {0}
    assert sum(rig.all_starts(*jobs).values()) == len(jobs) - len(waiting)
    await rig.app.queues.aresume("default")
    views = await rig.final(*jobs)
    assert {(view.state, view.counters.attempt) for view in views} == {(State.COMPLETED, 1)}
    assert set(rig.all_starts(*jobs).values()) == {1}


async def test_a_program_that_is_stopped_with_the_write_lock_holds_nobody_up_for_longer_than_a_lease(
    sqlite_rig: Rig,
) -> None:
    """Nothing but the end of its process frees SQLite's lock, and its own supervisor is stopped, too."""
    rig = sqlite_rig
    await rig.app.aopen()
    other = rig.program(TASKFLOW_QUEUES="other")
    await wait_until(lambda: " started  concurrency" in other.log(), PATIENCE, what="the other worker")
    frozen = rig.program(TASKFLOW_QUEUES="default")
    job = await rig.send("stop_with_the_write_lock")

    def holds() -> list[float]:
        return [line["at"] for line in rig.ledger() if line["event"] == "holds"]

    (began,) = await wait_until(holds, PATIENCE, what="the write lock to be taken")

    async def stored() -> Handle[Any] | None:
        try:
            return await rig.app.asend("quick", {"n": 1}, queue="other")
        except StoreUnavailable:
            return None

    innocent = await wait_until(stored, LEASE + SLACK + 20, what="a write")
    await rig.started(innocent, timeout=SLACK)
    waited = rig.begun_at(innocent) - began
    print(f"F2: stopped with the write lock, another job ran {waited:.1f} s later; lease {LEASE:g} s")
    # The lease from its last renewal, a look per second, the lock's own pauses.
    assert waited < LEASE + 2.0 + SLACK
    assert "killed process" in other.log()
    rig.program(TASKFLOW_QUEUES="default")
    # Nobody could renew a lease meanwhile, so there is a grace of one more before anybody counts as lost.
    await rig.started(job, times=2, timeout=2 * LEASE + RECOVERY + SLACK)
    (view,) = await rig.final(job)
    assert (view.state, view.counters.lease_no) == (State.COMPLETED, 2)
    frozen.close()
    await rig.check()
