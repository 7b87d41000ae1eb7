"""A request to cancel: its answer is what happens, and it outlives the worker that should have received it."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from taskflowmq.core.ids import uuid7
from taskflowmq.core.job import Reason, State
from taskflowmq.core.operations import CancelAnswer
from taskflowmq.core.transitions import (
    Crashed,
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
from taskflowmq.testing.conformance.intake import ERROR
from taskflowmq.testing.conformance.support import NOON, RETRY_S, Rig, StoreSuite, ids

UNFINISHED: list[Outcome] = [
    Failed(ERROR),
    TimedOut(ERROR),
    Snoozed(1000),
    HandedBack(),
    Crashed(ERROR),
    Lost(),
]


async def _cancel(rig: Rig, job_id: UUID) -> CancelAnswer:
    return await rig.store.jobs.cancel("default", job_id, actor="me")


class TestCancelling(StoreSuite):
    """Jobs.cancel, Claims.requests, and how settle treats a request."""

    @pytest.mark.parametrize("delay_ms", [0, 60_000])
    async def test_a_job_that_has_not_started_is_cancelled_at_once(self, rig: Rig, delay_ms: int) -> None:
        job = await rig.put(delay_ms=delay_ms)
        rig.clock.advance(1)
        assert await _cancel(rig, job.id) is CancelAnswer.CANCELLED
        view = await rig.view(job.id)
        assert (view.state, view.reason) == (State.CANCELLED, Reason.CANCELLED_BY_USER)
        assert (view.started_at, view.finished_at) == (None, NOON + timedelta(seconds=1))
        await rig.after(3600)
        assert await rig.claim(await rig.worker()) == []

    async def test_a_job_that_waits_to_be_retried_is_cancelled_at_once(self, rig: Rig) -> None:
        held = await rig.running()
        await rig.apply(held, Failed(ERROR))
        assert await _cancel(rig, held.id) is CancelAnswer.CANCELLED
        await rig.after(RETRY_S)
        assert await rig.state(held.id) is State.CANCELLED

    async def test_the_worker_of_a_running_job_is_asked(self, rig: Rig, other: Rig) -> None:
        await rig.enqueue(*(rig.job() for _ in range(3)))
        worker, bystander = await rig.worker(), await rig.worker()
        mine = await rig.claim(worker, 2)
        theirs = await rig.claim_one(bystander)
        rig.clock.advance(1)
        assert await _cancel(other, mine[0].id) is CancelAnswer.REQUESTED
        view = await rig.view(mine[0].id)
        assert (view.state, view.cancel_requested_at) == (State.RUNNING, NOON + timedelta(seconds=1))
        assert await rig.store.claims.requests(worker) == ([mine[0].id], [])
        assert await rig.store.claims.requests(bystander) == ([], [])
        assert await rig.store.claims.requests(uuid7(1, 1)) == ([], [])
        assert await rig.state(theirs.id) is State.RUNNING

    async def test_asking_again_keeps_the_first_request(self, rig: Rig) -> None:
        held = await rig.running()
        assert await _cancel(rig, held.id) is CancelAnswer.REQUESTED
        rig.clock.advance(5)
        assert await _cancel(rig, held.id) is CancelAnswer.REQUESTED
        assert (await rig.view(held.id)).cancel_requested_at == NOON

    async def test_a_request_is_over_when_the_job_is(self, rig: Rig) -> None:
        await rig.put()
        worker = await rig.worker()
        held = await rig.claim_one(worker)
        await _cancel(rig, held.id)
        view = await rig.apply(held, Stopped(by_handler=False))
        assert (view.state, view.reason) == (State.CANCELLED, Reason.CANCELLED_BY_USER)
        assert await rig.store.claims.requests(worker) == ([], [])

    @pytest.mark.parametrize("outcome", UNFINISHED)
    async def test_a_request_wins_over_another_try(self, rig: Rig, outcome: Outcome) -> None:
        held = await rig.running()
        await _cancel(rig, held.id)
        view = await rig.apply(held, outcome)
        assert (view.state, view.reason) == (State.CANCELLED, Reason.CANCELLED_BY_USER)
        assert view.finished_at == NOON
        await rig.after(3600)
        assert await rig.claim(await rig.worker()) == []
        assert await rig.claim(await rig.worker(), isolated=True) == []

    @pytest.mark.parametrize("outcome", [Succeeded(b'"done"'), Discarded(ERROR)])
    async def test_an_end_that_came_first_stands(self, rig: Rig, outcome: Outcome) -> None:
        held = await rig.running()
        await _cancel(rig, held.id)
        view = await rig.apply(held, outcome)
        assert view.state is (State.COMPLETED if isinstance(outcome, Succeeded) else State.DEAD)

    async def test_one_batch_with_and_without_requests(self, rig: Rig) -> None:
        await rig.enqueue(*(rig.job() for _ in range(6)))
        held = await rig.claim(await rig.worker())
        for job in held[::3]:
            await _cancel(rig, job.id)
        for job in held:
            await rig.apply(job, Failed(ERROR))
        states = [await rig.state(job.id) for job in held]
        assert states == [State.CANCELLED, State.RETRYING, State.RETRYING] * 2

    async def test_a_request_of_an_earlier_round_is_forgotten(self, rig: Rig) -> None:
        held = await rig.running()
        await _cancel(rig, held.id)
        await rig.apply(held, Discarded(ERROR))
        await rig.store.jobs.retry("default", held.id)
        again = await rig.claim_one()
        assert (await rig.view(again.id)).cancel_requested_at is None
        assert (await rig.apply(again, Failed(ERROR))).state is State.RETRYING

    @pytest.mark.parametrize("outcome", [Succeeded(b"1"), Discarded(ERROR), Stopped(by_handler=True)])
    async def test_an_ended_job_stays_as_it_is(self, rig: Rig, outcome: Outcome) -> None:
        view = await rig.apply(await rig.running(), outcome)
        assert await _cancel(rig, view.id) is CancelAnswer.FINAL
        assert await rig.view(view.id) == view

    async def test_what_is_not_there_is_not_found(self, rig: Rig) -> None:
        job = await rig.put()
        assert await _cancel(rig, uuid7(1, 1)) is CancelAnswer.NOT_FOUND
        assert await rig.store.jobs.cancel("other", job.id, actor="me") is CancelAnswer.NOT_FOUND
        await _cancel(rig, job.id)
        await rig.store.jobs.delete("default", job.id)
        assert await _cancel(rig, job.id) is CancelAnswer.NOT_FOUND
        assert ids(await rig.claim(await rig.worker())) == []
