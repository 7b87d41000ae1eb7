"""It was done, and whoever asked was told that it was not: any call of the store, at any time (RELIABILITY F8)."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.faults.forgetful import CHANGES, Forgetful

from taskflowmq import (
    Conflict,
    Discard,
    JobNotFound,
    Retry,
    Snooze,
    State,
    StoreUnavailable,
    Unique,
    current_context,
    task,
)
from taskflowmq.bootstrap.embed import EmbeddedWorker
from taskflowmq.bootstrap.stores import make_store
from taskflowmq.client.app import BaseApp
from taskflowmq.core.job import JobView
from taskflowmq.ports.store import ClaimRequest, Retention, Store
from taskflowmq.ports.store.workers import NewWorker
from taskflowmq.testing.waiting import wait_until

pytestmark = pytest.mark.slow

SEED = 20_261_122
#: A sweep that is three intervals late looks like an outage, which forbids rescues for a lease: this one is long enough
#: for a busy machine.
OPTIONS = {"concurrency": 5, "lease": 1.5, "heartbeat": 0.05, "sweep": 0.5, "poll": 0.05}

#: (job, lease number) of every body that began.
ledger: list[tuple[UUID, int]] = []


async def work() -> int:
    ctx = current_context()
    ledger.append((ctx.job.id, ctx.lease_no))
    ctx.progress(0.5)
    await asyncio.sleep(0.01)
    return ctx.attempt


@task
async def plain(n: int) -> int:
    return await work()


@task(retry=Retry(initial=0.05))
async def flaky(n: int) -> int:
    if await work() == 1:
        raise ValueError("the first time")
    return n


@task
async def sleepy(n: int) -> int:
    await work()
    if sum(job == current_context().job.id for job, _ in ledger) == 1:
        raise Snooze(0.05)
    return n


@task
async def hopeless(n: int) -> None:
    await work()
    raise Discard("no chance")


@task
async def endless(n: int) -> None:
    await work()
    await asyncio.Event().wait()


@task(queue="paused")
async def held_up(n: int) -> int:
    return await work()


#: How each kind ends: state, attempt, bodies begun.
ENDS = {
    "plain": (State.COMPLETED, 1, 1),
    "flaky": (State.COMPLETED, 2, 2),
    "sleepy": (State.COMPLETED, 1, 2),
    "hopeless": (State.DEAD, 1, 1),
    "endless": (State.CANCELLED, 1, 1),
    "held_up": (State.COMPLETED, 1, 1),
}
#: Jobs by kind of those that :func:`send_all` stores.
SENT = 560


async def insist(call: Callable[[], Awaitable[Any]], done: tuple[type[Exception], ...] = ()) -> None:
    """Ask until there is an answer, as a client would; ``done``: what a repeat is told when the first call was done."""
    while True:
        try:
            await call()
        except StoreUnavailable:
            continue
        except done:
            pass
        return


async def lose_a_worker(url: str, app: BaseApp) -> set[UUID]:
    """Claim some jobs for a worker that never does anything, and return them."""
    store, worker = make_store(url), uuid4()
    await store.open()
    row = NewWorker(id=worker, supervisor=worker, host="gone", boot_id="", pid=1, version="0", lease_ms=500, info=b"{}")
    await store.workers.register(row)
    request = ClaimRequest(worker_id=worker, tenants=(), queues=("default",), tasks=app.tasks.names(), limit=20)
    claimed = await store.claims.claim(request)
    await store.close()
    return {job.id for job in claimed}


async def send_all(app: BaseApp) -> list[Any]:
    """Enqueue 560 jobs in every way, while answers get lost."""
    kinds = [app.tasks[name] for name in ("plain", "flaky", "sleepy", "hopeless")]
    bulks = [kinds[n % 4].job(n=n) for n in range(320)]
    handles = [handle for first in range(0, 320, 20) for handle in await app.aenqueue_many(bulks[first : first + 20])]
    handles += await asyncio.gather(*(app.asend("plain", {"n": n}) for n in range(120)))
    handles += await asyncio.gather(*(app.asend("plain", {"n": n}, delay=0.3) for n in range(80)))
    only = Unique(by=("n",))
    return handles + [await app.asend("flaky", {"n": n}, unique=only) for n in range(1_000, 1_040)]


class _NotYet(list[Any]):
    """What a failure shows; it counts as nothing."""

    def __bool__(self) -> bool:
        return False


class Operator:
    """Pauses, reschedules, moves, cancels, retries and deletes while answers get lost.

    Args:
        app: on a forgetful store.
        truth: the same database, remembered well.
    """

    def __init__(self, app: BaseApp, truth: Store) -> None:
        self._app = app
        self._truth = truth
        self.held_up: list[UUID] = []
        self.expiring: list[UUID] = []
        self.never: list[UUID] = []
        self.endless: list[UUID] = []

    async def prepare(self) -> None:
        """Before any worker: a paused queue, jobs that expire in it, jobs that are put off and cancelled."""
        await insist(lambda: self._app.queues.apause("paused", create=True))
        held = [self._app.tasks["held_up"].job(n=n) for n in range(10)]
        self.held_up = [handle.id for handle in await self._app.aenqueue_many(held)]
        expiring = [self._app.tasks["held_up"].using(expires_in=0.2).job(n=n) for n in range(10)]
        self.expiring = [handle.id for handle in await self._app.aenqueue_many(expiring)]
        never = [self._app.tasks["plain"].using(delay=3600).job(n=n) for n in range(10)]
        self.never = [handle.id for handle in await self._app.aenqueue_many(never)]
        for job in self.never:
            await insist(lambda: self._app.jobs.areschedule(job, delay=7200))  # noqa: B023
            await insist(lambda: self._app.jobs.amove(job, queue="moved", priority=7))  # noqa: B023
            await insist(lambda: self._app.jobs.acancel(job))  # noqa: B023

    async def steer(self) -> None:
        """While a worker runs: let the paused queue go, look into a job that runs, and cancel such jobs."""
        endless = [self._app.tasks["endless"].using(priority=-1).job(n=n) for n in range(4)]
        self.endless = [handle.id for handle in await self._app.aenqueue_many(endless)]
        await wait_until(lambda: set(self.endless) <= {job for job, _ in ledger}, what="the endless bodies")
        assert not set(self.held_up) & {job for job, _ in ledger}, "a paused queue was served"
        await insist(lambda: self._app.queues.aresume("paused"))
        await insist(lambda: self._app.jobs.astack(self.endless[0]))
        for job in self.endless:
            await insist(lambda: self._app.jobs.acancel(job))  # noqa: B023

    async def redrive(self, dead: list[JobView]) -> None:
        """While no worker runs: retry dead jobs by hand; a repeat finds them waiting already."""
        for view in dead:
            await insist(lambda: self._app.jobs.aretry(view.id), (Conflict,))  # noqa: B023

    async def delete(self, jobs: list[UUID]) -> None:
        """Delete ended jobs; a repeat does not find them."""
        for job in jobs:
            await insist(lambda: self._app.jobs.adelete(job), (JobNotFound,))  # noqa: B023

    async def ended(self, ids: list[UUID], timeout: float = 19) -> list[JobView]:
        """Wait for the end of jobs, in id order."""

        async def views() -> list[JobView]:
            found = await self._truth.jobs.get_many("default", sorted(ids))
            left = [
                (str(view.id), view.task, view.state.value, view.counters) for view in found if not view.state.final
            ]
            return found if not left else _NotYet(left)

        return await wait_until(views, timeout, what="the jobs to end")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest) -> str:
    """Each engine."""
    found: str = request.getfixturevalue(f"{request.param}_url")
    return found


@pytest.fixture
async def truth(url: str) -> AsyncIterator[Store]:
    """The same database through a store that answers."""
    store = make_store(url)
    await store.open()
    yield store
    await store.close()


async def test_every_call_may_lose_its_answer_and_no_job_is_lost_doubled_or_stuck(url: str, truth: Store) -> None:
    ledger.clear()
    began = time.monotonic()
    stores: list[Forgetful] = []

    def forgetful(at: str) -> Any:
        stores.append(Forgetful(make_store(at), SEED, 0.1))
        return stores[-1]

    app = BaseApp(url, make_store=forgetful)
    for one in (plain, flaky, sleepy, hopeless, endless, held_up):
        app.include(one)
    operator = Operator(app, truth)
    async with app:
        sent = [handle.id for handle in await send_all(app)]
        await operator.prepare()
        gone = await lose_a_worker(url, app)
        assert (len(set(sent)), len(gone)) == (SENT, 20)
        # Workers come and go, so that their ends are lost too.
        for done in range(50, 450, 50):
            async with EmbeddedWorker(app, OPTIONS):
                await wait_until(lambda: len(ledger) > done, what="progress")  # noqa: B023
        async with EmbeddedWorker(app, OPTIONS):
            await operator.steer()
            ended = await operator.ended(sent + operator.held_up + operator.endless)
            expired = await operator.ended(operator.expiring)
        check_ends(ended, gone, stores[0])
        dead = [view for view in ended if view.state is State.DEAD][:10]
        # Nobody sweeps for more than three sweeps: the next worker begins with a grace.
        silent_until = time.monotonic() + 4 * OPTIONS["sweep"]
        await operator.redrive(dead)
        await wait_until(lambda: time.monotonic() > silent_until)
        async with EmbeddedWorker(app, OPTIONS):
            again = await operator.ended([view.id for view in dead])
        await operator.delete([view.id for view in again])
        # Rarely due: here at the latest.
        await insist(app.store.upkeep.maintain)
        await insist(lambda: app.store.upkeep.prune(Retention(), 100))
    stats = await truth.stats.count_all()
    assert await truth.upkeep.check() == []
    cancelled = await truth.jobs.get_many("default", sorted(operator.never))
    (store,) = stores
    jobs, seconds = sum(stats.states.values()), time.monotonic() - began
    print(
        f"F8: calls {store.asked.total()}, answers lost {store.lost.total()} (of {len(store.lost)} different calls), "
        f"jobs {jobs} + 10 deleted, bodies {len(ledger)}, twice under one fence 0, {seconds:.1f} s"
    )
    assert {name for names in CHANGES.values() for name in names} <= set(store.lost), "a fault never struck"
    assert [(view.counters.round, view.counters.attempt) for view in again] == [(2, 1)] * 10
    assert {(view.state, view.reason) for view in expired} == {(State.CANCELLED, "expired")}
    assert {(view.state, view.counters.attempt) for view in cancelled} == {(State.CANCELLED, 0)}
    assert {(view.queue, view.priority) for view in cancelled} == {("moved", 7)}
    assert (jobs, stats.states.get("running", 0)) == (SENT + 34 - 10, 0)
    assert max(Counter(ledger).values()) == 1, "two bodies ran under one fence"


def check_ends(ended: list[JobView], gone: set[UUID], store: Forgetful) -> None:
    """Every job ended as its kind does, and every charge is explained."""
    starts = Counter(job for job, _ in ledger)
    assert [(view.state, view.counters.attempt, starts[view.id]) for view in ended] == [ENDS[v.task] for v in ended]
    # By a claim, answered or not, or by the worker that was lost.
    assert all(view.counters.lease_no == store.claimed[view.id] + (view.id in gone) for view in ended)
    assert {view.id for view in ended if view.counters.losses} >= gone
    assert all(view.counters.crashes == 0 for view in ended)
