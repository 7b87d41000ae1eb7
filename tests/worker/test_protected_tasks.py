"""Handlers that cancel what is not theirs: other jobs, and the loops of the worker."""

from __future__ import annotations

import asyncio
import threading

import pytest
from tests.worker.conftest import MakeWorker
from tests.worker.fakes import FakeStore, FakeTasks

from taskflowmq.core.job import State


async def cancel_all_but(spared: asyncio.Task[object] | None) -> None:
    """Cancel every task of this loop, except the test's and one more."""
    mine = {spared, asyncio.current_task(), *(each for each in asyncio.all_tasks() if "test_" in str(each.get_coro()))}
    for each in asyncio.all_tasks() - mine:
        each.cancel()


@pytest.mark.parametrize("how", ["at once", "in a task", "by a timer", "from a thread"])
async def test_no_handler_cancels_the_jobs_beside_it_or_the_worker(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker, how: str
) -> None:
    on_loop, in_thread = asyncio.Event(), threading.Event()

    async def nap() -> None:
        await on_loop.wait()

    def thread_nap() -> None:
        in_thread.wait(60)

    async def sabotage() -> None:
        loop, me = asyncio.get_running_loop(), asyncio.current_task()
        match how:
            case "at once":
                await cancel_all_but(me)
            case "in a task":
                await loop.create_task(cancel_all_but(me))
            case "by a timer":
                for each in asyncio.all_tasks() - {me}:
                    if "test_" not in str(each.get_coro()):
                        loop.call_later(0, each.cancel)
            case _:
                await asyncio.to_thread(asyncio.run_coroutine_threadsafe, cancel_all_but(me), loop)
        for _ in range(10):
            await asyncio.sleep(0)

    bystanders = [store.put(tasks.add(nap)), store.put(tasks.add(thread_nap))]
    worker = make_worker()
    await worker.start()
    await store.until(lambda: store.count(State.RUNNING) == 2)
    saboteur = store.put(tasks.add(sabotage))
    await store.until(lambda: saboteur.state.final)
    assert [row.state for row in bystanders] == [State.RUNNING] * 2
    on_loop.set()
    in_thread.set()
    late = store.put(tasks.add(sabotage, name="late"))
    await store.until(lambda: store.count(State.COMPLETED) == 4)
    assert all((row.counters.attempt, len(row.history)) == (1, 1) for row in [*bystanders, late])
    assert worker.health().ok


async def test_a_program_that_cancels_everything_at_its_end_costs_no_attempt(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker
) -> None:
    gate = threading.Event()

    async def nap() -> None:
        await asyncio.Event().wait()

    def thread_nap() -> None:
        gate.wait(60)

    rows = [store.put(tasks.add(nap)), store.put(tasks.add(thread_nap))]
    worker = make_worker()
    await worker.start()
    await store.until(lambda: store.count(State.RUNNING) == 2)
    await cancel_all_but(asyncio.current_task())
    await store.until(lambda: store.count(State.PENDING) == 2)
    gate.set()
    assert [row.counters.attempt for row in rows] == [0, 0]
    await worker.stop()
    assert store.count(State.RUNNING) == 0


async def test_a_body_that_cancels_itself_fails(store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker) -> None:
    async def give_up() -> None:
        me = asyncio.current_task()
        assert me is not None
        asyncio.get_running_loop().call_later(0, me.cancel)
        await asyncio.Event().wait()

    row = store.put(tasks.add(give_up), max_attempts=1)
    await make_worker().run_until_idle()
    assert (row.state, row.error["type"], row.counters.attempt) == (State.DEAD, "CancelledError", 1)
