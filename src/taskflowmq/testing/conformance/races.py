"""Two connections on the same rows at the same moment: exactly one of them wins.

Each case runs a few rounds in the quick suite and many in the slow one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from taskflowmq.core.errors import Conflict
from taskflowmq.core.job import Enqueued, Reason, State, UniqueKey
from taskflowmq.core.operations import CancelAnswer, DeleteAnswer, RetryAnswer
from taskflowmq.core.transitions import Discarded, Failed, Lost, Succeeded
from taskflowmq.ports.store import Settled
from taskflowmq.testing.conformance.intake import ERROR
from taskflowmq.testing.conformance.support import LEASE_MS, Rig, StoreSuite, ids, transition

rounds = pytest.mark.parametrize(
    "count", [pytest.param(8, id="few"), pytest.param(120, id="many", marks=pytest.mark.slow)]
)


async def together(*calls: Coroutine[Any, Any, Any]) -> list[Any]:
    """Start calls at the same moment and return their answers in order; the first error is raised after all."""
    start = asyncio.Barrier(len(calls))

    async def run(call: Coroutine[Any, Any, Any]) -> Any:
        await start.wait()
        return await call

    answers = await asyncio.gather(*(run(call) for call in calls), return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    return answers


class TestRaces(StoreSuite):
    """Claim, settle, cancel, rescue, retry, delete and enqueue against each other."""

    @rounds
    async def test_claim_against_claim(self, rig: Rig, other: Rig, count: int) -> None:
        workers = [(rig, await rig.worker()) if n % 2 else (other, await other.worker()) for n in range(6)]
        for _ in range(count):
            jobs = [rig.job(priority=n % 3, queue=f"q{n % 2}") for n in range(30)]
            await rig.enqueue(*jobs)
            taken = await together(*(who.claim(worker, 7) for who, worker in workers))
            taken.append(await rig.claim(workers[0][1], 100))
            claimed = [job_id for batch in taken for job_id in ids(batch)]
            assert sorted(claimed) == sorted(ids(jobs)), "each job once"

    @rounds
    async def test_complete_against_rescue(self, rig: Rig, other: Rig, count: int) -> None:
        for _ in range(count):
            await rig.enqueue(*(rig.job() for _ in range(10)))
            worker = await rig.worker()
            held = await rig.claim(worker, 10)
            await other.store.workers.end(worker)
            orphans = await other.store.workers.held_jobs(worker, 10)
            mine, theirs = await together(
                rig.store.claims.settle([transition(j, Succeeded(b"1")) for j in held]),
                other.store.claims.settle([transition(j, Lost()) for j in reversed(orphans)]),
            )
            for job, completed, rescued in zip(held, mine, reversed(theirs), strict=True):
                assert {completed, rescued} == {Settled.APPLIED, Settled.STALE}
                state = await rig.state(job.id)
                assert state is (State.COMPLETED if completed is Settled.APPLIED else State.RETRYING)

    @rounds
    async def test_cancel_against_complete(self, rig: Rig, other: Rig, count: int) -> None:
        for _ in range(count):
            held = await rig.running()
            settled, cancel = await together(
                rig.settle(held, Succeeded(b"1")),
                other.store.jobs.cancel("default", held.id, actor="me"),
            )
            assert settled is Settled.APPLIED
            assert cancel in (CancelAnswer.REQUESTED, CancelAnswer.FINAL)
            assert await rig.state(held.id) is State.COMPLETED, "a body that returned is completed"

    @rounds
    async def test_cancel_against_retry(self, rig: Rig, other: Rig, count: int) -> None:
        for _ in range(count):
            held = await rig.running()
            settled, cancel = await together(
                rig.settle(held, Failed(ERROR)),
                other.store.jobs.cancel("default", held.id, actor="me"),
            )
            assert settled is Settled.APPLIED
            assert cancel in (CancelAnswer.REQUESTED, CancelAnswer.CANCELLED)
            view = await rig.view(held.id)
            assert (view.state, view.reason) == (State.CANCELLED, Reason.CANCELLED_BY_USER)

    @rounds
    async def test_cancel_against_claim(self, rig: Rig, other: Rig, count: int) -> None:
        worker = await rig.worker()
        for _ in range(count):
            job = await rig.put()
            claimed, cancel = await together(
                rig.claim(worker, 1),
                other.store.jobs.cancel("default", job.id, actor="me"),
            )
            if cancel is CancelAnswer.CANCELLED:
                assert claimed == [], "no run after the answer said cancelled"
                assert await rig.state(job.id) is State.CANCELLED
            else:
                assert cancel is CancelAnswer.REQUESTED
                if not claimed:  # The claim stepped over a row that the cancel held.
                    claimed = await rig.claim(worker, 1)
                assert ids(claimed) == [job.id]
                assert (await rig.store.claims.requests(worker)).cancel == [job.id]
                await rig.apply(claimed[0], Lost())
                assert await rig.state(job.id) is State.CANCELLED

    @rounds
    async def test_retry_against_delete(self, rig: Rig, other: Rig, count: int) -> None:
        for _ in range(count):
            held = await rig.running()
            await rig.apply(held, Discarded(ERROR))
            retry, delete = await together(
                rig.store.jobs.retry("default", held.id),
                other.store.jobs.delete("default", held.id),
            )
            if retry is RetryAnswer.NEW_ROUND:
                assert delete is DeleteAnswer.CONFLICT
                await rig.apply(await rig.claim_one(), Succeeded(b"1"))
            else:
                # It may have been looked at before it went, and found gone when it was to be changed.
                assert retry in (RetryAnswer.NOT_FOUND, RetryAnswer.CONFLICT)
                assert delete is DeleteAnswer.DELETED
                assert await rig.store.jobs.get("default", held.id) is None

    @rounds
    async def test_retry_against_retry(self, rig: Rig, other: Rig, count: int) -> None:
        for _ in range(count):
            held = await rig.running()
            await rig.apply(held, Discarded(ERROR))
            answers = await together(*(who.store.jobs.retry("default", held.id) for who in (rig, other)))
            assert sorted(answers) == [RetryAnswer.CONFLICT, RetryAnswer.NEW_ROUND]
            again = await rig.claim_one()
            assert again.round == 2
            await rig.apply(again, Succeeded(b"1"))

    @rounds
    async def test_renew_against_end(self, rig: Rig, other: Rig, count: int) -> None:
        for _ in range(count):
            worker = await rig.worker(lease_ms=1000)
            rig.clock.advance(2)
            renewed, ended = await together(
                rig.store.workers.renew([worker], LEASE_MS),
                other.store.workers.end_expired(100),
            )
            # Whichever came first: a worker whose renewal was accepted has not been ended.
            assert (worker in renewed) != (worker in ended), (renewed, ended)

    @rounds
    async def test_end_against_claim(self, rig: Rig, other: Rig, count: int) -> None:
        for _ in range(count):
            job = await rig.put()
            worker = await rig.worker()
            claimed, ended = await together(
                rig.claim(worker, 1),
                other.store.workers.end(worker),
            )
            assert ended is True
            orphans = await other.store.workers.held_jobs(worker, 10)
            assert ids(orphans) == ids(claimed), "what was claimed in time is found by the rescuer"
            for orphan in orphans:
                await other.apply(orphan, Lost())
            await rig.after(1)
            again = await rig.claim_one()
            assert again.id == job.id
            await rig.apply(again, Succeeded(b"1"))

    @rounds
    async def test_fifty_enqueues_on_twenty_keys(self, rig: Rig, other: Rig, count: int) -> None:
        for turn in range(max(count // 8, 1)):
            jobs = [rig.job(unique=UniqueKey(key=f"{turn}-{n % 20}")) for n in range(50)]
            answers = await together(*((rig, other)[n % 2].enqueue(job) for n, job in enumerate(jobs)))
            by_key: dict[int, set[Any]] = {}
            created = 0
            for n, (answer,) in enumerate(answers):
                assert isinstance(answer, Enqueued)
                created += answer.created
                by_key.setdefault(n % 20, set()).add(answer.id)
            assert created == 20
            assert all(len(holders) == 1 for holders in by_key.values())
            held = await rig.claim(await rig.worker(), 100)
            assert len(held) == 20
            await rig.store.claims.settle([transition(job, Succeeded(b"1")) for job in held])

    @rounds
    async def test_unique_keys_in_opposite_order(self, rig: Rig, other: Rig, count: int) -> None:
        for turn in range(count):
            keys = [f"{turn}-{n}" for n in range(10)]
            mine = [rig.job(unique=UniqueKey(key=key)) for key in keys]
            theirs = [rig.job(unique=UniqueKey(key=key)) for key in reversed(keys)]
            first, second = await together(rig.enqueue(*mine), other.enqueue(*theirs))
            assert ids(first) == ids(reversed(second))
            assert sum(answer.created for answer in (*first, *second)) == 10

    @rounds
    async def test_replace_against_replace(self, rig: Rig, other: Rig, count: int) -> None:
        for turn in range(count):
            key = UniqueKey(key=f"k{turn}", on_conflict="replace")
            jobs = [rig.job(unique=key) for _ in range(6)]
            await together(*((rig, other)[n % 2].enqueue(job) for n, job in enumerate(jobs)))
            (survivor,) = await rig.claim(await rig.worker(), 10)
            stored = await rig.store.jobs.get_many("default", ids(jobs))
            assert [view.id for view in stored if view.state is not State.CANCELLED] == [survivor.id]
            await rig.apply(survivor, Succeeded(b"1"))

    @rounds
    async def test_the_same_bulk_in_opposite_order(self, rig: Rig, other: Rig, count: int) -> None:
        for _ in range(count):
            jobs = [rig.job(queue=f"q{n % 3}") for n in range(40)]
            first, second = await together(rig.enqueue(*jobs), other.enqueue(*reversed(jobs)))
            assert ids(first) == ids(reversed(second)) == ids(jobs)
            for mine, theirs in zip(first, reversed(second), strict=True):
                assert mine.replayed != theirs.replayed
            assert len(await rig.claim(await rig.worker(), 100)) == 40

    @rounds
    async def test_the_same_id_for_two_tenants(self, rig: Rig, other: Rig, count: int) -> None:
        for turn in range(count):
            job = rig.job()
            foreign = type(job)(id=job.id, task=job.task, args=job.args, tenant=f"t{turn}")

            async def attempt(who: Rig, what: Any) -> str:
                try:
                    await who.enqueue(what)
                except Conflict:
                    return "conflict"
                return "stored"

            answers = await together(attempt(rig, job), attempt(other, foreign))
            assert sorted(answers) == ["conflict", "stored"]
            assert len(await rig.claim(await rig.worker(), 10, tenants=())) == 1

    @rounds
    async def test_settle_against_settle_in_opposite_order(self, rig: Rig, other: Rig, count: int) -> None:
        for _ in range(count):
            await rig.enqueue(*(rig.job() for _ in range(30)))
            held = await rig.claim(await rig.worker(), 30)
            done = [transition(job, Succeeded(b"1")) for job in held]
            first, second = await together(
                rig.store.claims.settle(done),
                other.store.claims.settle(list(reversed(done))),
            )
            for mine, theirs in zip(first, reversed(second), strict=True):
                assert sorted((mine, theirs)) == [Settled.APPLIED, Settled.REPLAYED]

    @rounds
    async def test_everybody_on_the_same_rows(self, rig: Rig, other: Rig, count: int) -> None:
        """Bulk claim, complete, cancel, retry, delete and prune at once: no deadlock ever surfaces (F16)."""
        for _ in range(max(count // 8, 1)):
            jobs = [rig.job() for _ in range(30)]
            await rig.enqueue(*jobs)
            workers = [await rig.worker(), await other.worker()]
            held = await rig.claim(workers[0], 20)
            some = ids(jobs)

            async def on_all(who: Rig, verb: str, order: list[Any]) -> None:
                for job_id in order:
                    if verb == "cancel":
                        await who.store.jobs.cancel("default", job_id, actor="me")
                    elif verb == "retry":
                        await who.store.jobs.retry("default", job_id)
                    else:
                        await who.store.jobs.delete("default", job_id)

            await together(
                rig.store.claims.settle([transition(job, Discarded(ERROR)) for job in held]),
                other.store.claims.settle([transition(job, Failed(ERROR)) for job in reversed(held)]),
                other.claim(workers[1], 20),
                on_all(rig, "cancel", some),
                on_all(other, "retry", some[::-1]),
                on_all(other, "delete", some),
                other.enqueue(*reversed(jobs)),
            )
            assert await rig.store.upkeep.check() == []
            for worker in workers:
                for orphan in await rig.store.workers.held_jobs(worker, 100):
                    await rig.settle(orphan, Discarded(ERROR))
