"""Requests for the stack or a profile of a running job: who reads them, what becomes of those that have no answer."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from taskflowmq.core.audit import Act, AuditQuery, Caller, Via, job_object
from taskflowmq.core.ids import uuid7
from taskflowmq.core.inspection import PATIENCE_MS, Inspection, InspectionKind, InspectionState, NewInspection, Question
from taskflowmq.core.retention import Retention
from taskflowmq.core.transitions import Failed, Lost, Succeeded
from taskflowmq.ports.store import Store
from taskflowmq.testing.conformance.intake import ERROR
from taskflowmq.testing.conformance.support import NOON, RETRY_S, TENANT, Rig, StoreSuite, decoded

STACK, PROFILE = InspectionKind.STACK, InspectionKind.PROFILE
ADA = Caller(actor="adä", via=Via.REST, role="operator", reason="slow", request_id="r-1")
BOB = Caller(actor="bob", via=Via.CLI)
ANSWER = '{"host":"höst","stacks":[]}'.encode()
LATE_S = PATIENCE_MS / 1000
HOUR_S = 3600


def stack(number: int = 1) -> NewInspection:
    """Return a request for a stack."""
    return NewInspection(id=UUID(int=number), kind=STACK)


def profile(number: int = 2, seconds: int = 5) -> NewInspection:
    """Return a request for a profile."""
    return NewInspection(id=UUID(int=number), kind=PROFILE, seconds=seconds)


async def ask(store: Store, job_id: UUID, new: NewInspection, by: Caller = ADA) -> Inspection:
    """Store a request that must be accepted."""
    found = await store.inspections.ask(TENANT, job_id, new, by=by)
    assert found is not None
    return found


async def state(store: Store, job_id: UUID, kind: InspectionKind = STACK) -> InspectionState:
    """Return the state of a request that there must be."""
    found = await store.inspections.get(TENANT, job_id, kind)
    assert found is not None
    return found.state


async def acts(store: Store, job_id: UUID) -> list[Act]:
    """Return what was done to a job, oldest first."""
    page = await store.audit.list_acts(AuditQuery(tenant=TENANT, object=job_object(job_id)), limit=100, below=None)
    return [one.act for one in reversed(page.items)]


class TestInspections(StoreSuite):
    """Inspections, and Claims.requests."""

    async def test_a_request_reaches_the_worker_and_its_answer_the_reader(self, rig: Rig, other: Rig) -> None:
        await rig.put()
        worker, bystander = await rig.worker(), await rig.worker()
        held = await rig.claim_one(worker)
        asked = await ask(other.store, held.id, stack())
        assert asked == Inspection(
            id=UUID(int=1),
            job_id=held.id,
            kind=STACK,
            seconds=0,
            state=InspectionState.WAITING,
            asked_at=NOON,
            asked_by="ad\\xe4",
            worker_id=worker,
        )
        question = Question(UUID(int=1), held.id, held.lease_no, STACK, 0)
        assert await rig.store.claims.requests(worker) == ([], [question])
        assert await rig.store.claims.requests(bystander) == ([], [])
        rig.clock.advance(2)
        assert await rig.store.inspections.answer(question, ANSWER)
        found = await other.store.inspections.get(TENANT, held.id, STACK)
        assert found is not None
        assert (found.state, found.answered_at) == (InspectionState.ANSWERED, NOON + timedelta(seconds=2))
        assert decoded(found.raw_answer) == decoded(ANSWER)
        assert await rig.store.claims.requests(worker) == ([], [])

    async def test_there_is_one_of_each_kind_and_both_come_with_cancel_requests(self, rig: Rig) -> None:
        await rig.put()
        worker = await rig.worker()
        held = await rig.claim_one(worker)
        await ask(rig.store, held.id, stack())
        await ask(rig.store, held.id, profile())
        await rig.store.jobs.cancel(TENANT, held.id, actor="me")
        wanted = await rig.store.claims.requests(worker)
        assert wanted.cancel == [held.id]
        assert sorted((one.kind, one.seconds) for one in wanted.inspect) == [(PROFILE, 5), (STACK, 0)]
        listed = await rig.store.inspections.list_of(TENANT, [held.id, UUID(int=9)])
        assert [(one.kind, one.state, one.raw_answer) for one in listed] == [
            (PROFILE, InspectionState.WAITING, None),
            (STACK, InspectionState.WAITING, None),
        ]

    async def test_another_request_while_one_waits_is_the_same(self, rig: Rig, other: Rig) -> None:
        held = await rig.running()
        first = await ask(rig.store, held.id, stack(1))
        rig.clock.advance(1)
        assert await ask(other.store, held.id, stack(2), BOB) == first
        assert [act.by for act in await acts(rig.store, held.id)] == [ADA]

    async def test_of_requests_at_once_one_is_stored(self, rig: Rig, other: Rig) -> None:
        held = await rig.running()
        stores = [rig.store, other.store] * 3
        made = await asyncio.gather(*(ask(one, held.id, stack(n)) for n, one in enumerate(stores, 1)))
        assert len({one.id for one in made}) == 1
        assert len(await acts(rig.store, held.id)) == 1

    async def test_a_repeat_of_a_request_is_the_same_even_after_its_answer(self, rig: Rig) -> None:
        held = await rig.running()
        await ask(rig.store, held.id, stack())
        assert await rig.store.inspections.answer(Question(UUID(int=1), held.id, held.lease_no, STACK, 0), ANSWER)
        again = await ask(rig.store, held.id, stack())
        assert (again.id, again.state) == (UUID(int=1), InspectionState.ANSWERED)
        assert len(await acts(rig.store, held.id)) == 1

    async def test_the_next_request_replaces_one_that_was_answered(self, rig: Rig) -> None:
        held = await rig.running()
        await ask(rig.store, held.id, stack(1))
        first = Question(UUID(int=1), held.id, held.lease_no, STACK, 0)
        assert await rig.store.inspections.answer(first, ANSWER)
        rig.clock.advance(1)
        second = await ask(rig.store, held.id, stack(2), BOB)
        assert (second.id, second.state, second.raw_answer) == (UUID(int=2), InspectionState.WAITING, None)
        assert not await rig.store.inspections.answer(first, b"{}")
        assert await state(rig.store, held.id) is InspectionState.WAITING
        assert [act.by.actor for act in await acts(rig.store, held.id)] == ["adä", "bob"]

    async def test_an_answer_is_stored_once(self, rig: Rig) -> None:
        held = await rig.running()
        await ask(rig.store, held.id, stack())
        question = Question(UUID(int=1), held.id, held.lease_no, STACK, 0)
        assert await rig.store.inspections.answer(question, ANSWER)
        assert not await rig.store.inspections.answer(question, b"{}")
        found = await rig.store.inspections.get(TENANT, held.id, STACK)
        assert found is not None
        assert decoded(found.raw_answer) == decoded(ANSWER)

    async def test_a_request_that_nobody_answers_in_time_is_told_as_such(self, rig: Rig) -> None:
        await rig.put()
        worker = await rig.worker()
        held = await rig.claim_one(worker)
        await ask(rig.store, held.id, stack())
        await ask(rig.store, held.id, profile(seconds=60))
        rig.clock.advance(LATE_S)
        assert await state(rig.store, held.id) is InspectionState.NO_ANSWER
        assert await state(rig.store, held.id, PROFILE) is InspectionState.WAITING
        assert [one.kind for one in (await rig.store.claims.requests(worker)).inspect] == [PROFILE]
        assert not await rig.store.inspections.answer(Question(UUID(int=1), held.id, held.lease_no, STACK, 0), ANSWER)
        rig.clock.advance(60)
        assert await state(rig.store, held.id, PROFILE) is InspectionState.NO_ANSWER
        again = await ask(rig.store, held.id, stack(3))
        assert (again.id, again.state) == (UUID(int=3), InspectionState.WAITING)

    @pytest.mark.parametrize("outcome", [Succeeded(b"1"), Failed(ERROR)])
    async def test_an_attempt_that_ends_first_ends_the_request_for_its_stack(self, rig: Rig, outcome: Any) -> None:
        held = await rig.running()
        await ask(rig.store, held.id, stack())
        await rig.apply(held, outcome)
        assert await state(rig.store, held.id) is InspectionState.ENDED
        rig.clock.advance(LATE_S)
        assert await state(rig.store, held.id) is InspectionState.ENDED

    async def test_what_was_seen_of_a_job_is_stored_after_its_end(self, rig: Rig) -> None:
        held = await rig.running()
        await ask(rig.store, held.id, profile())
        await rig.apply(held, Succeeded(b"1"))
        assert await state(rig.store, held.id, PROFILE) is InspectionState.ENDED
        question = Question(UUID(int=2), held.id, held.lease_no, PROFILE, 5)
        assert await rig.store.inspections.answer(question, ANSWER)
        assert await state(rig.store, held.id, PROFILE) is InspectionState.ANSWERED

    async def test_a_worker_that_dies_ends_its_requests_once_its_job_is_rescued(self, rig: Rig) -> None:
        await rig.put()
        worker = await rig.worker()
        held = await rig.claim_one(worker)
        await ask(rig.store, held.id, stack())
        await ask(rig.store, held.id, profile())
        await rig.store.workers.end(worker)
        assert await state(rig.store, held.id) is InspectionState.WAITING
        await rig.apply(held, Lost())
        assert await state(rig.store, held.id) is InspectionState.ENDED
        assert await state(rig.store, held.id, PROFILE) is InspectionState.ENDED

    async def test_the_next_attempt_has_requests_of_its_own(self, rig: Rig) -> None:
        held = await rig.running()
        await ask(rig.store, held.id, stack(1))
        await rig.apply(held, Failed(ERROR))
        await rig.after(RETRY_S)
        worker = await rig.worker()
        again = await rig.claim_one(worker)
        assert await state(rig.store, held.id) is InspectionState.ENDED
        second = await ask(rig.store, again.id, stack(2))
        assert second.id == UUID(int=2)
        assert await rig.store.claims.requests(worker) == (
            [],
            [Question(UUID(int=2), again.id, again.lease_no, STACK, 0)],
        )

    async def test_only_a_job_that_runs_has_a_stack(self, rig: Rig) -> None:
        job = await rig.put()
        inspections = rig.store.inspections
        assert await inspections.ask(TENANT, job.id, stack(), by=ADA) is None
        held = await rig.claim_one()
        assert await inspections.ask("other", job.id, stack(), by=ADA) is None
        assert await inspections.ask(TENANT, uuid7(1, 1), stack(), by=ADA) is None
        await ask(rig.store, held.id, stack(1))
        assert await inspections.answer(Question(UUID(int=1), held.id, held.lease_no, STACK, 0), ANSWER)
        await rig.apply(held, Succeeded(b"1"))
        assert await inspections.ask(TENANT, job.id, stack(2), by=ADA) is None
        assert await state(rig.store, held.id) is InspectionState.ANSWERED
        assert await inspections.get("other", held.id, STACK) is None
        assert await inspections.list_of("other", [held.id]) == []
        assert [act.action for act in await acts(rig.store, job.id)] == ["job.stack"]

    async def test_the_audit_keeps_what_was_asked(self, rig: Rig) -> None:
        held = await rig.running()
        await ask(rig.store, held.id, stack(), ADA)
        await ask(rig.store, held.id, profile(seconds=7), BOB)
        about: dict[str, Any] = {"object": job_object(held.id)}
        assert await acts(rig.store, held.id) == [
            Act(action="job.stack", by=ADA, **about),
            Act(action="job.profile", by=BOB, after={"seconds": 7}, **about),
        ]

    async def test_requests_are_deleted_after_an_hour(self, rig: Rig) -> None:
        held = await rig.running()
        await ask(rig.store, held.id, stack())
        rig.clock.advance(HOUR_S - 1)
        await ask(rig.store, held.id, profile())
        assert await rig.store.upkeep.prune(Retention(), 100) == 0
        rig.clock.advance(1)
        assert await rig.store.upkeep.prune(Retention(), 100) == 1
        assert await rig.store.inspections.get(TENANT, held.id, STACK) is None
        assert await rig.store.inspections.get(TENANT, held.id, PROFILE) is not None
