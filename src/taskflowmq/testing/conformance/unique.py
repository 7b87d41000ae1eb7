"""Unique keys: one job per key, for as long as was asked and not a moment longer (I7)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from taskflowmq.core.errors import NotUnique
from taskflowmq.core.job import Enqueued, NewJob, Reason, State, UniqueKey
from taskflowmq.core.operations import CancelAnswer
from taskflowmq.core.transitions import Discarded, Failed, Lost, Snoozed, Stopped, Succeeded
from taskflowmq.testing.conformance.intake import ERROR
from taskflowmq.testing.conformance.support import RETRY_S, Rig, StoreSuite, ids


async def _scheduled(rig: Rig, **options: Any) -> UUID:
    return (await rig.put(delay_ms=3_600_000, **options)).id


async def _pending(rig: Rig, **options: Any) -> UUID:
    return (await rig.put(**options)).id


async def _running(rig: Rig, **options: Any) -> UUID:
    return (await rig.running(**options)).id


async def _retrying(rig: Rig, **options: Any) -> UUID:
    return (await rig.apply(await rig.running(**options), Failed(ERROR))).id


async def _rescued(rig: Rig, **options: Any) -> UUID:
    return (await rig.apply(await rig.running(**options), Lost())).id


async def _snoozed(rig: Rig, **options: Any) -> UUID:
    return (await rig.apply(await rig.running(**options), Snoozed(60_000))).id


async def _complete(rig: Rig, job: NewJob) -> None:
    await rig.apply(await rig.claim_one(), Succeeded(b"1"))


async def _die(rig: Rig, job: NewJob) -> None:
    await rig.apply(await rig.claim_one(), Discarded(ERROR))


async def _stop(rig: Rig, job: NewJob) -> None:
    await rig.apply(await rig.claim_one(), Stopped(by_handler=True))


async def _cancel(rig: Rig, job: NewJob) -> None:
    assert await rig.store.jobs.cancel("default", job.id, actor="me") is CancelAnswer.CANCELLED


async def _expire(rig: Rig, job: NewJob) -> None:
    rig.clock.advance(3600)
    assert await rig.store.upkeep.expire_ready(10) == 1


LIVE = [_scheduled, _pending, _running, _retrying, _rescued, _snoozed]
ENDS = [_complete, _die, _stop, _cancel, _expire]
Make = Callable[..., Awaitable[UUID]]
End = Callable[[Rig, NewJob], Awaitable[None]]


def key(name: str = "k", **options: Any) -> UniqueKey:
    """Return a request for uniqueness."""
    return UniqueKey(key=name, **options)


class TestUnique(StoreSuite):
    """NewJob.unique."""

    @pytest.mark.parametrize("make", LIVE)
    async def test_a_held_key_answers_with_its_holder(self, rig: Rig, make: Make) -> None:
        holder = await make(rig, unique=key())
        second = rig.job(unique=key())
        assert await rig.enqueue(second) == [Enqueued(holder, created=False)]
        assert await rig.store.jobs.get("default", second.id) is None
        assert (await rig.view(holder)).unique_key == "k"

    @pytest.mark.parametrize("end", ENDS)
    async def test_the_key_is_free_when_its_holder_has_ended(self, rig: Rig, end: End) -> None:
        await end(rig, await rig.put(unique=key(), expires_in_ms=60_000))
        second = rig.job(unique=key())
        assert await rig.enqueue(second) == [Enqueued(second.id, created=True)]

    async def test_a_key_of_a_job_that_expired_while_waiting_is_free(self, rig: Rig) -> None:
        await rig.put(unique=key(), delay_ms=60_000, expires_in_ms=30_000)
        await rig.after(61)
        second = rig.job(unique=key())
        assert await rig.enqueue(second) == [Enqueued(second.id, created=True)]

    async def test_other_keys_and_tenants_do_not_matter(self, rig: Rig) -> None:
        await rig.put(unique=key())
        others = [rig.job(unique=key("K")), rig.job(unique=key(), tenant="other"), rig.job()]
        assert await rig.enqueue(*others) == [Enqueued(job.id, created=True) for job in others]

    async def test_a_repeat_of_the_holder_is_a_replay(self, rig: Rig) -> None:
        job = await rig.put(unique=key())
        (answer,) = await rig.enqueue(job)
        assert (answer.id, answer.replayed) == (job.id, True)
        await _complete(rig, job)
        (answer,) = await rig.enqueue(job)
        assert (answer.id, answer.replayed) == (job.id, True)

    async def test_a_repeat_of_an_ended_holder_does_not_take_the_key_back(self, rig: Rig) -> None:
        first = await rig.put(unique=key())
        await _complete(rig, first)
        second = await rig.put(unique=key())
        assert (await rig.enqueue(first))[0].replayed
        assert (await rig.enqueue(rig.job(unique=key())))[0].id == second.id

    # ------------------------------------------------------------------------------------- until it started

    @pytest.mark.parametrize("make", [_scheduled, _pending])
    async def test_until_start_holds_while_the_job_waits(self, rig: Rig, make: Make) -> None:
        holder = await make(rig, unique=key(free_at="start"))
        assert (await rig.enqueue(rig.job(unique=key(free_at="start"))))[0].id == holder

    async def test_until_start_is_free_once_claimed(self, rig: Rig) -> None:
        first = await rig.running(unique=key(free_at="start"))
        second = rig.job(unique=key(free_at="start"))
        assert (await rig.enqueue(second))[0].created
        # The first job's failure and end do not touch the key of the second.
        await rig.apply(first, Failed(ERROR))
        assert (await rig.enqueue(rig.job(unique=key(free_at="start"))))[0].id == second.id

    async def test_until_start_is_free_when_cancelled_before(self, rig: Rig) -> None:
        await _cancel(rig, await rig.put(unique=key(free_at="start")))
        assert (await rig.enqueue(rig.job(unique=key(free_at="start"))))[0].created

    # ------------------------------------------------------------------------------------------- for a time

    async def test_a_period_outlives_the_job(self, rig: Rig) -> None:
        holder = await rig.put(unique=key(free_at="time", period_ms=60_000))
        await _complete(rig, holder)
        rig.clock.advance(59)
        again = rig.job(unique=key(free_at="time", period_ms=60_000))
        assert await rig.enqueue(again) == [Enqueued(holder.id, created=False)]

    @pytest.mark.parametrize("make", [_pending, _running])
    async def test_a_period_that_is_over_is_taken_over_from_a_live_job(self, rig: Rig, make: Make) -> None:
        old = await make(rig, unique=key(free_at="time", period_ms=60_000))
        rig.clock.advance(61)
        new = rig.job(unique=key(free_at="time", period_ms=60_000))
        assert await rig.enqueue(new) == [Enqueued(new.id, created=True)]
        third = rig.job(unique=key(free_at="time", period_ms=60_000))
        assert await rig.enqueue(third) == [Enqueued(new.id, created=False)]
        assert (await rig.state(old)).final is False

    async def test_the_end_of_an_old_holder_leaves_the_new_holders_key(self, rig: Rig) -> None:
        old = await rig.running(unique=key(free_at="time", period_ms=60_000))
        rig.clock.advance(61)
        new = rig.job(unique=key())
        assert (await rig.enqueue(new))[0].created
        await rig.apply(old, Succeeded(b"1"))
        assert (await rig.enqueue(rig.job(unique=key())))[0].id == new.id

    # ------------------------------------------------------------------------------------ raise and replace

    @pytest.mark.parametrize("make", LIVE)
    async def test_raise_names_the_holder_and_stores_nothing(self, rig: Rig, make: Make) -> None:
        holder = await make(rig, unique=key())
        before, second, after = rig.job(), rig.job(unique=key(on_conflict="raise")), rig.job()
        with pytest.raises(NotUnique) as raised:
            await rig.enqueue(before, second, after)
        assert (raised.value.key, raised.value.holder) == ("k", str(holder))
        for job in (before, second, after):
            assert await rig.store.jobs.get("default", job.id) is None

    async def test_raise_stores_when_the_key_is_free(self, rig: Rig) -> None:
        job = rig.job(unique=key(on_conflict="raise"))
        assert (await rig.enqueue(job))[0].created
        assert (await rig.enqueue(job))[0].replayed, "a repeat of the holder itself is not a conflict"

    @pytest.mark.parametrize("make", [_scheduled, _pending])
    @pytest.mark.parametrize("free_at", ["finish", "start"])
    async def test_replace_cancels_a_holder_that_has_not_started(self, rig: Rig, make: Make, free_at: str) -> None:
        holder = await make(rig, unique=key(free_at=free_at))
        second = rig.job(unique=key(free_at=free_at, on_conflict="replace"))
        assert await rig.enqueue(second) == [Enqueued(second.id, created=True)]
        replaced = await rig.view(holder)
        assert (replaced.state, replaced.reason) == (State.CANCELLED, Reason.CANCELLED_BY_USER)
        assert ids(await rig.claim(await rig.worker())) == [second.id]

    async def test_replace_leaves_a_running_holder(self, rig: Rig) -> None:
        holder = await rig.running(unique=key())
        second = rig.job(unique=key(on_conflict="replace"))
        assert await rig.enqueue(second) == [Enqueued(holder.id, created=False)]
        assert await rig.state(holder.id) is State.RUNNING
        assert (await rig.apply(holder, Succeeded(b"1"))).state is State.COMPLETED

    async def test_the_replacing_job_holds_the_key(self, rig: Rig) -> None:
        await rig.put(unique=key())
        second = await rig.put(unique=key(on_conflict="replace"))
        assert (await rig.enqueue(rig.job(unique=key())))[0].id == second.id
        await _complete(rig, second)
        assert (await rig.enqueue(rig.job(unique=key())))[0].created

    # ------------------------------------------------------------------------------------------------ batch

    @pytest.mark.parametrize("on_conflict", ["return", "raise", "replace"])
    async def test_a_batch_sees_what_it_has_replaced(self, rig: Rig, on_conflict: str) -> None:
        """Not the job that the same call cancelled a moment before."""
        holder = await rig.put(unique=key())
        first, second = rig.job(unique=key(on_conflict="replace")), rig.job(unique=key(on_conflict=on_conflict))
        if on_conflict == "raise":
            with pytest.raises(NotUnique) as raised:
                await rig.enqueue(first, second)
            assert raised.value.holder == str(first.id)
            assert await rig.state(holder.id) is State.PENDING, "nothing was stored, so nothing was replaced"
            return
        answers = await rig.enqueue(first, second)
        assert answers[0] == Enqueued(first.id, created=True)
        assert await rig.state(holder.id) is State.CANCELLED
        if on_conflict == "return":
            assert answers[1] == Enqueued(first.id, created=False)
            assert ids(await rig.claim(await rig.worker())) == [first.id]
        else:
            assert answers[1] == Enqueued(second.id, created=True)
            assert await rig.state(first.id) is State.CANCELLED
            assert ids(await rig.claim(await rig.worker())) == [second.id]

    async def test_duplicates_inside_a_batch_share_the_first_job(self, rig: Rig) -> None:
        jobs = [rig.job(unique=key(f"k{n % 3}")) for n in range(9)] + [rig.job()]
        answers = await rig.enqueue(*jobs)
        assert ids(answers) == [*(ids(jobs[:3]) * 3), jobs[9].id]
        assert [answer.created for answer in answers] == [True] * 3 + [False] * 6 + [True]
        assert len(await rig.claim(await rig.worker())) == 4

    async def test_a_duplicate_inside_a_batch_that_raises_stores_nothing(self, rig: Rig) -> None:
        jobs = [rig.job(unique=key(on_conflict="raise")) for _ in range(2)]
        with pytest.raises(NotUnique):
            await rig.enqueue(*jobs)
        assert await rig.claim(await rig.worker()) == []
        assert (await rig.enqueue(rig.job(unique=key())))[0].created, "the key leaked"

    async def test_a_batch_over_held_and_free_keys(self, rig: Rig) -> None:
        holder = await rig.put(unique=key("held"))
        jobs = [rig.job(unique=key("free")), rig.job(unique=key("held")), rig.job()]
        assert ids(await rig.enqueue(*jobs)) == [jobs[0].id, holder.id, jobs[2].id]

    # ------------------------------------------------------------------------------------------------ lives

    async def test_a_key_survives_retries_until_the_end(self, rig: Rig) -> None:
        holder = await rig.running(unique=key(), max_attempts=2)
        await rig.apply(holder, Failed(ERROR))
        await rig.after(RETRY_S)
        again = await rig.claim_one()
        assert (await rig.enqueue(rig.job(unique=key())))[0].id == holder.id
        assert (await rig.apply(again, Failed(ERROR))).state is State.DEAD
        assert (await rig.enqueue(rig.job(unique=key())))[0].created

    async def test_a_redriven_job_does_not_rob_the_present_holder(self, rig: Rig) -> None:
        first = await rig.put(unique=key())
        await _die(rig, first)
        second = await rig.put(unique=key())
        await rig.store.jobs.retry("default", first.id)
        assert (await rig.enqueue(rig.job(unique=key())))[0].id == second.id
        for _ in range(2):
            claimed = await rig.claim(await rig.worker())
            for job in claimed:
                await rig.apply(job, Succeeded(b"1"))
        assert (await rig.enqueue(rig.job(unique=key())))[0].created
