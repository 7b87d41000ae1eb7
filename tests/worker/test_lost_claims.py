"""Jobs of a claim whose answer was lost: held by a living worker that does not know of them."""

from __future__ import annotations

import asyncio

import pytest
from tests.worker.conftest import MakeWorker
from tests.worker.fakes import FakeStore, FakeTasks

from taskflowmq.core.job import State


async def noop() -> None:
    return None


@pytest.mark.slow
async def test_jobs_of_a_lost_claim_run_without_a_rescue(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker
) -> None:
    rows = [store.put(tasks.add(noop, name="noop")) for _ in range(5)]
    store.lose_claims = 1
    await make_worker().start()
    await store.until(lambda: all(row.state is State.COMPLETED for row in rows))
    assert {row.counters.attempt for row in rows} == {1}
    assert {row.counters.lease_no for row in rows} == {2}
    assert {row.counters.losses for row in rows} == {0}


async def test_a_check_leaves_what_runs_and_what_is_being_stored_alone(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker
) -> None:
    gate = asyncio.Event()

    async def wait() -> None:
        await gate.wait()

    rows = [store.put(tasks.add(wait, name="wait")) for _ in range(8)]
    worker = make_worker()
    await worker.start()
    await store.until(lambda: store.count(State.RUNNING) == 8)
    assert await worker._lost_claims.look() == 0
    store.away = True
    gate.set()
    await worker._executor.idle()  # all have ended, and the store does not know it yet
    store.away = False
    assert await worker._lost_claims.look() == 0
    await store.until(lambda: store.count(State.COMPLETED) == 8)
    assert all(len(row.history) == 1 for row in rows)
