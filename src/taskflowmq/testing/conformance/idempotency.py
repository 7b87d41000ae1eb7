"""Idempotency keys: the first answer again, whatever became of its jobs, for a day."""

from __future__ import annotations

import asyncio
from uuid import UUID

import msgspec
import pytest

from taskflowmq.core.errors import Conflict, IdempotencyInFlight, IdempotencyMismatch
from taskflowmq.core.job import Enqueued, IdempotencyKey, NewJob, UniqueKey
from taskflowmq.core.transitions import Succeeded
from taskflowmq.ports.store import Retention
from taskflowmq.testing.conformance.support import Rig, StoreSuite, ids

KEY = IdempotencyKey("order-17", "aa" * 32)
OTHER_REQUEST = IdempotencyKey("order-17", "bb" * 32)


class TestIdempotency(StoreSuite):
    """Intake.enqueue with ``idempotency``."""

    async def test_the_first_use_of_a_key_stores(self, rig: Rig) -> None:
        jobs = [rig.job(), rig.job()]
        answers = await rig.store.intake.enqueue(jobs, idempotency=KEY)
        assert answers == [Enqueued(job.id, created=True) for job in jobs]

    async def test_a_repeat_answers_with_the_first_ids_in_order(self, rig: Rig, other: Rig) -> None:
        first = [rig.job() for _ in range(5)]
        first.reverse()
        await rig.store.intake.enqueue(first, idempotency=KEY)
        # A client that repeats a request makes new ids: only the key can tell.
        answers = await other.store.intake.enqueue([rig.job() for _ in range(5)], idempotency=KEY)
        assert ids(answers) == ids(first)
        assert all(answer.replayed for answer in answers)
        assert len(await rig.claim(await rig.worker())) == 5

    async def test_a_repeat_says_again_which_jobs_were_new(self, rig: Rig) -> None:
        await rig.store.intake.enqueue([rig.job(unique=UniqueKey(key="held"))])
        rig.clock.advance(1)
        keys = [UniqueKey(key="held"), None, UniqueKey(key="x"), UniqueKey(key="x")]
        first, second = [
            await rig.store.intake.enqueue([rig.job(unique=key) for key in keys], idempotency=KEY) for _ in range(2)
        ]
        assert [answer.created for answer in first] == [False, True, True, False]
        assert [(answer.id, answer.created) for answer in second] == [(one.id, one.created) for one in first]

    async def test_a_repeat_says_the_same_of_an_id_that_came_twice_and_of_a_holder_that_is_gone(self, rig: Rig) -> None:
        holder = rig.job(unique=UniqueKey(key="held"))
        await rig.store.intake.enqueue([holder])
        twice = rig.job()
        first = await rig.store.intake.enqueue([twice, twice, rig.job(unique=UniqueKey(key="held"))], idempotency=KEY)
        assert [(answer.id, answer.created) for answer in first] == [
            (twice.id, True), (twice.id, True), (holder.id, False),
        ]  # fmt: skip
        await rig.store.jobs.cancel("default", holder.id, actor="test")
        await rig.store.jobs.delete("default", holder.id)
        rig.clock.advance(20 * 3600)
        second = await rig.store.intake.enqueue([rig.job() for _ in first], idempotency=KEY)
        assert [(answer.id, answer.created) for answer in second] == [(one.id, one.created) for one in first]

    async def test_another_request_under_the_key_is_refused(self, rig: Rig) -> None:
        await rig.store.intake.enqueue([rig.job()], idempotency=KEY)
        second = rig.job()
        with pytest.raises(IdempotencyMismatch):
            await rig.store.intake.enqueue([second], idempotency=OTHER_REQUEST)
        assert await rig.store.jobs.get("default", second.id) is None

    async def test_keys_belong_to_a_tenant(self, rig: Rig) -> None:
        mine, theirs = rig.job(), rig.job(tenant="other")
        await rig.store.intake.enqueue([mine], idempotency=KEY)
        (answer,) = await rig.store.intake.enqueue([theirs], idempotency=OTHER_REQUEST)
        assert answer == Enqueued(theirs.id, created=True)

    async def test_the_key_outlives_its_job(self, rig: Rig) -> None:
        job = rig.job()
        await rig.store.intake.enqueue([job], idempotency=KEY)
        await rig.apply(await rig.claim_one(), Succeeded(b"1"))
        await rig.store.jobs.delete("default", job.id)
        rig.clock.advance(23 * 3600)
        await rig.store.upkeep.prune(Retention(), 1000)
        (answer,) = await rig.store.intake.enqueue([rig.job()], idempotency=KEY)
        assert (answer.id, answer.replayed) == (job.id, True)
        assert await rig.claim(await rig.worker()) == []

    async def test_a_key_is_forgotten_after_a_day(self, rig: Rig) -> None:
        await rig.store.intake.enqueue([rig.job()], idempotency=KEY)
        rig.clock.advance(25 * 3600)
        await rig.store.upkeep.prune(Retention(), 1000)
        again = rig.job()
        assert await rig.store.intake.enqueue([again], idempotency=OTHER_REQUEST) == [Enqueued(again.id, created=True)]

    async def test_a_request_that_failed_leaves_no_key(self, rig: Rig) -> None:
        taken = await rig.put()
        with pytest.raises(Conflict):
            await rig.store.intake.enqueue([msgspec.structs.replace(taken, args=b'{"other":1}')], idempotency=KEY)
        job = rig.job()
        (answer,) = await rig.store.intake.enqueue([job], idempotency=OTHER_REQUEST)
        assert answer == Enqueued(job.id, created=True)

    @pytest.mark.parametrize("round_no", range(5))
    async def test_one_of_many_simultaneous_repeats_stores(self, rig: Rig, other: Rig, round_no: int) -> None:
        start = asyncio.Barrier(8)

        async def repeat(caller: Rig, job: NewJob) -> UUID | None:
            await start.wait()
            try:
                return (await caller.store.intake.enqueue([job], idempotency=KEY))[0].id
            except IdempotencyInFlight:
                return None

        answers = await asyncio.gather(*(repeat((rig, other)[n % 2], rig.job()) for n in range(8)))
        stored = ids(await rig.claim(await rig.worker()))
        assert len(stored) == 1
        assert set(answers) - {None} == set(stored)
