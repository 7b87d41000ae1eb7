"""A supervisor with children that exist only as slot tables: what it does about deaths, hangs, age and signals."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Callable
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from tests.worker.fakes import FakeStore, Row

from taskflowmq.core.job import Ended, State
from taskflowmq.ports.spawner import ChildSpec
from taskflowmq.testing.waiting import wait_until
from taskflowmq.worker import Supervisor, WorkerOptions
from taskflowmq.worker.backoff import backoff
from taskflowmq.worker.slots import (
    HEALTHY_US,
    LEASE_US,
    LEFT,
    REGISTERED,
    SETTLED,
    STEPPED,
    TAINTED,
    TICK_US,
    SlotTable,
)


class FakeProcess:
    """A child: the test acts in its place."""

    def __init__(self, spec: ChildSpec, store: FakeStore) -> None:
        self.spec = spec
        self.pid = os.getpid()
        self.killed = False
        self.killed_at = 0.0
        self.table = SlotTable.attach(os.dup(spec.slots_fd))
        self._control = os.dup(spec.control_fd)
        os.set_blocking(self._control, False)
        self._exit: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._store = store
        store.leases[spec.worker_id] = True
        if spec.command is not None:  # it says so in its row, when it registers
            store.commands[spec.worker_id] = spec.command
        self.table.cells[REGISTERED] = 1

    async def wait(self) -> int:
        return await self._exit

    def kill(self) -> None:
        self.killed, self.killed_at = True, now()
        self.exit(-9)

    def exit(self, code: int) -> None:
        if not self._exit.done():
            self._exit.set_result(code)

    def leave(self, code: int) -> None:
        """End as it was told."""
        self.table.cells[LEFT] = 1
        self.exit(code)

    def hold(self, row: Row, *, started: bool, deadline: float | None = None, exclusive: bool = False) -> None:
        """Claim a job and maybe start its body."""
        self._store._claim(row, self.spec.worker_id)
        if started:
            fence = (row.id, row.counters.lease_no)
            self.table.start(self.table.take(), *fence, deadline, exclusive=exclusive)

    def told(self) -> list[str]:
        try:
            return os.read(self._control, 1000).decode().splitlines()
        except BlockingIOError:
            return []

    def close(self) -> None:
        self.exit(0)
        self.table.close()
        os.close(self._control)


class FakeSpawner:
    def __init__(self, store: FakeStore) -> None:
        self._store = store
        self.children: list[FakeProcess] = []
        self.born = asyncio.Event()

    async def spawn(self, child: ChildSpec) -> FakeProcess:
        process = FakeProcess(child, self._store)
        self.children.append(process)
        self.born.set()
        return process

    async def count(self, number: int) -> None:
        async with asyncio.timeout(30):
            while len(self.children) < number:
                self.born.clear()
                await self.born.wait()


class Desk:
    """A running supervisor and its fake children."""

    def __init__(self, store: FakeStore) -> None:
        self.store = store
        self.spawner = FakeSpawner(store)
        self.supervisor: Supervisor
        self.run: asyncio.Task[int]

    async def start(self, **options: object) -> FakeProcess:
        settings = {"lease": 1, "heartbeat": 0.02, "poll": 0.02, "drain_timeout": 5, "grace": 0.1, **options}
        self.supervisor = Supervisor(self.store, self.spawner, WorkerOptions(**settings))  # type: ignore[arg-type]
        self.run = asyncio.create_task(self.supervisor.run())
        await self.spawner.count(1)
        return self.spawner.children[0]

    async def until(self, happened: Callable[[], object]) -> None:
        await wait_until(happened)


@pytest.fixture
async def desk(store: FakeStore) -> AsyncIterator[Desk]:
    made = Desk(store)
    yield made
    store.away = False  # settling the jobs of dead children waits for it
    made.run.cancel()
    await asyncio.gather(made.run, return_exceptions=True)
    for child in made.spawner.children:
        child.close()


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_a_dead_childs_jobs_are_charged_or_handed_back_and_it_is_replaced(store: FakeStore, desk: Desk) -> None:
    child = await desk.start()
    ran, waited = store.put("a"), store.put("a")
    child.hold(ran, started=True)
    child.hold(waited, started=False)
    child.exit(-11)
    await desk.spawner.count(2)
    await desk.until(lambda: ran.history and waited.history)
    assert (ran.state, ran.counters.attempt, ran.counters.crashes) == (State.RETRYING, 0, 1)
    assert "SIGSEGV" in ran.error["message"]
    assert (waited.state, waited.counters.attempt, waited.counters.crashes) == (State.PENDING, 0, 0)
    assert store.leases[child.spec.worker_id] is False


async def test_ready_means_that_a_child_claims(desk: Desk) -> None:
    child = await desk.start()
    assert not desk.supervisor.claiming
    healthy_at = int(time.monotonic() * 1e6)
    child.table.cells[HEALTHY_US] = healthy_at
    assert desk.supervisor.claiming
    # Alive, its lease renewed, but without progress for too long: a stuck loop, or a store that answers no claim.
    child.table.cells[HEALTHY_US] = healthy_at - 6_000_000
    assert not desk.supervisor.claiming
    child.table.cells[HEALTHY_US] = healthy_at
    desk.supervisor.request_drain()
    assert not desk.supervisor.claiming


async def test_a_child_that_does_not_get_on_is_noted_in_its_row(
    store: FakeStore, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    child = await desk.start()
    child.table.cells[HEALTHY_US] = int((time.monotonic() - 20) * 1e6)
    await desk.until(lambda: "child" in store.notes)
    assert "has not been able to work for 2" in str(store.notes["child"])
    assert "makes no progress" in caplog.text
    child.table.cells[HEALTHY_US] = int(time.monotonic() * 1e6)
    await desk.until(lambda: store.notes["child"] is None)


async def test_jobs_of_a_dead_child_wait_for_a_store_that_is_away(store: FakeStore, desk: Desk) -> None:
    child = await desk.start()
    row = store.put("a")
    child.hold(row, started=True)
    store.away = True
    child.exit(1)
    await desk.spawner.count(2)
    assert row.state is State.RUNNING
    store.away = False
    await desk.until(lambda: row.history)
    assert row.counters.crashes == 1


async def test_a_dead_child_may_be_settled_while_its_lease_is_renewed(
    store: FakeStore, desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    child = await desk.start()
    asked, answer, renew = asyncio.Event(), asyncio.Event(), store.renew

    async def slow(worker_ids: list[UUID], lease_ms: int, **said: Any) -> Any:
        asked.set()
        await answer.wait()
        return await renew(worker_ids, lease_ms, **said)

    monkeypatch.setattr(store, "renew", slow)
    await asked.wait()
    child.exit(1)
    await desk.until(lambda: child.spec.worker_id not in {one.worker_id for one in desk.supervisor.children})
    asked.clear()
    answer.set()
    await asyncio.wait_for(asked.wait(), 30)
    assert "the heartbeat failed and starts again" not in caplog.messages, "other leases wait for this one"


async def test_a_blocked_loop_is_killed_and_only_the_stepped_job_is_charged(store: FakeStore, desk: Desk) -> None:
    child = await desk.start()
    guilty, overdue, innocent = store.put("a"), store.put("a"), store.put("a")
    child.table.cells[TICK_US] = int(now() * 1e6)
    child.hold(guilty, started=True, deadline=now() - 1)
    child.hold(overdue, started=True, deadline=now() - 1)
    child.hold(innocent, started=True)
    child.table.cells[STEPPED] = 1  # the first that was held
    await desk.until(lambda: child.killed)
    await desk.until(lambda: all(row.history for row in (guilty, overdue, innocent)))
    assert (guilty.last.ended, guilty.counters.attempt) == (Ended.TIMEOUT, 1)
    assert [(row.state, row.counters.attempt) for row in (overdue, innocent)] == [(State.PENDING, 0)] * 2


async def test_a_busy_loop_without_overdue_jobs_is_left_alone(
    store: FakeStore, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    child = await desk.start()
    row = store.put("a")
    child.table.cells[TICK_US] = 1
    child.hold(row, started=True)
    child.table.cells[STEPPED] = 1
    renewals = store.renewals
    with caplog.at_level(logging.WARNING, "taskflowmq"):
        await desk.until(lambda: store.renewals > renewals + 20)
    assert (child.killed, row.state) == (False, State.RUNNING)
    # Whoever operates it is told, once.
    told = [record.getMessage() for record in caplog.records if "has been blocked" in record.getMessage()]
    assert [str(row.id) in line for line in told] == [True]


async def test_a_loop_that_stands_still_outside_every_body_gets_no_lease_for_ever(
    store: FakeStore, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Something of ours waits, or a C call in a thread keeps the interpreter: nobody else would ever get its jobs."""
    # The children have this process's number: what the tests compute is not theirs.
    monkeypatch.setattr("taskflowmq.worker.supervision.standstill.cpu_seconds", lambda _pid: 0.0)
    child = await desk.start()
    begun, prefetched = store.put("a"), store.put("a")
    child.hold(begun, started=True)
    child.hold(prefetched, started=False)
    child.table.cells[TICK_US] = 1
    await desk.until(lambda: child.killed)
    await desk.until(lambda: all(row.history for row in (begun, prefetched)))
    # What ran is charged with a crash: if it is to blame, it must not do this for ever.
    assert (begun.last.ended, begun.counters.crashes) == (Ended.CRASHED, 1)
    assert prefetched.counters.crashes == 0
    await desk.spawner.count(2)


async def test_a_child_that_is_too_large_before_it_ran_anything_gets_to_run_something(
    store: FakeStore, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskflowmq.worker.supervision.supervisor.MEMORY_SECONDS", 0.02)
    child = await desk.start(max_rss_mb=1)
    renewals = store.renewals
    await desk.until(lambda: store.renewals > renewals + 20)  # its memory was looked at meanwhile
    assert len(desk.spawner.children) == 1
    child.table.cells[SETTLED] = 1
    await desk.spawner.count(2)


@pytest.mark.parametrize("why", ["tainted", "max_jobs", "memory", "lease"])
async def test_a_child_that_must_be_replaced_finishes_first(store: FakeStore, desk: Desk, why: str) -> None:
    child = await desk.start(max_jobs=10, max_rss_mb=1 if why == "memory" else None)
    row = store.put("a")
    child.hold(row, started=True)
    if why == "tainted":
        child.table.cells[TAINTED] = 1
    elif why == "max_jobs":
        child.table.cells[SETTLED] = 10
    elif why == "lease":
        store.leases[child.spec.worker_id] = False
    await desk.spawner.count(2)
    assert child.told() == ["finish"]
    assert not child.killed
    assert row.state is State.RUNNING


async def test_suspects_get_a_child_of_their_own(store: FakeStore, desk: Desk) -> None:
    await desk.start()
    row = store.put("a")
    row.counters = type(row.counters)(crashes=1)
    await desk.spawner.count(2)
    isolated = desk.spawner.children[1]
    assert isolated.spec.isolated
    assert isolated.table.size == 1


@pytest.mark.parametrize(
    ("options", "tenants"), [({}, ("shop",)), ({"tenants": ("a", "b")}, ("a", "b")), ({"tenants": ("all",)}, ())]
)
async def test_only_suspects_that_its_children_serve_concern_a_supervisor(
    store: FakeStore, options: dict[str, object], tenants: tuple[str, ...]
) -> None:
    settings = WorkerOptions(poll=0.02, queues=("mail",), **options)  # type: ignore[arg-type]
    supervisor = Supervisor(store, FakeSpawner(store), settings, tenant="shop")  # type: ignore[arg-type]
    run = asyncio.create_task(supervisor.run())
    await wait_until(lambda: store.suspects_of, what="a look for suspects")
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)
    assert set(store.suspects_of) == {(tenants, ("mail",))}


async def test_signals_drain_and_then_hurry(store: FakeStore, desk: Desk) -> None:
    child = await desk.start()
    row = store.put("a")
    child.hold(row, started=True)
    desk.supervisor.on_signal()
    assert child.told() == ["drain 5"]
    desk.supervisor.on_signal()
    assert child.told() == ["hand_back"]
    child.leave(75)
    assert await desk.run == 1
    assert (row.state, row.counters.attempt) == (State.PENDING, 0)
    assert len(desk.spawner.children) == 1


async def test_a_supervisor_that_is_told_to_end_does_not_wait_for_a_store_that_stays_away(
    store: FakeStore, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskflowmq.worker.supervision.supervisor.LAST_SECONDS", 0.1)
    child = await desk.start()
    row = store.put("a")
    child.hold(row, started=True)
    store.away = True
    desk.supervisor.on_signal()
    desk.supervisor.on_signal()
    async with asyncio.timeout(30):
        assert await desk.run == 1, "the exit code must say that a job was left"
    # The store still counts it as running under a worker whose lease ends: a rescuer's case.
    assert (child.killed, row.state) == (True, State.RUNNING)


async def test_children_that_die_at_once_are_replaced_more_and_more_slowly(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[tuple[int, float]] = []

    def noted(errors: int, **options: float) -> float:
        pauses.append((errors, backoff(errors, **options)))
        return pauses[-1][1]

    monkeypatch.setattr("taskflowmq.worker.supervision.supervisor.backoff", noted)
    await desk.start()
    births: list[float] = []
    for number in range(1, 6):
        await desk.spawner.count(number)
        births.append(now())
        desk.spawner.children[-1].exit(1)
    # After the first death another one is born at once.
    gaps = [later - earlier for earlier, later in pairwise(births)][1:]
    assert [errors for errors, _ in pauses[:3]] == [1, 2, 3]
    assert all(gap >= pause for gap, (_, pause) in zip(gaps, pauses, strict=False))


@pytest.mark.slow
@pytest.mark.parametrize("exclusive", [True, False])
async def test_a_body_that_must_not_outlive_the_lease_is_killed_before_it_ends(
    store: FakeStore, desk: Desk, exclusive: bool
) -> None:
    child = await desk.start(lease=3, heartbeat=0.1)
    guilty, innocent = store.put("a"), store.put("a")
    child.hold(guilty, started=True, exclusive=exclusive)
    child.hold(innocent, started=True)
    renewals = store.renewals
    await desk.until(lambda: store.renewals > renewals + 2)
    assert not child.killed
    store.away = True
    until = child.table.cells[LEASE_US] / 1e6
    if exclusive:
        await desk.until(lambda: child.killed)
        assert child.killed_at < until
        store.away = False
        await desk.until(lambda: guilty.history and innocent.history)
        assert [(row.state, row.counters.attempt, row.counters.crashes) for row in (guilty, innocent)] == [
            (State.PENDING, 0, 0)
        ] * 2
    else:
        await desk.until(lambda: now() > until + 0.3)
        assert not child.killed
        store.away = False
