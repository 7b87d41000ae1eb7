"""A worker whose lease is taken, and bodies that must not outlive it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tests.worker.conftest import MakeWorker
from tests.worker.fakes import FakeStore, FakeTasks

from taskflowmq.core.job import State
from taskflowmq.testing.clock import VirtualClock


async def noop() -> None:
    return None


async def test_a_worker_whose_lease_was_taken_goes_on_under_a_new_name(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker
) -> None:
    gate = asyncio.Event()

    async def wait() -> None:
        await gate.wait()

    row = store.put(tasks.add(wait))
    await make_worker(lease=30, heartbeat=0.02).start()
    await store.until(lambda: row.state is State.RUNNING)
    (old,) = store.leases
    store.leases[old] = False
    await store.until(lambda: len(store.leases) == 2)
    gate.set()
    await store.until(lambda: row.state is State.COMPLETED)
    again = store.put(tasks.add(noop))
    await store.until(lambda: again.state is State.COMPLETED)
    assert again.worker != old


async def test_a_body_that_must_not_outlive_the_lease_stops_while_it_still_holds(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker
) -> None:
    clock = VirtualClock()
    stopped: list[float] = []

    async def pass_until(happened: Callable[[], object]) -> None:
        """Let time go by until something has happened, and everybody have a turn at each moment."""
        while not happened():
            clock.advance(0.05)
            for _ in range(20):
                await asyncio.sleep(0)

    async def alone() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.append(clock.monotonic())

    async def patient() -> None:
        await asyncio.Event().wait()

    one, other = store.put(tasks.add(alone, stops_with_lease=True)), store.put(tasks.add(patient))
    worker = make_worker(clock, lease=6, heartbeat=1)
    await worker.start()
    async with asyncio.timeout(60):
        await pass_until(lambda: store.count(State.RUNNING) == 2 and store.renewals > 2)
        assert not stopped
        store.away, last = True, clock.monotonic()
        await pass_until(lambda: stopped)
        assert stopped[0] - last < 6
        store.away = False
        # It is claimed again only with a lease that holds, and then it begins.
        await pass_until(lambda: one.counters.lease_no > 1 and one.state is State.RUNNING)
    assert (one.history[0].to, one.history[0].counters.attempt) == (State.PENDING, 0)
    assert (other.state, other.history) == (State.RUNNING, [])
