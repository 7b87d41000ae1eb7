"""What readers see and operators do to single jobs."""

from __future__ import annotations

from datetime import timedelta

import pytest

from taskflowmq.core.ids import uuid7
from taskflowmq.core.job import Counters, State
from taskflowmq.core.transitions import Crashed, Discarded, Failed, Lost, Snoozed, Stopped, Succeeded
from taskflowmq.ports.store import DeleteAnswer, RetryAnswer, Settled
from taskflowmq.testing.conformance.intake import ERROR
from taskflowmq.testing.conformance.support import NOON, RETRY_S, Rig, StoreSuite, decoded, ids


class TestBoard(StoreSuite):
    """Board: get, get_many, retry, delete."""

    async def test_what_is_not_there_is_none(self, rig: Rig) -> None:
        assert await rig.store.board.get("default", uuid7(1, 1)) is None

    async def test_foreign_jobs_are_not_found(self, rig: Rig) -> None:
        job = await rig.put(tenant="blue")
        assert await rig.settle(await rig.claim_one(), Discarded(ERROR)) is Settled.APPLIED
        board = rig.store.board
        assert await board.get("default", job.id) is None
        assert await board.get("unheard-of", job.id) is None
        assert await board.get_many("default", [job.id]) == []
        assert await board.retry("default", job.id) is RetryAnswer.NOT_FOUND
        assert await board.delete("default", job.id) is DeleteAnswer.NOT_FOUND
        assert (await rig.view(job.id, tenant="blue")).state is State.DEAD

    async def test_many_come_in_id_order_without_those_that_do_not_exist(self, rig: Rig) -> None:
        jobs = [await rig.put() for _ in range(4)]
        wanted = [jobs[3].id, uuid7(1, 1), jobs[0].id, jobs[2].id, jobs[0].id]
        views = await rig.store.board.get_many("default", wanted)
        assert ids(views) == [jobs[0].id, jobs[2].id, jobs[3].id]
        assert views == [await rig.view(job_id) for job_id in ids(views)]
        assert await rig.store.board.get_many("default", []) == []

    # ------------------------------------------------------------------------------------------------ retry

    async def test_a_dead_job_gets_a_new_round(self, rig: Rig) -> None:
        held = await rig.running(max_attempts=1)
        await rig.apply(held, Failed(ERROR))
        assert await rig.store.board.retry("default", held.id) is RetryAnswer.NEW_ROUND
        view = await rig.view(held.id)
        assert (view.state, view.reason) == (State.PENDING, None)
        assert view.counters == Counters(round=2, lease_no=1)
        assert (view.started_at, view.finished_at, view.result) == (None, None, None)
        again = await rig.claim_one()
        assert (again.round, again.attempt, again.lease_no) == (2, 1, 2)
        assert (await rig.apply(again, Succeeded(b"1"))).state is State.COMPLETED

    async def test_a_new_round_has_all_its_budgets(self, rig: Rig) -> None:
        job = await rig.put(max_attempts=1)
        for crash in range(3):
            await rig.apply(await rig.claim_one(isolated=crash > 0), Crashed(ERROR))
            await rig.after(100)
        assert await rig.state(job.id) is State.DEAD
        await rig.store.board.retry("default", job.id)
        # A fresh round is no suspect any more.
        again = await rig.claim_one()
        assert (again.crashes, again.losses, again.attempt) == (0, 0, 1)
        assert (await rig.apply(again, Lost())).state is State.RETRYING

    async def test_rounds_can_be_repeated(self, rig: Rig) -> None:
        await rig.put(max_attempts=1)
        for round_no in range(1, 6):
            held = await rig.claim_one()
            assert (held.round, held.attempt, held.lease_no) == (round_no, 1, round_no)
            await rig.apply(held, Failed(ERROR))
            assert await rig.store.board.retry("default", held.id) is RetryAnswer.NEW_ROUND

    async def test_a_redriven_job_keeps_an_expiry_that_lies_ahead(self, rig: Rig) -> None:
        held = await rig.running(max_attempts=1, expires_in_ms=60_000)
        await rig.apply(held, Failed(ERROR))
        rig.clock.advance(30)
        await rig.store.board.retry("default", held.id)
        rig.clock.advance(31)
        assert await rig.store.upkeep.expire_ready(10) == 1
        assert await rig.state(held.id) is State.CANCELLED

    async def test_a_redriven_job_whose_expiry_passed_does_not_run_silently(self, rig: Rig) -> None:
        held = await rig.running(max_attempts=1, expires_in_ms=60_000)
        await rig.apply(held, Failed(ERROR))
        rig.clock.advance(61)
        await rig.store.board.retry("default", held.id)
        await rig.store.upkeep.expire_ready(10)
        view = await rig.view(held.id)
        claimed = await rig.claim(await rig.worker())
        assert (view.state is State.CANCELLED) == (claimed == [])

    @pytest.mark.parametrize("retrying", [False, True])
    async def test_a_job_that_waits_becomes_due_now(self, rig: Rig, retrying: bool) -> None:
        if retrying:
            held = await rig.running()
            await rig.apply(held, Failed(ERROR))
            job_id = held.id
        else:
            job_id = (await rig.put(delay_ms=3_600_000)).id
        assert await rig.store.board.retry("default", job_id) is RetryAnswer.DUE_NOW
        await rig.after(0)
        claimed = await rig.claim_one()
        assert (claimed.id, claimed.round, claimed.attempt) == (job_id, 1, 2 if retrying else 1)

    async def test_other_states_cannot_be_retried(self, rig: Rig) -> None:
        completed = await rig.completed()
        cancelled = (await rig.apply(await rig.running(), Stopped(by_handler=True))).id
        running = (await rig.running()).id
        pending = (await rig.put()).id
        for job_id in (completed, cancelled, running, pending):
            before = await rig.view(job_id)
            assert await rig.store.board.retry("default", job_id) is RetryAnswer.CONFLICT, before.state
            assert await rig.view(job_id) == before
        assert await rig.store.board.retry("default", uuid7(1, 1)) is RetryAnswer.NOT_FOUND

    # ----------------------------------------------------------------------------------------------- delete

    @pytest.mark.parametrize(
        "outcome", [Succeeded(b"1"), Discarded(ERROR), Stopped(by_handler=True)], ids=["done", "dead", "ended"]
    )
    async def test_an_ended_job_can_be_deleted(self, rig: Rig, outcome: Succeeded | Discarded | Stopped) -> None:
        held = await rig.running()
        await rig.apply(held, outcome)
        assert await rig.store.board.delete("default", held.id) is DeleteAnswer.DELETED
        assert await rig.store.board.get("default", held.id) is None
        assert await rig.store.board.get_many("default", [held.id]) == []
        assert await rig.store.board.attempts("default", held.id) == []
        assert await rig.store.board.delete("default", held.id) is DeleteAnswer.NOT_FOUND
        assert await rig.store.board.retry("default", held.id) is RetryAnswer.NOT_FOUND
        assert await rig.settle(held, Succeeded(b"1")) is not Settled.APPLIED
        assert sum((await rig.store.board.stats()).states.values()) == 0

    async def test_a_live_job_cannot_be_deleted(self, rig: Rig) -> None:
        retrying = (await rig.apply(await rig.running(), Failed(ERROR))).id
        running = (await rig.running()).id
        pending = (await rig.put()).id
        scheduled = (await rig.put(delay_ms=60_000)).id
        for job_id in (retrying, running, pending, scheduled):
            before = await rig.view(job_id)
            assert await rig.store.board.delete("default", job_id) is DeleteAnswer.CONFLICT
            assert await rig.view(job_id) == before
        assert await rig.store.board.delete("default", uuid7(1, 1)) is DeleteAnswer.NOT_FOUND

    async def test_the_last_error_is_shown_while_a_job_waits_for_its_next_try(self, rig: Rig) -> None:
        held = await rig.running()
        view = await rig.apply(held, Failed(ERROR))
        assert (view.state, decoded(view.raw_error)) == (State.RETRYING, decoded(ERROR))

    async def test_an_error_of_an_earlier_round_is_no_error_of_this_one(self, rig: Rig) -> None:
        dead = await rig.apply(await rig.running(), Discarded(ERROR))
        await rig.store.board.retry("default", dead.id)
        (listed,) = await rig.store.board.get_many("default", [dead.id])
        assert (await rig.view(dead.id)).error is listed.error is None

    async def test_the_last_error_is_shown_until_the_job_ends(self, rig: Rig) -> None:
        await rig.apply(await rig.running(), Failed(ERROR))
        await rig.after(RETRY_S)
        view = await rig.apply(await rig.claim_one(), Snoozed(5_000))
        assert (view.state, decoded(view.raw_error)) == (State.SCHEDULED, decoded(ERROR))
        await rig.after(6)
        again = await rig.claim_one()
        (listed,) = await rig.store.board.get_many("default", [again.id])
        assert decoded(listed.raw_error) == decoded(ERROR)
        assert (await rig.apply(again, Succeeded(b"1"))).error is None

    async def test_times_of_a_whole_life(self, rig: Rig) -> None:
        job = await rig.put(delay_ms=10_000)
        await rig.after(12)
        held = await rig.claim_one()
        rig.clock.advance(3)
        await rig.apply(held, Failed(ERROR))
        await rig.after(RETRY_S)
        again = await rig.claim_one()
        rig.clock.advance(1)
        view = await rig.apply(again, Succeeded(b"1"))
        assert view.created_at == NOON
        assert view.run_at == NOON + timedelta(seconds=10)
        assert view.started_at == NOON + timedelta(seconds=12 + 3 + RETRY_S)
        assert view.finished_at == NOON + timedelta(seconds=12 + 3 + RETRY_S + 1)
        assert view.id == job.id
