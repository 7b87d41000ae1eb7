"""What readers see and operators do to single jobs."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from taskflowmq.core.ids import uuid7
from taskflowmq.core.job import Counters, State
from taskflowmq.core.operations import DeleteAnswer, RetryAnswer
from taskflowmq.core.transitions import Crashed, Discarded, Failed, Lost, Outcome, Snoozed, Stopped, Succeeded
from taskflowmq.ports.store import Settled
from taskflowmq.testing.conformance.intake import ERROR
from taskflowmq.testing.conformance.support import NOON, RETRY_S, Rig, StoreSuite, decoded, ids

#: State → operation → its answer, and the state afterwards; None: the job is gone.
OPERATIONS: dict[State, dict[str, tuple[str, State | None]]] = {
    State.PENDING: {
        "cancel": ("cancelled", State.CANCELLED),
        "retry": ("conflict", State.PENDING),
        "delete": ("conflict", State.PENDING),
    },
    State.SCHEDULED: {
        "cancel": ("cancelled", State.CANCELLED),
        "retry": ("due_now", State.PENDING),
        "delete": ("conflict", State.SCHEDULED),
    },
    State.RETRYING: {
        "cancel": ("cancelled", State.CANCELLED),
        "retry": ("due_now", State.PENDING),
        "delete": ("conflict", State.RETRYING),
    },
    State.RUNNING: {
        "cancel": ("requested", State.RUNNING),
        "retry": ("conflict", State.RUNNING),
        "delete": ("conflict", State.RUNNING),
    },
    State.COMPLETED: {
        "cancel": ("final", State.COMPLETED),
        "retry": ("conflict", State.COMPLETED),
        "delete": ("deleted", None),
    },
    State.CANCELLED: {
        "cancel": ("final", State.CANCELLED),
        "retry": ("conflict", State.CANCELLED),
        "delete": ("deleted", None),
    },
    State.DEAD: {
        "cancel": ("final", State.DEAD),
        "retry": ("new_round", State.PENDING),
        "delete": ("deleted", None),
    },
}


async def _in_state(rig: Rig, state: State) -> UUID:
    if state is State.PENDING:
        return (await rig.put()).id
    if state is State.SCHEDULED:
        return (await rig.put(delay_ms=60_000)).id
    held = await rig.running()
    outcomes: dict[State, Outcome] = {
        State.RETRYING: Failed(ERROR),
        State.COMPLETED: Succeeded(b"1"),
        State.CANCELLED: Stopped(by_handler=True),
        State.DEAD: Discarded(ERROR),
    }
    if state in outcomes:
        await rig.apply(held, outcomes[state])
    return held.id


async def _operate(rig: Rig, operation: str, job_id: UUID) -> str:
    jobs = rig.store.jobs
    if operation == "cancel":
        return await jobs.cancel("default", job_id, actor="me")
    return await (jobs.retry if operation == "retry" else jobs.delete)("default", job_id)


class TestJobs(StoreSuite):
    """Jobs: get, get_many; cancel, retry and delete in every state."""

    async def test_what_is_not_there_is_none(self, rig: Rig) -> None:
        assert await rig.store.jobs.get("default", uuid7(1, 1)) is None

    async def test_foreign_jobs_are_not_found(self, rig: Rig) -> None:
        job = await rig.put(tenant="blue")
        assert await rig.settle(await rig.claim_one(tenants=("blue",)), Discarded(ERROR)) is Settled.APPLIED
        jobs = rig.store.jobs
        assert await jobs.get("default", job.id) is None
        assert await jobs.get("unheard-of", job.id) is None
        assert await jobs.get_many("default", [job.id]) == []
        assert await jobs.retry("default", job.id) is RetryAnswer.NOT_FOUND
        assert await jobs.delete("default", job.id) is DeleteAnswer.NOT_FOUND
        assert (await rig.view(job.id, tenant="blue")).state is State.DEAD

    async def test_many_come_in_id_order_without_those_that_do_not_exist(self, rig: Rig) -> None:
        jobs = [await rig.put() for _ in range(4)]
        wanted = [jobs[3].id, uuid7(1, 1), jobs[0].id, jobs[2].id, jobs[0].id]
        views = await rig.store.jobs.get_many("default", wanted)
        assert ids(views) == [jobs[0].id, jobs[2].id, jobs[3].id]
        assert views == [await rig.view(job_id) for job_id in ids(views)]
        assert await rig.store.jobs.get_many("default", []) == []

    # ------------------------------------------------------------------------- every operation in every state

    @pytest.mark.parametrize("state", OPERATIONS)
    @pytest.mark.parametrize("operation", ["cancel", "retry", "delete"])
    async def test_an_operation_does_what_the_state_allows(self, rig: Rig, operation: str, state: State) -> None:
        job_id = await _in_state(rig, state)
        before = await rig.view(job_id)
        assert before.state is state
        expected, after = OPERATIONS[state][operation]
        assert await _operate(rig, operation, job_id) == expected
        view = await rig.store.jobs.get("default", job_id)
        assert (None if view is None else view.state) is after
        if expected in ("conflict", "final"):
            assert view == before

    @pytest.mark.parametrize("operation", ["cancel", "retry", "delete"])
    async def test_an_operation_finds_no_job_that_is_not_there(self, rig: Rig, operation: str) -> None:
        deleted = await rig.completed()
        await rig.store.jobs.delete("default", deleted)
        assert await _operate(rig, operation, uuid7(1, 1)) == "not_found"
        assert await _operate(rig, operation, deleted) == "not_found"

    # ------------------------------------------------------------------------------------------------ retry

    async def test_a_dead_job_gets_a_new_round(self, rig: Rig) -> None:
        held = await rig.running(max_attempts=1)
        await rig.apply(held, Failed(ERROR))
        assert await rig.store.jobs.retry("default", held.id) is RetryAnswer.NEW_ROUND
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
        await rig.store.jobs.retry("default", job.id)
        # A fresh round is not a suspect any more.
        again = await rig.claim_one()
        assert (again.crashes, again.losses, again.attempt) == (0, 0, 1)
        assert (await rig.apply(again, Lost())).state is State.RETRYING

    async def test_rounds_can_be_repeated(self, rig: Rig) -> None:
        await rig.put(max_attempts=1)
        for round_no in range(1, 6):
            held = await rig.claim_one()
            assert (held.round, held.attempt, held.lease_no) == (round_no, 1, round_no)
            await rig.apply(held, Failed(ERROR))
            assert await rig.store.jobs.retry("default", held.id) is RetryAnswer.NEW_ROUND

    async def test_a_redriven_job_keeps_an_expiry_that_lies_ahead(self, rig: Rig) -> None:
        held = await rig.running(max_attempts=1, expires_in_ms=60_000)
        await rig.apply(held, Failed(ERROR))
        rig.clock.advance(30)
        await rig.store.jobs.retry("default", held.id)
        rig.clock.advance(31)
        assert await rig.store.upkeep.expire_ready(10) == 1
        assert await rig.state(held.id) is State.CANCELLED

    async def test_a_redriven_job_whose_expiry_passed_does_not_run_silently(self, rig: Rig) -> None:
        held = await rig.running(max_attempts=1, expires_in_ms=60_000)
        await rig.apply(held, Failed(ERROR))
        rig.clock.advance(61)
        await rig.store.jobs.retry("default", held.id)
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
        assert await rig.store.jobs.retry("default", job_id) is RetryAnswer.DUE_NOW
        await rig.after(0)
        claimed = await rig.claim_one()
        assert (claimed.id, claimed.round, claimed.attempt) == (job_id, 1, 2 if retrying else 1)

    # ----------------------------------------------------------------------------------------------- delete

    @pytest.mark.parametrize(
        "outcome", [Succeeded(b"1"), Discarded(ERROR), Stopped(by_handler=True)], ids=["done", "dead", "ended"]
    )
    async def test_an_ended_job_can_be_deleted(self, rig: Rig, outcome: Succeeded | Discarded | Stopped) -> None:
        held = await rig.running()
        await rig.apply(held, outcome)
        assert await rig.store.jobs.delete("default", held.id) is DeleteAnswer.DELETED
        assert await rig.store.jobs.get("default", held.id) is None
        assert await rig.store.jobs.get_many("default", [held.id]) == []
        assert await rig.store.jobs.attempts("default", held.id) == []
        assert await rig.store.jobs.delete("default", held.id) is DeleteAnswer.NOT_FOUND
        assert await rig.store.jobs.retry("default", held.id) is RetryAnswer.NOT_FOUND
        assert await rig.settle(held, Succeeded(b"1")) is not Settled.APPLIED
        assert sum((await rig.store.stats.count("default")).states.values()) == 0

    async def test_the_last_error_is_shown_while_a_job_waits_for_its_next_try(self, rig: Rig) -> None:
        held = await rig.running()
        view = await rig.apply(held, Failed(ERROR))
        assert (view.state, decoded(view.raw_error)) == (State.RETRYING, decoded(ERROR))

    async def test_an_error_of_an_earlier_round_is_no_error_of_this_one(self, rig: Rig) -> None:
        dead = await rig.apply(await rig.running(), Discarded(ERROR))
        await rig.store.jobs.retry("default", dead.id)
        (listed,) = await rig.store.jobs.get_many("default", [dead.id])
        assert (await rig.view(dead.id)).error is listed.error is None

    async def test_the_last_error_is_shown_until_the_job_ends(self, rig: Rig) -> None:
        await rig.apply(await rig.running(), Failed(ERROR))
        await rig.after(RETRY_S)
        view = await rig.apply(await rig.claim_one(), Snoozed(5_000))
        assert (view.state, decoded(view.raw_error)) == (State.SCHEDULED, decoded(ERROR))
        await rig.after(6)
        again = await rig.claim_one()
        (listed,) = await rig.store.jobs.get_many("default", [again.id])
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
