"""Ready jobs that no living worker takes are named: by the log once, by doctor each time."""

from __future__ import annotations

import logging

import pytest
from tests.scheduler.test_duties import StepClock

from taskflowmq import TaskFlow
from taskflowmq.bootstrap import duties
from taskflowmq.core.waiting import WaitCode
from taskflowmq.ports.telemetry import NoTelemetry
from taskflowmq.ports.waiting import find_unserved
from taskflowmq.scheduler import Lookout
from taskflowmq.testing.waiting import wait_until


async def noop() -> None:
    return None


@pytest.fixture
def app(sqlite_url: str) -> TaskFlow:
    app = TaskFlow(sqlite_url)
    for name in ("served", "renamed"):
        app.task(name=name)(noop)
    return app


async def test_a_task_that_no_living_worker_knows_is_found(app: TaskFlow, sqlite_url: str) -> None:
    other = TaskFlow(sqlite_url)
    other.task(name="served", queue="mail")(noop)
    async with app, other:
        assert await find_unserved(app.store) == []
        first = await app.asend("renamed")
        [found] = await find_unserved(app.store)
        assert (found.view.id, found.wait.code) == (first.id, WaitCode.NO_WORKER)
        async with other.worker(queues=["mail"], concurrency=1):
            await app.asend("served", queue="default")
            codes = {one.view.task: one.wait.code for one in await find_unserved(app.store)}
            assert codes == dict.fromkeys(("renamed", "served"), WaitCode.NO_WORKER_FOR_QUEUE)
        async with other.worker(concurrency=1):
            codes = {one.view.task: one.wait.code for one in await find_unserved(app.store)}
            assert codes == {"renamed": WaitCode.NO_WORKER_FOR_TASK}


async def test_the_log_says_it_once_until_it_is_served_again(app: TaskFlow, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "taskflowmq.scheduler")
    async with app:
        lookout = Lookout(app.store, StepClock(), NoTelemetry(), 0.0)
        handle = await app.asend("renamed")

        async def said() -> int:
            caplog.clear()
            await lookout._look()
            return sum(str(handle.id) in record.getMessage() for record in caplog.records)

        assert [await said(), await said(), await said()] == [0, 1, 0]
        await handle.acancel()
        assert await said() == 0
        handle = await app.asend("renamed")
        assert [await said(), await said(), await said()] == [0, 1, 0]


async def test_it_looks_when_it_is_its_turn(app: TaskFlow) -> None:
    async with app:
        await app.asend("renamed")
        nodes = [Lookout(app.store, StepClock(), NoTelemetry(), 60.0) for _ in range(2)]
        for node in nodes:
            await node.turn()
        assert [bool(node._found) for node in nodes] == [True, False]


async def test_a_worker_inside_a_program_looks_too(
    app: TaskFlow, sqlite_url: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duties, "LOOKOUT_SECONDS", 0.02)
    caplog.set_level(logging.WARNING, "taskflowmq.scheduler")
    other = TaskFlow(sqlite_url)
    other.task(name="served")(noop)
    async with app, other, other.worker(concurrency=1):
        handle = await app.asend("renamed")
        said = f"job {handle.id} waits: no living worker serves task 'renamed'"
        await wait_until(lambda: said in caplog.text, what="the worker to tell of the job")
