"""Starting while the store is away, and being told to stop before it came back."""

from __future__ import annotations

import asyncio

import pytest
from tests.worker.conftest import MakeWorker
from tests.worker.fakes import FakeStore, FakeTasks

from taskflowmq.core.errors import InvalidJob, StoreUnavailable
from taskflowmq.core.job import State
from taskflowmq.ports.store.workers import NewWorker
from taskflowmq.worker import WorkerOptions


async def noop() -> None:
    return None


@pytest.mark.parametrize("comes_back", [False, True])
async def test_a_worker_told_to_stop_before_it_could_register_ends_and_starts_nothing(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker, comes_back: bool
) -> None:
    """The simulation found it (seed 19): it ended, and then started its loops with what it no longer had."""
    row = store.put(tasks.add(noop))
    asked, answer = asyncio.Event(), asyncio.Event()
    register = store.register

    async def slow(worker: NewWorker) -> None:
        asked.set()
        await answer.wait()
        if not comes_back:
            raise StoreUnavailable("the database is away")
        await register(worker)

    store.register = slow  # type: ignore[method-assign]
    worker = make_worker()
    running = asyncio.create_task(worker.run())
    await asked.wait()
    worker.request_drain()
    async with asyncio.timeout(30):
        await worker.drain()
        answer.set()
        assert await running == 0
    assert store.claims_made == []
    assert row.state is State.PENDING


@pytest.mark.parametrize("wrong", ["mail", b"mail", 5, None, {"mail": 1}])
def test_a_text_in_place_of_queue_names_is_refused(wrong: object) -> None:
    with pytest.raises(InvalidJob, match="must be a list of queue names"):
        WorkerOptions(queues=wrong)  # type: ignore[arg-type]
