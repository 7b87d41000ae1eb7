"""Only the holder of the current fence changes a running job (I2); the fence is never reset (I3)."""

from __future__ import annotations

import msgspec

from taskflowmq.core.ids import uuid7
from taskflowmq.core.job import Counters, State
from taskflowmq.core.operations import RetryAnswer
from taskflowmq.core.transitions import (
    Discarded,
    Failed,
    HandedBack,
    Lost,
    Outcome,
    Snoozed,
    Stopped,
    Succeeded,
    TimedOut,
)
from taskflowmq.ports.store import Settled
from taskflowmq.testing.conformance.intake import ERROR
from taskflowmq.testing.conformance.support import Rig, StoreSuite, transition

ZOMBIES: list[Outcome] = [
    Succeeded(b'"zombie"'),
    Failed(ERROR),
    TimedOut(ERROR),
    Discarded(ERROR),
    Snoozed(1000),
    HandedBack(),
    Stopped(by_handler=True),
]


class TestFence(StoreSuite):
    """A worker that was paused past its rescue wakes and writes."""

    async def test_a_zombie_is_stale_while_its_job_waits(self, rig: Rig, other: Rig) -> None:
        for outcome in ZOMBIES:
            held = await rig.running()
            before = await other.apply(held, Lost())
            assert await rig.settle(held, outcome) is Settled.STALE, outcome
            assert await rig.view(held.id) == before

    async def test_a_zombie_is_stale_while_another_runs_its_job(self, rig: Rig, other: Rig) -> None:
        for outcome in ZOMBIES:
            held = await rig.running()
            await other.apply(held, Lost())
            await other.after(1)
            second = await other.claim_one()
            before = await rig.view(held.id)
            assert await rig.settle(held, outcome) is Settled.STALE, outcome
            await rig.store.claims.save_progress([(held.id, held.lease_no, b"0.9")])
            assert await rig.view(held.id) == before
            assert (await other.apply(second, Succeeded(b'"rightful"'))).raw_result == b'"rightful"'

    async def test_a_zombie_is_stale_after_another_completed_its_job(self, rig: Rig) -> None:
        for outcome in ZOMBIES:
            held = await rig.running()
            await rig.apply(held, Lost())
            await rig.after(1)
            before = await rig.apply(await rig.claim_one(), Succeeded(b'"rightful"'))
            assert await rig.settle(held, outcome) is Settled.STALE, outcome
            assert await rig.view(held.id) == before

    async def test_a_zombie_is_stale_after_a_new_round(self, rig: Rig) -> None:
        for outcome in ZOMBIES:
            held = await rig.running()
            await rig.apply(held, Lost())
            await rig.after(1)
            await rig.apply(await rig.claim_one(), Discarded(ERROR))
            assert await rig.store.jobs.retry("default", held.id) is RetryAnswer.NEW_ROUND
            await rig.claim_one()
            before = await rig.view(held.id)
            assert await rig.settle(held, outcome) is Settled.STALE, outcome
            assert await rig.view(held.id) == before

    async def test_another_fence_than_the_current_one_is_stale(self, rig: Rig) -> None:
        held = await rig.running()
        guess = transition(held, Succeeded(b'"guess"'))
        for lease_no in (0, 2, 7):
            wrong = msgspec.structs.replace(guess, counters=Counters(attempt=1, lease_no=lease_no))
            assert await rig.store.claims.settle([wrong]) == [Settled.STALE]
        assert await rig.state(held.id) is State.RUNNING

    async def test_a_job_that_was_never_stored_is_stale(self, rig: Rig) -> None:
        held = await rig.running()
        ghost = msgspec.structs.replace(transition(held, Succeeded(b"1")), job_id=uuid7(1, 1))
        assert await rig.store.claims.settle([ghost, transition(held, Succeeded(b"1"))]) == [
            Settled.STALE,
            Settled.APPLIED,
        ]

    async def test_a_job_that_was_not_claimed_is_stale(self, rig: Rig) -> None:
        held = await rig.running()
        pending = await rig.put()
        change = msgspec.structs.replace(transition(held, Succeeded(b"1")), job_id=pending.id, counters=Counters())
        assert await rig.store.claims.settle([change]) == [Settled.STALE]
        assert await rig.state(pending.id) is State.PENDING

    async def test_stale_ones_do_not_stop_their_batch(self, rig: Rig) -> None:
        await rig.enqueue(*(rig.job() for _ in range(10)))
        held = await rig.claim(await rig.worker())
        for job in held[::2]:
            await rig.apply(job, Lost())
        answers = await rig.store.claims.settle([transition(job, Succeeded(b"1")) for job in held])
        assert answers == [Settled.STALE, Settled.APPLIED] * 5

    async def test_a_lost_fence_and_the_current_one_in_one_batch(self, rig: Rig) -> None:
        lost = await rig.running()
        await rig.apply(lost, Lost())
        await rig.after(1)
        held = await rig.claim_one()
        assert held.id == lost.id
        changes = [transition(held, Succeeded(b'"rightful"')), transition(lost, Succeeded(b'"zombie"'))]
        assert await rig.store.claims.settle(changes) == [Settled.APPLIED, Settled.STALE]
        assert (await rig.view(held.id)).raw_result == b'"rightful"'

    async def test_the_fence_grows_with_every_claim_and_is_never_reset(self, rig: Rig) -> None:
        await rig.put(max_attempts=100)
        endings: list[Outcome] = [Failed(ERROR), HandedBack(), Lost(), Snoozed(0), Discarded(ERROR)]
        for lease_no in range(1, 16):
            held = await rig.claim_one()
            assert held.lease_no == lease_no
            view = await rig.apply(held, endings[lease_no % 5])
            assert view.counters.lease_no == lease_no
            if view.state is State.DEAD:
                assert await rig.store.jobs.retry("default", held.id) is RetryAnswer.NEW_ROUND
                assert (await rig.view(held.id)).counters.lease_no == lease_no
            await rig.after(100)

    async def test_an_ended_worker_may_still_finish_what_nobody_rescued(self, rig: Rig) -> None:
        await rig.put()
        worker = await rig.worker()
        held = await rig.claim_one(worker)
        rig.clock.advance(3600)
        await rig.store.workers.end(worker)
        assert (await rig.apply(held, Succeeded(b"1"))).state is State.COMPLETED
        assert await rig.store.workers.orphaned(10) == []
