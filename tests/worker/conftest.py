from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest
from tests.worker.fakes import FakeStore, FakeTasks

from taskflowmq.ports.clock import Clock
from taskflowmq.worker import Worker, WorkerIdentity, WorkerOptions


@pytest.fixture
def store() -> FakeStore:
    return FakeStore()


@pytest.fixture
def tasks() -> FakeTasks:
    return FakeTasks()


MakeWorker = Callable[..., Worker]


@pytest.fixture
async def make_worker(store: FakeStore, tasks: FakeTasks) -> AsyncIterator[MakeWorker]:
    """Builds workers on the fake store and ends them after the test."""
    made: list[Worker] = []

    def make(clock: Clock | None = None, tenant: str = "default", **options: object) -> Worker:
        settings = {"poll": 0.02, "grace": 0.05, "concurrency": 8, **options}
        identity = WorkerIdentity.embedded(tenant)
        worker = Worker(store, tasks, WorkerOptions(**settings), clock=clock, identity=identity)  # type: ignore[arg-type]
        made.append(worker)
        return worker

    yield make
    store.away = False
    for worker in made:
        await worker.stop()
