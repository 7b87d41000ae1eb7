"""Another time for a job that waits."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from taskflowmq.core.audit import AuditQuery, Caller, Via
from taskflowmq.core.ids import uuid7
from taskflowmq.core.job import State
from taskflowmq.core.operations import NewTime, RescheduleAnswer
from taskflowmq.core.transitions import Failed, Succeeded
from taskflowmq.ports.store import Settled
from taskflowmq.testing.conformance.intake import ERROR
from taskflowmq.testing.conformance.support import NOON, Rig, StoreSuite
from taskflowmq.testing.conformance.unique import key

HOUR = timedelta(hours=1)
ADA = Caller(actor="ada", via=Via.PYTHON, reason="after the night run")


async def _reschedule(rig: Rig, job_id: UUID, by: timedelta = HOUR) -> RescheduleAnswer:
    return await rig.store.jobs.reschedule("default", job_id, NewTime(NOON + by))


class TestRescheduling(StoreSuite):
    """Jobs: reschedule in every state."""

    @pytest.mark.parametrize("given", [NewTime(NOON + HOUR), NewTime(delay_ms=3_600_000)], ids=["time", "delay"])
    @pytest.mark.parametrize("delay_ms", [0, 60_000, 7_200_000], ids=["ready", "sooner", "later"])
    async def test_a_job_that_has_not_started_runs_at_its_new_time(
        self, rig: Rig, given: NewTime, delay_ms: int
    ) -> None:
        job = await rig.put(delay_ms=delay_ms)
        assert await rig.store.jobs.reschedule("default", job.id, given) is RescheduleAnswer.RESCHEDULED
        view = await rig.view(job.id)
        assert (view.state, view.run_at) == (State.SCHEDULED, NOON + HOUR)
        worker = await rig.worker()
        await rig.after(3_599)
        assert await rig.claim(worker) == []
        await rig.after(1)
        assert (await rig.view(job.id)).run_at == NOON + HOUR
        rig.clock.advance(2)
        assert [claimed.id for claimed in await rig.claim(worker)] == [job.id]
        (attempt,) = await rig.store.jobs.attempts("default", job.id)
        assert attempt.waited == 2

    async def test_a_job_that_is_retried_later_stays_one_that_is_retried(self, rig: Rig) -> None:
        held = await rig.running()
        before = await rig.apply(held, Failed(ERROR))
        assert await _reschedule(rig, held.id) is RescheduleAnswer.RESCHEDULED
        view = await rig.view(held.id)
        assert (view.state, view.run_at, view.counters) == (State.RETRYING, NOON + HOUR, before.counters)
        await rig.after(3_600)
        again = await rig.claim_one()
        assert (again.id, again.attempt) == (held.id, 2)
        assert (await rig.apply(again, Succeeded(b"1"))).run_at == before.created_at

    async def test_a_ready_job_is_scheduled_then_also_if_it_failed_before(self, rig: Rig) -> None:
        held = await rig.running()
        await rig.apply(held, Failed(ERROR))
        await rig.after(100)
        before = await rig.view(held.id)
        assert before.state is State.PENDING
        await _reschedule(rig, held.id)
        view = await rig.view(held.id)
        assert (view.state, view.counters, view.error) == (State.SCHEDULED, before.counters, before.error)
        # A replay of what was settled before is still known as one.
        assert await rig.settle(held, Failed(ERROR)) is Settled.REPLAYED

    @pytest.mark.parametrize("by", [timedelta(0), -HOUR], ids=["now", "over"])
    async def test_a_time_that_is_not_in_the_future_makes_it_ready(self, rig: Rig, by: timedelta) -> None:
        later = await rig.put(delay_ms=60_000)
        assert await _reschedule(rig, later.id, by) is RescheduleAnswer.DUE_NOW
        # The present, and not the time at which it was to run.
        assert (await rig.view(later.id)).run_at == NOON
        assert (await rig.claim_one()).id == later.id
        assert (await rig.view(later.id)).run_at == NOON

    async def test_a_ready_job_keeps_its_position_if_it_is_due_all_the_same(self, rig: Rig) -> None:
        first, second = await rig.put(), await rig.put()
        assert await _reschedule(rig, first.id, -HOUR) is RescheduleAnswer.DUE_NOW
        assert [(await rig.claim_one()).id for _ in range(2)] == [first.id, second.id]

    async def test_a_ready_job_that_comes_back_goes_behind_those_that_are_ready_then(self, rig: Rig) -> None:
        first, second = await rig.put(), await rig.put()
        await _reschedule(rig, first.id, timedelta(seconds=5))
        await rig.after(6)
        assert [(await rig.claim_one()).id for _ in range(2)] == [second.id, first.id]

    async def test_what_runs_or_has_ended_has_no_time_to_change(self, rig: Rig) -> None:
        ended = await rig.completed()
        held = await rig.running()
        foreign = await rig.put(tenant="blue")
        for job_id in (ended, held.id):
            before = await rig.view(job_id)
            assert await _reschedule(rig, job_id) is RescheduleAnswer.CONFLICT
            assert await rig.view(job_id) == before
        for job_id in (foreign.id, uuid7(1, 1)):
            assert await _reschedule(rig, job_id) is RescheduleAnswer.NOT_FOUND

    async def test_its_unique_key_stays_its_own(self, rig: Rig) -> None:
        first = rig.job(unique=key())
        await rig.enqueue(first)
        await _reschedule(rig, first.id)
        (answer,) = await rig.enqueue(rig.job(unique=key()))
        assert (answer.id, answer.created) == (first.id, False)
        await rig.after(3_600)
        assert (await rig.claim_one()).id == first.id

    async def test_the_act_is_kept_with_the_new_time(self, rig: Rig) -> None:
        job, ready = await rig.put(delay_ms=60_000), await rig.put()
        await rig.store.jobs.reschedule("default", job.id, NewTime(NOON + HOUR), by=ADA)
        await rig.store.jobs.reschedule("default", job.id, NewTime(NOON), by=ADA)
        await rig.store.jobs.reschedule("default", ready.id, NewTime(NOON), by=ADA)  # changes nothing
        page = await rig.store.audit.list_acts(AuditQuery(action="job.reschedule"), limit=9, below=None)
        told = [(one.act.object, one.act.before, one.act.after, one.act.by.reason) for one in page.items]
        due = [(NOON + HOUR).isoformat().replace("+00:00", "Z"), NOON.isoformat().replace("+00:00", "Z")]
        name, before = f"job:{job.id}", {"state": "scheduled", "queue": "default"}
        assert told == [
            (name, before, {"answer": "due_now", "run_at": due[1]}, ADA.reason),
            (name, before, {"answer": "rescheduled", "run_at": due[0]}, ADA.reason),
        ]
