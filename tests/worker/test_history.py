"""What a worker counts: every claim and every end of an attempt, by tenant, queue and task, appended now and then."""

from __future__ import annotations

import asyncio
import logging
from typing import Any
from uuid import uuid4

import pytest
from tests.worker.conftest import MakeWorker
from tests.worker.fakes import FakeStore, FakeTasks

from taskflowmq.core.directives import Cancel, Discard, RetryAfter, Snooze
from taskflowmq.core.history import COUNTS, Figures, joined
from taskflowmq.core.job import JobKind, NewJob
from taskflowmq.ports.store import ClaimRequest
from taskflowmq.testing.clock import VirtualClock
from taskflowmq.worker.history import INTERVAL, HistoryWriter

OURS = JobKind("default", "default", "work")


def counts(figures: Figures) -> dict[str, int]:
    """Return the counts that are not zero."""
    return {name: count for name in COUNTS if (count := getattr(figures, name))}


def in_buckets(sparse: tuple[int, ...]) -> int:
    return sum(sparse[1::2])


async def test_every_end_of_an_attempt_is_counted_and_appended_when_the_worker_drains(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker
) -> None:
    async def work(how: str) -> Any:
        match how:
            case "fail":
                raise ValueError("no luck")
            case "cancel":
                raise Cancel
            case "discard":
                raise Discard("hopeless")
            case "hang":
                await asyncio.Event().wait()
        return None

    tasks.add(work)
    for how in ("fine", "fine", "cancel", "discard"):
        store.put("work", how=how)
    failing = store.put("work", how="fail")
    store.put("work", how="hang", timeout=0.01, max_attempts=1)
    worker = make_worker()
    await worker.run_until_idle()
    await worker.stop()
    ((writer, figures, age_ms),) = store.history.appended
    assert writer == worker._deps.worker_id
    assert age_ms < 10_000
    assert counts(figures[OURS]) == {
        "started": 8,
        "completed": 2,
        "cancelled": 1,
        "failed": 5,
        "timed_out": 1,
        "retried": 2,
        "dead": 3,
    }
    assert in_buckets(figures[OURS].wait) == 8
    assert in_buckets(figures[OURS].run) == 8
    assert figures[OURS].failed_job in {row.id for row in store.rows.values()}
    assert failing.counters.attempt == 3
    kinds = {one.kind.type: (one.task, one.count) for one in store.errors.appended}
    assert kinds == {"ValueError": ("work", 3), "Discard": ("work", 1), "TimeoutError": ("work", 1)}
    (thrice,) = (one for one in store.errors.appended if one.count == 3)
    assert (thrice.kind.message, thrice.job_id) == ("no luck", failing.id)
    assert 0 <= thrice.last_age_ms <= thrice.first_age_ms < 10_000
    assert store.errors.writers == [writer]


@pytest.mark.parametrize(
    ("directive", "expected"),
    [
        (Snooze(60), {"started": 1, "snoozed": 1}),
        (RetryAfter(60), {"started": 1, "failed": 1, "retried": 1}),
    ],
)
async def test_jobs_that_come_back_are_counted_as_that(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker, directive: Exception, expected: dict[str, int]
) -> None:
    async def work() -> None:
        raise directive

    row = store.put(tasks.add(work))
    worker = make_worker()
    await worker.start()
    await store.until(lambda: bool(row.history))
    await worker.stop()
    assert counts(store.history.total()) == expected


async def test_jobs_that_are_handed_back_did_not_start(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker
) -> None:
    begun = asyncio.Event()

    async def work() -> None:
        begun.set()
        await asyncio.Event().wait()

    store.put(tasks.add(work))
    worker = make_worker()
    await worker.start()
    await begun.wait()
    await worker.stop()
    figures = store.history.total()
    assert counts(figures) == {"started": 1, "returned": 1}
    assert figures.run == ()


async def test_figures_are_kept_by_tenant_queue_and_task(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker
) -> None:
    async def work() -> None: ...

    async def other() -> None: ...

    names = [tasks.add(work), tasks.add(other)]
    kinds = [JobKind(tenant, queue, task) for tenant in ("a", "b") for queue in ("x", "y") for task in names]
    for number, kind in enumerate(kinds, 1):
        for _ in range(number):
            store.add(NewJob(uuid4(), kind.task, b"{}", queue=kind.queue, tenant=kind.tenant))
    worker = make_worker(tenants=("all",))
    await worker.run_until_idle()
    await worker.stop()
    found = joined_by_kind(store)
    assert {kind: figures.completed for kind, figures in found.items()} == {
        kind: number for number, kind in enumerate(kinds, 1)
    }
    assert all(in_buckets(one.run) == in_buckets(one.wait) == one.completed == one.started for one in found.values())


def joined_by_kind(store: FakeStore) -> dict[JobKind, Figures]:
    kinds = {kind for _, figures, _ in store.history.appended for kind in figures}
    return {
        kind: joined(figures[kind] for _, figures, _ in store.history.appended if kind in figures) for kind in kinds
    }


async def test_a_settle_whose_answer_was_lost_counts_once(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker
) -> None:
    async def work() -> None: ...

    store.put(tasks.add(work))
    store.lose_replies = 1
    worker = make_worker()
    await worker.run_until_idle()
    await worker.stop()
    assert counts(store.history.total()) == {"started": 1, "completed": 1}


async def test_an_end_that_another_process_wrote_is_not_counted_here(
    store: FakeStore, tasks: FakeTasks, make_worker: MakeWorker
) -> None:
    async def work() -> None:
        for row in store.rows.values():  # a rescuer and another worker were faster
            row.counters = type(row.counters)(lease_no=7)

    store.put(tasks.add(work))
    worker = make_worker()
    await worker.run_until_idle()
    await worker.stop()
    assert counts(store.history.total()) == {"started": 1}


class Idle:
    """Jobs for a writer alone."""

    def __init__(self, store: FakeStore) -> None:
        self.clock = VirtualClock()
        self.writer = HistoryWriter(store, self.clock, lambda: worker_id)  # type: ignore[arg-type]
        worker_id = uuid4()
        self.worker_id = worker_id
        self._store = store
        store.leases[worker_id] = True

    async def claim(self, count: int = 1) -> None:
        for _ in range(count):
            self._store.put("work")
        request = ClaimRequest(worker_id=self.worker_id, tenants=(), queues=(), tasks=("work",), limit=100)
        self.writer.started(await self._store.claim(request))


async def test_an_idle_process_appends_nothing(store: FakeStore) -> None:
    idle = Idle(store)
    loop = asyncio.create_task(idle.writer.run())
    await asyncio.sleep(0)
    for _ in range(5):
        idle.clock.advance(INTERVAL)
        await asyncio.sleep(0)
    assert store.history.appended == []
    await idle.claim(3)
    idle.clock.advance(INTERVAL)
    await store.until(lambda: bool(store.history.appended))
    loop.cancel()
    ((writer, figures, age_ms),) = store.history.appended
    assert writer == idle.worker_id
    assert figures[OURS].started == 3
    # The middle of the ten seconds in which they were counted.
    assert age_ms == 5_000


async def test_what_the_store_does_not_take_is_lost_and_said_once(
    store: FakeStore, caplog: pytest.LogCaptureFixture
) -> None:
    idle = Idle(store)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            await idle.claim()
            store.away = True
            await idle.writer.flush()
            store.away = False
        await idle.claim()
        await idle.writer.flush()
    assert [line for line in caplog.messages if "missing in the history" in line] == [
        "the figures of 0 s are missing in the history: away"
    ]
    # It is not repeated: of the three, each may have been taken.
    assert store.history.total().started == 1
