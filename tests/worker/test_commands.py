"""What workers do when an operator tells them to drain, to resume or to stop, and what they say of themselves."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest
from tests.worker.conftest import MakeWorker
from tests.worker.fakes import FakeStore, FakeTasks
from tests.worker.test_supervisor import Desk, FakeProcess

from taskflowmq.core.job import State
from taskflowmq.core.workers import Command, Load
from taskflowmq.ports.spawner import ChildSpec
from taskflowmq.testing.clock import VirtualClock
from taskflowmq.testing.conformance.support import NOON
from taskflowmq.worker import Worker, WorkerIdentity, WorkerOptions
from taskflowmq.worker.watches.load import LoadMeter, Usage, usage_of


@pytest.fixture
async def desk(store: FakeStore) -> AsyncIterator[Desk]:
    made = Desk(store)
    yield made
    made.run.cancel()
    await asyncio.gather(made.run, return_exceptions=True)
    for child in made.spawner.children:
        child.close()


async def noop() -> None:
    return None


# ------------------------------------------------------------------------------------------------ an embedded worker


async def test_a_drained_worker_finishes_claims_nothing_and_is_resumed(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker
) -> None:
    gate = asyncio.Event()

    async def wait() -> None:
        await gate.wait()

    name, other = tasks.add(wait), tasks.add(noop)
    running = store.put(name)
    worker = make_worker(heartbeat=0.02)
    await worker.start()
    await store.until(lambda: running.state is State.RUNNING)
    store.commands[worker._deps.worker_id] = Command.DRAIN
    await store.until(lambda: worker._fetcher.is_paused)
    waits = store.put(other)
    gate.set()
    await store.until(lambda: running.state is State.COMPLETED)
    renewals, claims = store.renewals, len(store.claims_made)
    await store.until(lambda: store.renewals >= renewals + 3)
    assert waits.state is State.PENDING
    assert len(store.claims_made) <= claims + 1, "one may have been in flight"
    assert worker.health().ok, "a drained worker is healthy, and no supervisor may replace it"
    store.commands.clear()
    await store.until(lambda: waits.state is State.COMPLETED)


async def test_prefetched_jobs_of_a_drained_worker_go_back(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker
) -> None:
    gate, began = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        began.set()
        await gate.wait()

    name = tasks.add(wait)
    rows = [store.put(name) for _ in range(4)]
    worker = make_worker(concurrency=1)
    await worker.start()
    await began.wait()  # a job whose body has not begun goes back, too
    await worker._fetcher.claim(2)
    assert worker._fetcher.buffered == 2
    worker.obey(Command.DRAIN)
    await store.until(lambda: store.count(State.PENDING) == 3)
    assert all(row.counters.attempt == 0 for row in rows if row.state is State.PENDING)
    gate.set()


async def test_a_claim_that_crosses_the_drain_is_handed_back(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker
) -> None:
    name = tasks.add(noop)
    worker = make_worker(poll=60)
    await worker.start()
    worker.obey(Command.DRAIN)
    row = store.put(name)
    assert await worker._fetcher.claim(1) == 1
    await store.until(lambda: row.state is State.PENDING)
    assert row.counters.attempt == 0


async def test_a_stopped_worker_drains_and_ends(store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker) -> None:
    worker = make_worker(heartbeat=0.02)
    run = asyncio.create_task(worker.run())
    await store.until(lambda: store.renewals > 0)
    store.commands[worker._deps.worker_id] = Command.STOP
    assert await run == 0
    assert store.leases[worker._deps.worker_id] is False


async def test_a_new_identity_keeps_the_command(store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker) -> None:
    worker = make_worker(heartbeat=0.02)
    await worker.start()
    first = worker._deps.worker_id
    store.commands[first] = Command.DRAIN
    await store.until(lambda: worker._fetcher.is_paused)
    store.leases[first] = False  # a rescuer considered it lost
    await store.until(lambda: worker._deps.worker_id != first and store.leases.get(worker._deps.worker_id))
    assert store.commands[worker._deps.worker_id] is Command.DRAIN
    renewals = store.renewals
    await store.until(lambda: store.renewals >= renewals + 2)
    assert worker._fetcher.is_paused


async def test_a_worker_may_begin_drained(store: FakeStore, tasks: FakeTasks) -> None:
    row = store.put(tasks.add(noop))
    identity = WorkerIdentity(worker_id=uuid4(), supervisor=uuid4(), command=Command.DRAIN)
    worker = Worker(store, tasks, WorkerOptions(poll=0.02, heartbeat=0.02, grace=0.05), identity=identity)
    async with worker:
        await store.until(lambda: store.renewals >= 2)
        assert row.state is State.PENDING
        assert store.commands[identity.worker_id] is Command.DRAIN
        del store.commands[identity.worker_id]
        await store.until(lambda: row.state is State.COMPLETED)


async def test_a_worker_says_that_its_supervisor_knows_no_commands(store: FakeStore, tasks: FakeTasks) -> None:
    identity = WorkerIdentity(worker_id=uuid4(), supervisor=uuid4(), commands=())
    async with Worker(store, tasks, WorkerOptions(poll=0.02, heartbeat=0.02, grace=0.05), identity=identity):
        assert store.introduced[-1]["commands"] == []


async def test_a_worker_says_what_it_obeys_and_what_it_uses(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker
) -> None:
    worker = make_worker(heartbeat=0.02)
    await worker.start()
    assert store.introduced[-1]["commands"] == ["drain", "resume", "stop"]
    await store.until(lambda: store.loads.get(worker._deps.worker_id))
    load = msgspec.json.decode(store.loads[worker._deps.worker_id] or b"", type=Load)
    assert load.cpu >= 0
    assert load.cpu_seconds > 0
    assert load.rss > 1_000_000


# ------------------------------------------------------------------------------------------------- a supervised child


async def replaced(desk: Desk, count: int) -> FakeProcess:
    await desk.spawner.count(count)
    return desk.spawner.children[-1]


async def test_a_supervisor_tells_a_child_once(store: FakeStore, desk: Desk) -> None:
    child = await desk.start()
    told: list[str] = []

    def heard() -> list[str]:
        told.extend(child.told())
        return told

    store.commands[child.spec.worker_id] = Command.DRAIN
    await desk.until(lambda: heard() == ["pause"])
    renewals = store.renewals
    await store.until(lambda: store.renewals >= renewals + 3)
    del store.commands[child.spec.worker_id]
    await desk.until(lambda: heard() == ["pause", "resume"])
    assert [one.leaving for one in desk.supervisor.children] == [False]


async def test_the_replacement_of_a_drained_child_begins_drained(store: FakeStore, desk: Desk) -> None:
    child = await desk.start()
    assert child.spec.command is None
    store.commands[child.spec.worker_id] = Command.DRAIN
    await desk.until(lambda: child.told() == ["pause"])
    child.exit(-9)
    second = await replaced(desk, 2)
    assert second.spec.command is Command.DRAIN
    renewals = store.renewals
    await store.until(lambda: store.renewals >= renewals + 2)
    assert second.told() == []
    # It is resumed, and dies.
    del store.commands[second.spec.worker_id]
    await desk.until(lambda: second.told() == ["resume"])
    second.exit(-9)
    assert (await replaced(desk, 3)).spec.command is None


async def test_a_command_outlives_a_replacement_that_cannot_be_started(
    store: FakeStore, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = await desk.start()
    spawn, failures = desk.spawner.spawn, 1

    async def failing(spec: ChildSpec) -> FakeProcess:
        nonlocal failures
        if failures:
            failures -= 1
            raise OSError("out of processes")
        return await spawn(spec)

    monkeypatch.setattr(desk.spawner, "spawn", failing)
    store.commands[child.spec.worker_id] = Command.DRAIN
    await desk.until(lambda: child.told() == ["pause"])
    child.exit(-9)
    assert (await replaced(desk, 2)).spec.command is Command.DRAIN
    assert not failures


async def test_a_stopped_child_is_not_replaced_and_the_last_one_ends_the_supervisor(
    store: FakeStore, desk: Desk
) -> None:
    await desk.start(processes=2)
    await desk.spawner.count(2)
    first, second = desk.spawner.children
    store.commands[first.spec.worker_id] = Command.STOP
    await desk.until(lambda: first.told() == ["drain 5"])
    first.leave(0)
    await desk.until(lambda: len(desk.supervisor.children) == 1)
    second.exit(-9)  # which is replaced, as ever
    third = await replaced(desk, 3)
    assert not desk.run.done()
    store.commands[third.spec.worker_id] = Command.STOP
    await desk.until(lambda: any(line.startswith("drain") for line in third.told()))
    third.leave(0)
    assert await desk.run == 0
    assert len(desk.spawner.children) == 3


async def test_a_stopped_child_that_does_not_end_is_killed(
    store: FakeStore, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskflowmq.worker.supervision.supervisor.LAST_SECONDS", 0.05)
    await desk.start(processes=2, drain_timeout=0.05)
    await desk.spawner.count(2)
    child = desk.spawner.children[0]
    store.commands[child.spec.worker_id] = Command.STOP
    await desk.until(lambda: child.killed)
    await desk.until(lambda: len(desk.supervisor.children) == 1)


async def test_a_supervisor_reports_the_load_of_its_children(store: FakeStore, desk: Desk) -> None:
    child = await desk.start()
    await desk.until(lambda: store.loads.get(child.spec.worker_id))
    assert msgspec.json.decode(store.loads[child.spec.worker_id] or b"", type=Load).rss > 1_000_000


# --------------------------------------------------------------------------------------------------------- the meter


def test_cpu_is_the_share_since_the_time_before(monkeypatch: pytest.MonkeyPatch) -> None:
    used = iter([Usage(900.0, 50), Usage(905.0, 100), Usage(907.5, 200), Usage(907.4, 300), None])
    monkeypatch.setattr("taskflowmq.worker.watches.load.usage_of", lambda pid: next(used))
    clock = VirtualClock(NOON)
    meter = LoadMeter(1, clock.monotonic())
    loads = []
    for _ in range(3):
        clock.advance(10)
        loads.append(msgspec.json.decode(meter.load(clock.monotonic()) or b"", type=Load))
    assert [load.cpu for load in loads] == [0.5, 0.25, 0.0], (
        "what was used before counts nothing; nor one that goes back"
    )
    assert [load.rss for load in loads] == [100, 200, 300]
    assert meter.load(clock.monotonic()) is None


def test_what_a_process_uses_is_read_with_and_without_proc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    known = usage_of(os.getpid())
    monkeypatch.setattr("taskflowmq.worker.watches.load.PROC", tmp_path)
    for has_psutil in (True, False):
        if not has_psutil:
            monkeypatch.setitem(sys.modules, "psutil", None)
        other = usage_of(os.getpid())
        assert known is not None
        assert other is not None
        assert other.rss > 1_000_000
        assert other.cpu_seconds >= known.cpu_seconds - 0.1
    assert usage_of(2**22 + 1) is None
