"""Another queue or priority for a job that has not started."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from taskflowmq.core.audit import AuditQuery, Caller, Via
from taskflowmq.core.ids import uuid7
from taskflowmq.core.job import JobFilter, State
from taskflowmq.core.operations import CancelAnswer, MoveAnswer, NewLane, NewTime
from taskflowmq.core.transitions import Discarded, Failed, HandedBack, Succeeded
from taskflowmq.ports.store import Settled
from taskflowmq.testing.conformance.intake import ERROR
from taskflowmq.testing.conformance.races import rounds, together
from taskflowmq.testing.conformance.support import NOON, Rig, StoreSuite, ids
from taskflowmq.testing.conformance.unique import key

HOUR = timedelta(hours=1)
ADA = Caller(actor="ada", via=Via.PYTHON, reason="the mail server is slow")


async def _move(rig: Rig, job_id: UUID, queue: str | None = "imports", priority: int | None = None) -> MoveAnswer:
    return await rig.store.jobs.move("default", job_id, NewLane(queue, priority))


class TestMoving(StoreSuite):
    """Jobs: move in every state, and against whatever else happens to the job."""

    @pytest.mark.parametrize(
        ("lane", "place"),
        [
            (NewLane("imports"), ("imports", 5)),
            (NewLane(priority=-5), ("mail", -5)),
            (NewLane("imports", 0), ("imports", 0)),
        ],
        ids=["queue", "priority", "both"],
    )
    @pytest.mark.parametrize("delay_ms", [0, 60_000], ids=["ready", "scheduled"])
    async def test_a_job_that_has_not_started_is_claimed_from_its_new_place(
        self, rig: Rig, lane: NewLane, place: tuple[str, int], delay_ms: int
    ) -> None:
        job = await rig.put(queue="mail", priority=5, delay_ms=delay_ms)
        before = await rig.view(job.id)
        assert await rig.store.jobs.move("default", job.id, lane) is MoveAnswer.MOVED
        view = await rig.view(job.id)
        assert (view.queue, view.priority) == place
        assert (view.state, view.run_at, view.counters) == (before.state, before.run_at, before.counters)
        (found,) = (await rig.store.jobs.list_jobs(JobFilter(queue=place[0]), limit=5, before=None)).items
        assert found.id == job.id
        worker = await rig.worker()
        if delay_ms:
            assert await rig.claim(worker) == []
            await rig.after(60)
        if place[0] != "mail":
            assert await rig.claim(worker, queues=("mail",)) == []
        (claimed,) = await rig.claim(worker, queues=(place[0],))
        assert (claimed.id, claimed.queue, claimed.priority) == (job.id, *place)

    async def test_a_job_that_is_retried_later_comes_back_in_its_new_place(self, rig: Rig) -> None:
        held = await rig.running()
        before = await rig.apply(held, Failed(ERROR))
        assert await _move(rig, held.id) is MoveAnswer.MOVED
        view = await rig.view(held.id)
        assert (view.state, view.run_at, view.counters, view.error) == (
            State.RETRYING,
            before.run_at,
            before.counters,
            before.error,
        )
        # A replay of what was settled before is still known as one.
        assert await rig.settle(held, Failed(ERROR)) is Settled.REPLAYED
        await rig.after(100)
        again = await rig.claim_one(queues=("imports",))
        assert (again.id, again.attempt) == (held.id, 2)

    async def test_a_ready_job_goes_behind_those_that_are_ready_in_its_new_place(self, rig: Rig) -> None:
        moved, first = await rig.put(queue="mail"), await rig.put(queue="imports")
        await _move(rig, moved.id)
        assert (await rig.store.jobs.count_ahead("default", moved.id)) == (1, True)
        last = await rig.put(queue="imports")
        worker = await rig.worker()
        assert ids(await rig.claim(worker)) == [first.id, moved.id, last.id]

    async def test_an_urgent_one_overtakes_the_others(self, rig: Rig) -> None:
        first, urgent = await rig.put(), await rig.put()
        await _move(rig, urgent.id, None, -10)
        worker = await rig.worker()
        assert ids(await rig.claim(worker)) == [urgent.id, first.id]

    async def test_it_keeps_its_share_of_the_queue(self, rig: Rig) -> None:
        whole, part = await rig.put(share="x"), await rig.put(share="x")
        other = await rig.put(share="y", queue="imports")
        for job in (whole, part):
            await _move(rig, job.id)
        worker = await rig.worker()
        # Two shares take turns, each in its own order.
        claimed = [(await rig.claim_one(worker)).id for _ in range(3)]
        assert claimed.index(whole.id) < claimed.index(part.id)
        assert claimed.index(other.id) < 2

    async def test_a_job_that_is_there_already_keeps_its_position(self, rig: Rig) -> None:
        first, second = await rig.put(), await rig.put()
        for queue, priority in (("default", None), (None, 0), ("default", 0)):
            assert await _move(rig, first.id, queue, priority) is MoveAnswer.UNCHANGED
        assert [(await rig.claim_one()).id for _ in range(2)] == [first.id, second.id]

    async def test_what_runs_or_has_ended_or_is_of_another_tenant_is_left(self, rig: Rig) -> None:
        ended = await rig.completed()
        held = await rig.running()
        foreign = await rig.put(tenant="blue")
        for job_id in (ended, held.id):
            before = await rig.view(job_id)
            # In the place in which it is already, too: the answer depends on the state alone.
            for queue in ("imports", "default"):
                assert await _move(rig, job_id, queue) is MoveAnswer.CONFLICT
            assert await rig.view(job_id) == before
        for job_id in (foreign.id, uuid7(1, 1)):
            assert await _move(rig, job_id) is MoveAnswer.NOT_FOUND
        assert (await rig.view(foreign.id, tenant="blue")).queue == "default"

    async def test_later_runs_of_it_are_in_its_new_place(self, rig: Rig) -> None:
        job = await rig.put(queue="mail")
        await _move(rig, job.id)
        worker = await rig.worker()
        # Handed back, retried after a failure, and retried by hand after its death.
        await rig.settle(await rig.claim_one(worker), HandedBack())
        again = await rig.claim_one(worker, queues=("imports",))
        await rig.settle(again, Failed(ERROR))
        await rig.after(100)
        await rig.settle(await rig.claim_one(worker, queues=("imports",)), Discarded(ERROR))
        await rig.store.jobs.retry("default", job.id)
        assert (await rig.claim_one(worker, queues=("imports",))).id == job.id

    async def test_a_job_whose_expiry_no_longer_counts_does_not_expire_because_of_it(self, rig: Rig) -> None:
        held = await rig.running(expires_in_ms=10_000)
        await rig.settle(held, Discarded(ERROR))
        rig.clock.advance(60)
        await rig.store.jobs.retry("default", held.id)
        await _move(rig, held.id)
        await rig.store.upkeep.expire_ready(100)
        assert (await rig.claim_one(queues=("imports",))).id == held.id

    async def test_its_expiry_moves_with_it(self, rig: Rig) -> None:
        ready, later = await rig.put(expires_in_ms=10_000), await rig.put(expires_in_ms=10_000, delay_ms=5_000)
        for job in (ready, later):
            await _move(rig, job.id)
        await rig.after(60)
        await rig.store.upkeep.expire_ready(100)
        assert [await rig.state(job.id) for job in (ready, later)] == [State.CANCELLED] * 2

    async def test_its_keys_and_its_id_stay_its_own(self, rig: Rig) -> None:
        first = rig.job(unique=key())
        await rig.enqueue(first)
        await _move(rig, first.id)
        (answer,) = await rig.enqueue(rig.job(unique=key()))
        assert (answer.id, answer.created) == (first.id, False)
        plain = await rig.put()
        await _move(rig, plain.id)
        # Its program repeats the call, whose answer was lost: the queue that it names does not count any more.
        for job in (first, plain):
            (answer,) = await rig.enqueue(job)
            assert (answer.id, answer.replayed) == (job.id, True)
            assert (await rig.view(job.id)).queue == "imports"

    async def test_a_queue_that_is_new_is_made_and_a_paused_one_holds_it(self, rig: Rig) -> None:
        job = await rig.put()
        await rig.store.queues.pause("default", "later")
        await _move(rig, job.id, "later")
        assert await rig.claim(await rig.worker()) == []
        (queue,) = [one for one in await rig.store.queues.list_queues("default") if one.name == "later"]
        assert queue.states == {"pending": 1}
        await rig.store.queues.resume("default", "later")
        assert (await rig.claim_one()).id == job.id
        waiting = await rig.put(delay_ms=60_000)
        await _move(rig, waiting.id, "brand-new", 7)
        stats = await rig.store.stats.count("default")
        found = {queue.name: queue.states for queue in stats.queues}
        assert found["brand-new"] == {"scheduled": 1}

    @pytest.mark.parametrize("delay_ms", [0, 60_000], ids=["ready", "scheduled"])
    @pytest.mark.parametrize("by", [HOUR, -HOUR], ids=["later", "now"])
    async def test_time_and_place_change_together(self, rig: Rig, delay_ms: int, by: timedelta) -> None:
        job = await rig.put(delay_ms=delay_ms)
        lane, when = NewLane("imports", -3), NewTime(NOON + by)
        assert await rig.store.jobs.move("default", job.id, lane, wanted=when, by=ADA) is MoveAnswer.MOVED
        view = await rig.view(job.id)
        assert (view.queue, view.priority) == ("imports", -3)
        assert view.state is (State.SCHEDULED if by > timedelta(0) else State.PENDING)
        acts = (await rig.store.audit.list_acts(AuditQuery(object=f"job:{job.id}"), limit=9, below=None)).items
        is_due = by <= timedelta(0) and not delay_ms  # there is nothing to reschedule then
        assert [one.act.action for one in acts] == (["job.move"] if is_due else ["job.reschedule", "job.move"])
        if by > timedelta(0):
            assert view.run_at == NOON + HOUR
            await rig.after(3_600)
        assert (await rig.claim_one(queues=("imports",))).id == job.id

    async def test_a_time_alone_changes_where_the_place_is_the_same(self, rig: Rig) -> None:
        job = await rig.put()
        when = NewTime(delay_ms=3_600_000)
        assert await rig.store.jobs.move("default", job.id, NewLane("default"), wanted=when) is MoveAnswer.UNCHANGED
        assert (await rig.view(job.id)).run_at == NOON + HOUR

    async def test_a_job_that_runs_changes_neither_time_nor_place(self, rig: Rig) -> None:
        held = await rig.running()
        before = await rig.view(held.id)
        answer = await rig.store.jobs.move("default", held.id, NewLane("imports"), wanted=NewTime(NOON + HOUR), by=ADA)
        assert answer is MoveAnswer.CONFLICT
        assert await rig.view(held.id) == before
        assert (await rig.store.audit.list_acts(AuditQuery(), limit=9, below=None)).items == []

    async def test_the_act_is_kept_with_where_from_and_where_to(self, rig: Rig) -> None:
        job = await rig.put(queue="mail")
        for lane in (NewLane("imports", 3), NewLane("imports")):  # the second changes nothing
            await rig.store.jobs.move("default", job.id, lane, by=ADA)
        page = await rig.store.audit.list_acts(AuditQuery(action="job.move"), limit=9, below=None)
        told = [(one.act.object, one.act.before, one.act.after, one.act.by.reason) for one in page.items]
        assert told == [
            (
                f"job:{job.id}",
                {"state": "pending", "queue": "mail", "priority": 0},
                {"answer": "moved", "queue": "imports", "priority": 3},
                ADA.reason,
            )
        ]

    # --------------------------------------------------------------------------------------- against whatever else

    @rounds
    async def test_a_move_against_a_claim(self, rig: Rig, other: Rig, count: int) -> None:
        worker = await rig.worker()
        for _ in range(count):
            job = await rig.put()
            claimed, answer = await together(rig.claim(worker, 1), _move(other, job.id))
            assert answer is (MoveAnswer.MOVED if not claimed or claimed[0].queue == "imports" else MoveAnswer.CONFLICT)
            if not claimed:
                claimed = await rig.claim(worker, 1)
            assert ids(claimed) == [job.id]
            assert claimed[0].queue == (await rig.view(job.id)).queue
            await rig.apply(claimed[0], Succeeded(b"1"))

    @rounds
    async def test_a_move_against_the_stager(self, rig: Rig, other: Rig, count: int) -> None:
        worker = await rig.worker()
        for _ in range(count):
            jobs = [rig.job(delay_ms=1000) for _ in range(5)]
            await rig.enqueue(*jobs)
            rig.clock.advance(2)
            await together(rig.store.upkeep.stage_due(3), other.store.upkeep.stage_due(3), _move(other, jobs[1].id))
            await rig.store.upkeep.stage_due(100)
            claimed = await rig.claim(worker, 10)
            assert sorted(ids(claimed)) == sorted(ids(jobs))
            moved = [job.id for job in claimed if job.queue == "imports"]
            assert moved == [jobs[1].id]
            for job in claimed:
                await rig.settle(job, Succeeded(b"1"))

    @rounds
    async def test_a_move_against_a_retry_by_hand(self, rig: Rig, other: Rig, count: int) -> None:
        worker = await rig.worker()
        for _ in range(count):
            job = await rig.put(delay_ms=60_000)
            _, answer = await together(rig.store.jobs.retry("default", job.id), _move(other, job.id))
            assert answer is MoveAnswer.MOVED
            assert (await rig.claim_one(worker, queues=("imports",))).id == job.id

    @rounds
    @pytest.mark.parametrize("delay_ms", [0, 60_000], ids=["ready", "scheduled"])
    async def test_two_that_move_the_same_job_both_have_their_way(
        self, rig: Rig, other: Rig, count: int, delay_ms: int
    ) -> None:
        for _ in range(count):
            job = await rig.put(delay_ms=delay_ms)
            answers = await together(_move(rig, job.id, "imports"), _move(other, job.id, None, 9))
            assert answers == [MoveAnswer.MOVED] * 2
            view = await rig.view(job.id)
            assert (view.queue, view.priority) == ("imports", 9)

    @rounds
    async def test_a_move_against_a_reschedule(self, rig: Rig, other: Rig, count: int) -> None:
        for number in range(count):
            job = await rig.put(delay_ms=60_000 * (number % 2))
            await together(rig.store.jobs.reschedule("default", job.id, NewTime(NOON + HOUR)), _move(other, job.id))
            view = await rig.view(job.id)
            assert (view.queue, view.run_at, view.state) == ("imports", NOON + HOUR, State.SCHEDULED)

    @rounds
    async def test_a_move_against_a_cancel(self, rig: Rig, other: Rig, count: int) -> None:
        for number in range(count):
            job = await rig.put(delay_ms=60_000 * (number % 2))
            cancel, answer = await together(rig.store.jobs.cancel("default", job.id, actor="me"), _move(other, job.id))
            assert cancel is CancelAnswer.CANCELLED
            view = await rig.view(job.id)
            assert (view.state, view.queue == "imports") == (State.CANCELLED, answer is MoveAnswer.MOVED)
