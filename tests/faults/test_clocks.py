"""Clocks that are wrong: of a node, and of the store itself (RELIABILITY F31, F32).

Durations go in and the store's clock decides: a node's clock may say what it wants. A step of the store's clock may
delay or hasten what is due by the step; it loses nothing, runs nothing twice and takes no living worker for dead.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from taskflowmq import Handle, JobView, Retry, State, TaskFlow, current_context
from taskflowmq.core.ids import uuid7
from taskflowmq.core.job import NewJob
from taskflowmq.ports.store import ClaimRequest
from taskflowmq.ports.store.workers import NewWorker
from taskflowmq.ports.telemetry import NoTelemetry
from taskflowmq.scheduler import all_duties
from taskflowmq.stores.postgres import PostgresStore
from taskflowmq.testing.waiting import wait_until
from taskflowmq.worker import Worker, WorkerOptions

pytestmark = pytest.mark.slow

TIMES = {"lease": 1.0, "heartbeat": 0.2, "sweep": 0.2, "poll": 0.1}
#: Machines that run the tests are busy.
SLACK = 8.0
HOUR = timedelta(hours=1)


class WrongClock:
    """A clock whose wall time is off, and may step while it runs; monotonic time never does."""

    def __init__(self, off: timedelta = timedelta()) -> None:
        self.off = off

    def monotonic(self) -> float:
        return time.monotonic()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.off

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def make_app(url: str, starts: dict[str, list[float]], **options: Any) -> TaskFlow:
    """Return an app whose bodies note when they began."""
    app = TaskFlow(url, **options)

    def note() -> None:
        starts.setdefault(str(current_context().job.id), []).append(time.monotonic())

    @app.task
    async def quick() -> None:
        note()

    @app.task
    async def long(seconds: float) -> int:
        note()
        await asyncio.sleep(seconds)
        return current_context().lease_no

    @app.task(retry=Retry(max_attempts=2, initial=0.3))
    async def flaky() -> None:
        note()
        if current_context().attempt == 1:
            raise ValueError("once")

    return app


# -- F31: a node's clock


@asynccontextmanager
async def worker_with(url: str, app: TaskFlow, clock: WrongClock) -> AsyncIterator[PostgresStore]:
    """Run a worker and every duty on a node whose clock is wrong."""
    async with AsyncExitStack() as stack:
        store = PostgresStore(url)
        stack.push_async_callback(store.close)
        await store.open()
        options = WorkerOptions(**TIMES)  # type: ignore[arg-type]
        duties = all_duties(store, clock, NoTelemetry(), **{name: TIMES[name] for name in ("lease", "sweep", "poll")})
        await stack.enter_async_context(Worker(store, app.tasks, options, clock=clock, duties=duties))
        yield store


def job_made_at(clock: WrongClock, task: str, delay_ms: int = 0, **args: Any) -> NewJob:
    """Return a job as a client with this clock makes it: the id carries the wrong time."""
    made = int(clock.now().timestamp() * 1e6)
    return NewJob(id=uuid7(made, random.getrandbits(62)), task=task, args=msgspec.json.encode(args), delay_ms=delay_ms)


@pytest.mark.postgres
async def test_nodes_whose_clocks_are_ten_minutes_off_start_nothing_early_and_rescue_nobody(postgres_url: str) -> None:
    starts: dict[str, list[float]] = {}
    app = make_app(postgres_url, starts)
    ahead, behind = WrongClock(timedelta(minutes=10)), WrongClock(timedelta(minutes=-10))
    async with app, worker_with(postgres_url, app, ahead) as one, worker_with(postgres_url, app, behind) as other:
        enqueued: dict[UUID, tuple[float, int]] = {}
        for store, clock in ((one, ahead), (other, behind)):
            long = [job_made_at(clock, "long", seconds=3 * TIMES["lease"]) for _ in range(4)]
            delayed = [job_made_at(clock, "quick", delay_ms=random.randint(300, 2_000)) for _ in range(60)]
            at = time.monotonic()
            await store.intake.enqueue([*long, *delayed])
            enqueued.update({job.id: (at, job.delay_ms) for job in (*long, *delayed)})

        views = await ended(app, list(enqueued))
        workers = await app.store.workers.list_workers()
    assert {view.state for view in views} == {State.COMPLETED}
    early = [str(view.id) for view in views if view.started_at is None or view.started_at < view.run_at]
    assert early == [], "started before the store's clock said so"
    waited = [starts[str(job_id)][0] - at - delay_ms / 1000 for job_id, (at, delay_ms) in enqueued.items()]
    assert min(waited) >= -0.001, "started before the delay was over"
    assert {(view.counters.lease_no, view.counters.losses) for view in views} == {(1, 0)}
    assert len(workers) == 2, "a living worker was taken for dead and came back under another name"


async def ended(app: TaskFlow, ids: list[UUID]) -> list[JobView]:
    """Wait until all jobs have ended."""

    async def views() -> list[JobView] | None:
        found = await app.store.jobs.get_many("default", sorted(ids))
        return found if len(found) == len(ids) and all(view.state.final for view in found) else None

    return await wait_until(views, 60, what="the jobs to end")


# -- F32: the store's clock


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def stepping(
    request: pytest.FixtureRequest,
) -> AsyncIterator[tuple[TaskFlow, WrongClock, dict[str, list[float]]]]:
    """An app with a running worker and duties, on a store whose clock can be stepped."""
    clock, starts = WrongClock(), {}
    app = make_app(request.getfixturevalue(f"{request.param}_url"), starts, clock=clock)
    async with app, app.worker(**TIMES):
        yield app, clock, starts


async def begun(starts: dict[str, list[float]], *handles: Handle[Any], within: float) -> None:
    """Wait until each of these bodies has begun."""
    await wait_until(lambda: all(str(handle.id) in starts for handle in handles), within, what="the bodies to begin")


@pytest.mark.parametrize("step", [HOUR, -HOUR], ids=["forward", "back"])
async def test_a_step_of_the_stores_clock_rescues_no_living_worker_and_stops_nothing(
    stepping: tuple[TaskFlow, WrongClock, dict[str, list[float]]], step: timedelta
) -> None:
    app, clock, starts = stepping
    long = [await app.asend("long", {"seconds": 3 * TIMES["lease"]}) for _ in range(5)]
    far = await app.asend("quick", delay=60)
    await begun(starts, *long, within=SLACK)
    clock.off += step
    now = await app.asend("quick")
    sent = time.monotonic()
    soon = await app.asend("quick", delay=0.3)
    flaky = await app.asend("flaky")
    await begun(starts, now, soon, within=SLACK)
    assert starts[str(soon.id)][0] - sent >= 0.29, "an interval after the step is as long as it was before"
    views = await ended(app, [handle.id for handle in (*long, now, soon, flaky)])
    assert {view.state for view in views} == {State.COMPLETED}
    assert {view.counters.losses for view in views} == {0}, "a living worker was taken for dead"
    assert Counter(view.counters.lease_no for view in views) == {1: 7, 2: 1}  # only the flaky one ran twice
    assert starts[str(flaky.id)][1] - starts[str(flaky.id)][0] >= 0.29
    # What was to come in a minute comes when the clock says so: at once, or when it is that late again.
    if step < timedelta():
        assert str(far.id) not in starts
        clock.off = HOUR
    await begun(starts, far, within=SLACK)
    await ended(app, [far.id])
    assert {len(times) for job, times in starts.items() if job != str(flaky.id)} == {1}, "something ran twice"
    assert await app.store.upkeep.check() == []


@pytest.mark.parametrize("step_s", [2.0, -2.0], ids=["forward", "back"])
async def test_a_dead_worker_is_found_no_later_than_the_step_of_the_clock(
    stepping: tuple[TaskFlow, WrongClock, dict[str, list[float]]], step_s: float
) -> None:
    app, clock, _ = stepping
    store, dead = app.store, uuid4()
    await store.workers.register(
        NewWorker(id=dead, supervisor=uuid4(), host="h", boot_id="b", pid=1, version="0", lease_ms=1_000, info=b"{}")
    )
    job = job_made_at(clock, "elsewhere")
    await store.intake.enqueue([job])
    request = ClaimRequest(worker_id=dead, tenants=(), queues=(), tasks=("elsewhere",), limit=1)
    assert [claimed.id for claimed in await store.claims.claim(request)] == [job.id]
    clock.off += timedelta(seconds=step_s)

    async def rescued() -> bool:
        view = await store.jobs.get("default", job.id)
        return view is not None and view.counters.losses == 1

    # A silence that may be the store's own is given a lease more.
    await wait_until(rescued, 2 * TIMES["lease"] + TIMES["sweep"] + abs(step_s) + SLACK, what="the rescue")
    assert await store.upkeep.check() == []
