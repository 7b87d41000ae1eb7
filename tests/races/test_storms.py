"""Races by the thousand, at random: cancel against finish (F49), one key wanted by fifty (F36), mixed batches (F16)."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Coroutine
from typing import Any
from uuid import UUID

import pytest
from tests.races.arena import deadlocks

from taskflowmq import Context, State, TaskFlow
from taskflowmq.core.errors import StoreUnavailable
from taskflowmq.core.job import Enqueued, JobView, UniqueKey
from taskflowmq.core.operations import CancelAnswer
from taskflowmq.core.transitions import Discarded, Failed
from taskflowmq.ports.store import Retention
from taskflowmq.stores.postgres import PostgresStore
from taskflowmq.stores.sqlite import SqliteStore
from taskflowmq.testing.conformance.intake import ERROR
from taskflowmq.testing.conformance.support import NewStore, Rig, StoreSuite, ids, transition
from taskflowmq.testing.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
ENGINES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]

RUNS, AT_ONCE, LONGEST_S = 2_000, 50, 0.05
KEYS, RIVALS = 200, 50
ROUNDS, BATCH = 12, 60


@pytest.fixture(params=ENGINES)
async def url(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """The address of an empty database; on PostgreSQL no deadlock may have happened, not even one tried again."""
    name = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    address = str(request.getfixturevalue(name))
    before = 0 if request.param == "sqlite" else await deadlocks(address)
    yield address
    assert before == (0 if request.param == "sqlite" else await deadlocks(address))


@pytest.fixture
def new_store(url: str) -> NewStore:
    """Build stores on this test's database."""
    return lambda clock: SqliteStore(url, clock=clock) if url.startswith("sqlite") else PostgresStore(url, clock=clock)


# ------------------------------------------------------------------------------------------ cancel against finish (F49)


class Bodies:
    """What the handlers of one app did."""

    def __init__(self) -> None:
        self.started: Counter[UUID] = Counter()
        self.returned: set[UUID] = set()


def cancelled_app(url: str, bodies: Bodies) -> TaskFlow:
    app = TaskFlow(url)

    @app.task(name="run", timeout=60)
    async def run(ctx: Context, seconds: float | None) -> int:
        bodies.started[ctx.job.id] += 1
        # A job of known length, or one that only a cancel can end.
        await asyncio.sleep(3600 if seconds is None else seconds)
        bodies.returned.add(ctx.job.id)
        return 1

    return app


async def ended(app: TaskFlow, job_id: UUID) -> JobView:
    async def view() -> JobView | None:
        found = await app.job(job_id).ajob()
        return found if found.state.final else None

    found = await wait_until(view, 30, what=f"job {job_id} to end")
    assert found is not None
    return found


def contradiction(answer: CancelAnswer, view: JobView, bodies: Bodies) -> str:
    """Say in which way the answer, the stored end and what the handler saw do not fit, or nothing."""
    returned, started = view.id in bodies.returned, bodies.started[view.id]
    if started > 1:
        return f"ran {started} times"
    if (view.state is State.COMPLETED) != returned:
        return f"stored as {view.state}, and its body {'returned' if returned else 'did not return'}"
    if answer is CancelAnswer.CANCELLED and (started or view.state is not State.CANCELLED):
        return f"was answered 'cancelled', started {started} times and is {view.state}"
    if answer is CancelAnswer.FINAL and view.state is not State.COMPLETED:
        return f"was answered 'final' and is {view.state}"
    return ""


async def test_two_thousand_cancels_at_random_moments(url: str) -> None:
    bodies, chance = Bodies(), random.Random(49)
    app = cancelled_app(url, bodies)
    seen: dict[UUID, tuple[CancelAnswer, JobView]] = {}
    turns = asyncio.Semaphore(AT_ONCE)

    async def user(number: int) -> None:
        seconds = None if number % 20 == 0 else chance.uniform(0, LONGEST_S)
        async with turns:
            handle = await app.asend("run", {"seconds": seconds})
            await asyncio.sleep(chance.uniform(0, 1.5 * LONGEST_S))
            answer = await handle.acancel()
            seen[handle.id] = answer, await ended(app, handle.id)

    async with app, app.worker(poll=0.02, concurrency=AT_ONCE):
        await asyncio.gather(*(user(number) for number in range(RUNS)))
    async with app:
        wrong = {}
        for job_id, (answer, view) in seen.items():
            if problem := contradiction(answer, view, bodies):
                wrong[job_id] = problem
            if await app.job(job_id).ajob() != view:
                wrong[job_id] = "has changed after its end"
    assert wrong == {}
    counts = Counter((str(answer), str(view.state)) for answer, view in seen.values())
    print(f"F49: {RUNS} cancels: {dict(counts)}")
    assert sum(counts.values()) == RUNS
    assert {answer for answer, _ in counts} >= {"requested", "final"}, "the moments were not mixed"


class TestStorms(StoreSuite):
    """Two stores, many tasks, the same rows."""

    async def test_one_key_wanted_by_fifty(self, rig: Rig, other: Rig) -> None:
        """F36: some of them in transactions that are rolled back; other queues go on meanwhile."""
        await rig.put(queue="elsewhere")
        await rig.store.intake.make_names([rig.job()])
        answers: dict[str, list[Enqueued]] = {f"k{n}": [] for n in range(KEYS)}
        refused: list[str] = []
        chance = random.Random(36)

        async def rival(number: int, key: str) -> None:
            who, job = (rig, other)[number % 2], rig.job(unique=UniqueKey(key=key))
            if number % 10:
                try:
                    answers[key] += await who.enqueue(job)
                except StoreUnavailable as error:
                    refused.append(str(error))
                return
            keeps = chance.random() < 0.5
            try:
                async with who.store.claims.transaction() as conn:
                    found = await who.store.intake.enqueue_on(conn, [job], wake=False)
                    if not keeps:
                        raise _ChangeOfMind
            except _ChangeOfMind:
                return
            answers[key] += found

        slowest = late = 0.0
        worker, now = await rig.worker(), asyncio.get_running_loop().time
        for first in range(0, KEYS, 4):
            keys = [f"k{n}" for n in range(first, first + 4)]
            storm = asyncio.gather(*(rival(n, key) for n in range(RIVALS) for key in keys))
            ended: list[float] = []
            storm.add_done_callback(lambda _, ended=ended: ended.append(now()))
            began = now()
            job = await other.put(queue="elsewhere")
            assert job.id in ids(await other.claim(worker, queues=("elsewhere",)))
            slowest = max(slowest, now() - began)
            # Beside the storm it gets its share of this machine, which may be little.
            late = max(late, now() - (ended or [now()])[0])
            await storm
        holders = {key: {answer.id for answer in found} for key, found in answers.items()}
        assert {key: found for key, found in holders.items() if len(found) != 1} == {}
        assert {key: n for key, found in answers.items() if (n := sum(a.created for a in found)) > 1} == {}
        stored = await rig.claim(worker, 1000, queues=("default",))
        assert len(stored) == KEYS
        assert {job.id for job in stored} == {job_id for found in holders.values() for job_id in found}
        print(f"F36: {KEYS} keys x {RIVALS}: {len(stored)} jobs, {len(refused)} refused, elsewhere <= {slowest:.2f} s")
        assert refused == []
        assert late < 5, "the storm on one queue held up another"

    async def test_eight_tasks_of_mixed_batches_on_the_same_ids(self, rig: Rig, other: Rig) -> None:
        """F16: from both ends, claims, settles, enqueues, cancels, retries, deletes and duties."""
        soon = Retention(completed_ms=1, cancelled_ms=1, dead_ms=1)
        for _ in range(ROUNDS):
            jobs = [rig.job(unique=UniqueKey(key=f"k{n}", on_conflict="replace"), delay_ms=n % 3) for n in range(BATCH)]
            await rig.enqueue(*jobs)
            await rig.after(0.01)
            workers = [await rig.worker(), await other.worker()]
            held = await rig.claim(workers[0], BATCH // 2)
            some = ids(jobs)
            again = [rig.job(unique=UniqueKey(key=f"k{n}")) for n in reversed(range(BATCH))]
            await _all(
                rig.store.claims.settle([transition(job, Discarded(ERROR)) for job in held]),
                other.store.claims.settle([transition(job, Failed(ERROR)) for job in reversed(held)]),
                other.claim(workers[1], BATCH),
                other.enqueue(*again),
                _each(some, lambda job_id: rig.store.jobs.cancel("default", job_id, actor="me")),
                _each(some[::-1], lambda job_id: other.store.jobs.retry("default", job_id)),
                _each(some, lambda job_id: other.store.jobs.delete("default", job_id)),
                _each(range(6), lambda _: rig.store.upkeep.stage_due(1000)),
                _each(range(4), lambda _: other.store.upkeep.prune(soon, 1000)),
                _each(range(4), lambda _: rig.store.upkeep.expire_ready(1000)),
            )
            assert await rig.store.upkeep.check() == []
            rig.clock.advance(60)
            for worker in workers:
                for orphan in await rig.store.workers.held_jobs(worker, 1000):
                    await rig.settle(orphan, Discarded(ERROR))


class _ChangeOfMind(Exception):
    """Rolls a transaction back."""


async def _each(items: Any, call: Any) -> None:
    for item in items:
        await call(item)


async def _all(*calls: Coroutine[Any, Any, Any]) -> None:
    """Run all to their ends; raise the first error after that."""
    for answer in await asyncio.gather(*calls, return_exceptions=True):
        if isinstance(answer, BaseException):
            raise answer
