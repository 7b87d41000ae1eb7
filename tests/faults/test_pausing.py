"""Pausing a queue reaches what a worker has claimed and not started (DESIGN section 5: prefetch is given back)."""

from __future__ import annotations

import pytest
from tests.faults.rig import SLACK, Rig

from taskflowmq import State
from taskflowmq.testing.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(200)]

LEARNT = 1.0


async def test_a_paused_queue_gets_back_what_waits_for_a_process(rig: Rig) -> None:
    # More jobs than there are processes for bodies, which are as many as processors.
    rig.program(TASKFLOW_CONCURRENCY=20)
    jobs = [await rig.send("process_nap", seconds=1.0) for _ in range(20)]
    await wait_until(lambda: rig.ledger(), 30, what="the first body")
    await rig.app.queues.apause("default")

    async def given_back() -> bool:
        views = [await job.ajob() for job in jobs]
        return all(view.state in (State.PENDING, State.COMPLETED) for view in views)

    await wait_until(given_back, LEARNT + 2.0 + SLACK, what="the hand-back")
    views = [await job.ajob() for job in jobs]
    waiting = [view for view in views if view.state is State.PENDING]
    assert waiting, "all of them ran although their queue was paused"
    assert {view.counters.attempt for view in waiting} == {0}
    assert sum(rig.all_starts(*jobs).values()) == len(jobs) - len(waiting)
    await rig.app.queues.aresume("default")
    views = await rig.final(*jobs, timeout=60)
    assert {(view.state, view.counters.attempt) for view in views} == {(State.COMPLETED, 1)}
    assert set(rig.all_starts(*jobs).values()) == {1}
