"""Bulk operations: each job is acted on once, by whatever process, and counted with what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from itertools import pairwise
from uuid import UUID

import pytest

from taskflowmq.core.audit import AuditQuery, Caller, Via
from taskflowmq.core.bulk import CHUNK, KEPT, Bulk, BulkAction, BulkState, NewBulk, Params, purge_filter
from taskflowmq.core.errors import Conflict, IdempotencyMismatch
from taskflowmq.core.filter_text import parse_filter
from taskflowmq.core.ids import uuid7
from taskflowmq.core.job import IdempotencyKey, JobFilter, State, UniqueKey
from taskflowmq.core.operations import NewTime
from taskflowmq.core.redaction import Redaction, read_rules
from taskflowmq.core.transitions import Discarded, Succeeded
from taskflowmq.ports.store import Store
from taskflowmq.testing.conformance.intake import ERROR
from taskflowmq.testing.conformance.support import NOON, TENANT, Rig, StoreSuite, transition

HOUR = timedelta(hours=1)


def new_bulk(rig: Rig, action: str, filter: str | None = None, ids: Iterable[UUID] = (), **more: object) -> NewBulk:  # noqa: A002
    """Return an operation to accept, newer than those before it."""
    fields = {"tenant": TENANT, "actor": "me", "filter": filter, "ids": tuple(ids), **more}
    return NewBulk(id=rig.job().id, action=BulkAction(action), **fields)  # type: ignore[arg-type]


async def start(rig: Rig, action: str, filter: str | None = None, ids: Iterable[UUID] = (), **more: object) -> Bulk:  # noqa: A002
    """Accept an operation a moment after everything before."""
    rig.clock.advance(0.001)
    bulk = await rig.store.bulks.create(new_bulk(rig, action, filter, ids, **more))
    rig.clock.advance(0.001)
    return bulk


async def again(store: Store, bulk: Bulk) -> Bulk:
    """Return an operation as it is now."""
    found = await store.bulks.get(bulk.tenant, bulk.id)
    assert found is not None
    return found


async def carry_out(store: Store, bulk: Bulk) -> Bulk:
    """Take steps of an operation until it has none."""
    while (await store.bulks.step(await again(store, bulk))).worked:
        pass
    return await again(store, bulk)


async def outcomes(store: Store, bulk: Bulk) -> dict[UUID, str | None]:
    """Return what became of each job."""
    parts = await store.bulks.results(bulk.id, first_chunk=0, limit=1000)
    return {one.job_id: one.outcome for part in parts for one in part}


async def dead(rig: Rig, count: int, **options: object) -> list[UUID]:
    """Make jobs and let them die."""
    jobs = [rig.job(**options) for _ in range(count)]  # type: ignore[arg-type]
    await rig.enqueue(*jobs)
    worker = await rig.worker()
    held = await rig.claim(worker, count)
    assert len(held) == count
    await rig.store.claims.settle([transition(one, Discarded(ERROR)) for one in held])
    return [job.id for job in jobs]


class TestBulks(StoreSuite):
    """Bulk operations."""

    # ------------------------------------------------------------------------------------------------- each action

    async def test_all_dead_jobs_of_a_filter_are_retried_in_their_order(self, rig: Rig) -> None:
        died = await dead(rig, 7)
        other = await rig.put(queue="other")
        bulk = await start(rig, "retry", "state:dead")
        assert (bulk.state, bulk.total, bulk.undo_until) == (BulkState.WAITING, 0, None)
        bulk = await carry_out(rig.store, bulk)
        assert (bulk.state, bulk.total, bulk.done, bulk.failed) == (BulkState.DONE, 7, 7, 0)
        assert await outcomes(rig.store, bulk) == dict.fromkeys(died, "new_round")
        held = await rig.claim(await rig.worker(), 10, queues=("default",))
        assert [job.id for job in held] == died
        assert {job.round for job in held} == {2}
        assert await rig.state(other.id) is State.PENDING

    async def test_jobs_are_cancelled_wherever_they_are(self, rig: Rig) -> None:
        running = await rig.running(queue="mail")
        ready, later = await rig.put(queue="mail"), await rig.put(queue="mail", delay_ms=60_000)
        bulk = await carry_out(rig.store, await start(rig, "cancel", "queue:mail"))
        found = await outcomes(rig.store, bulk)
        assert found == {running.id: "requested", ready.id: "cancelled", later.id: "cancelled"}
        assert bulk.counts == {"requested": 1, "cancelled": 2}
        assert await rig.state(ready.id) is await rig.state(later.id) is State.CANCELLED
        assert (await rig.view(running.id)).cancel_requested_at is not None

    async def test_ended_jobs_are_deleted_and_others_are_no_part_of_it(self, rig: Rig) -> None:
        done, waits = await rig.completed(), await rig.put()
        bulk = await carry_out(rig.store, await start(rig, "delete", ""))
        assert (bulk.total, bulk.counts) == (1, {"deleted": 1})
        assert await rig.store.jobs.get(TENANT, done) is None
        assert await rig.state(waits.id) is State.PENDING

    async def test_named_jobs_are_acted_on_and_others_counted_with_the_reason(self, rig: Rig) -> None:
        [died], waits, gone = await dead(rig, 1), await rig.put(), uuid7(1, 1)
        bulk = await carry_out(rig.store, await start(rig, "retry", ids=[died, waits.id, gone]))
        assert bulk.counts == {"new_round": 1, "conflict": 1, "not_found": 1}
        assert (bulk.total, bulk.done, bulk.failed) == (3, 1, 2)
        assert await outcomes(rig.store, bulk) == {died: "new_round", waits.id: "conflict", gone: "not_found"}

    async def test_waiting_jobs_become_due_by_the_chunk(self, rig: Rig) -> None:
        jobs = [rig.job(delay_ms=60_000) for _ in range(CHUNK + 3)]
        await rig.enqueue(*jobs)
        bulk = await carry_out(rig.store, await start(rig, "retry", "state:scheduled"))
        assert (bulk.chunks, bulk.acted, bulk.counts) == (2, 2, {"due_now": CHUNK + 3})
        held = await rig.claim(await rig.worker(), 1000)
        assert [job.id for job in held] == [job.id for job in jobs]

    @pytest.mark.parametrize("due", [NewTime(NOON + HOUR), NewTime(delay_ms=3_600_000)], ids=["time", "delay"])
    async def test_jobs_that_wait_are_put_off_and_others_are_no_part_of_it(self, rig: Rig, due: NewTime) -> None:
        ended, running = await rig.completed(queue="mail"), await rig.running(queue="mail")
        ready, later = await rig.put(queue="mail"), await rig.put(queue="mail", delay_ms=60_000)
        bulk = await start(rig, "reschedule", "queue:mail", due=due)
        assert bulk.params == Params(run_at=due.on(bulk.created_at))
        rig.clock.advance(60)  # a delay counts from the acceptance
        bulk = await carry_out(rig.store, bulk)
        assert await outcomes(rig.store, bulk) == {ready.id: "rescheduled", later.id: "rescheduled"}
        assert (bulk.done, bulk.failed, bulk.counts) == (2, 0, {"rescheduled": 2})
        for job in (ready, later):
            view = await rig.view(job.id)
            assert (view.state, view.run_at) == (State.SCHEDULED, due.on(bulk.created_at))
        assert await rig.state(running.id) is State.RUNNING
        assert await rig.state(ended) is State.COMPLETED
        await rig.after(3_600)
        held = await rig.claim(await rig.worker(), 5, queues=("mail",))
        assert sorted(job.id for job in held) == sorted((ready.id, later.id))

    async def test_a_time_that_is_over_makes_jobs_due_and_keeps_the_place_of_ready_ones(self, rig: Rig) -> None:
        first, later, last = await rig.put(), await rig.put(delay_ms=60_000), await rig.put()
        bulk = await carry_out(rig.store, await start(rig, "reschedule", "", due=NewTime(NOON - HOUR)))
        assert (bulk.done, bulk.counts) == (3, {"due_now": 3})
        held = await rig.claim(await rig.worker(), 5)
        assert [job.id for job in held] == [first.id, last.id, later.id]

    async def test_jobs_that_expire_before_the_new_time_are_left(self, rig: Rig) -> None:
        sooner = await rig.put(expires_in_ms=3_500_000)
        after = await rig.put(expires_in_ms=7_200_000, delay_ms=60_000)
        bulk = await start(rig, "reschedule", "", due=NewTime(NOON + HOUR))
        bulk = await carry_out(rig.store, bulk)
        assert await outcomes(rig.store, bulk) == {sooner.id: "expires", after.id: "rescheduled"}
        assert (bulk.done, bulk.failed) == (1, 1)
        assert await rig.state(sooner.id) is State.PENDING

    async def test_many_are_put_off_by_the_chunk_and_named_ones_counted_with_the_reason(self, rig: Rig) -> None:
        jobs = [rig.job(delay_ms=60_000 * (number % 2)) for number in range(CHUNK + 3)]
        await rig.enqueue(*jobs)
        held = await rig.claim(await rig.worker(), 1)
        bulk = await start(rig, "reschedule", ids=[*(job.id for job in jobs), uuid7(1, 1)], due=NewTime(NOON + HOUR))
        bulk = await carry_out(rig.store, bulk)
        assert (bulk.chunks, bulk.counts) == (2, {"rescheduled": CHUNK + 2, "conflict": 1, "not_found": 1})
        found = await outcomes(rig.store, bulk)
        assert found[held[0].id] == "conflict"

    async def test_two_that_reschedule_the_same_jobs_leave_each_at_one_of_the_times(self, rig: Rig) -> None:
        jobs = [rig.job() for _ in range(20)]
        await rig.enqueue(*jobs)
        bulks = [
            await start(rig, "reschedule", ids=[job.id for job in order], due=NewTime(NOON + hours * HOUR))
            for hours, order in ((1, jobs), (2, jobs[::-1]))
        ]
        await asyncio.gather(*[carry_out(rig.store, bulk) for bulk in bulks])
        for job in jobs:
            view = await rig.view(job.id)
            assert view.state is State.SCHEDULED
            assert view.run_at in (NOON + HOUR, NOON + 2 * HOUR)
        assert [(await again(rig.store, bulk)).done for bulk in bulks] == [20, 20]

    async def test_a_claim_and_a_reschedule_leave_each_job_in_one_place(self, rig: Rig) -> None:
        jobs = [rig.job() for _ in range(20)]
        await rig.enqueue(*jobs)
        worker = await rig.worker()
        bulk = await start(rig, "reschedule", "", due=NewTime(NOON + HOUR))
        held, bulk = await asyncio.gather(rig.claim(worker, 10), carry_out(rig.store, bulk))
        claimed = {job.id for job in held}
        for job in jobs:
            assert await rig.state(job.id) is (State.RUNNING if job.id in claimed else State.SCHEDULED)
        assert bulk.counts.get("rescheduled", 0) == 20 - len(claimed)

    # ------------------------------------------------------------------------------------------------ the frozen set

    async def test_newer_jobs_are_not_touched(self, rig: Rig) -> None:
        old = await rig.put()
        bulk = await start(rig, "cancel", "")
        new = await rig.put()
        bulk = await carry_out(rig.store, bulk)
        assert list(await outcomes(rig.store, bulk)) == [old.id]
        assert await rig.state(new.id) is State.PENDING

    async def test_a_job_that_ends_after_the_acceptance_is_not_deleted(self, rig: Rig) -> None:
        held = await rig.running()
        bulk = await start(rig, "delete", "")
        await rig.apply(held, Succeeded(b"1"))
        assert (await carry_out(rig.store, bulk)).total == 0
        assert await rig.state(held.id) is State.COMPLETED

    async def test_a_job_that_fits_no_longer_is_left_as_it_is(self, rig: Rig) -> None:
        first, second = await dead(rig, 2)
        bulk = await start(rig, "delete", "state:dead", undo_ms=8000)
        await rig.store.bulks.step(bulk)
        await rig.store.jobs.retry(TENANT, first)
        await rig.apply(await rig.claim_one(), Succeeded(b"1"))  # it has ended, in a state that was not meant
        await rig.store.jobs.delete(TENANT, second)
        await rig.after(8)
        bulk = await carry_out(rig.store, bulk)
        assert bulk.counts == {"changed": 1, "not_found": 1}
        assert await rig.state(first) is State.COMPLETED

    async def test_no_job_is_meant_by_what_is_hidden(self, rig: Rig) -> None:
        hidden, job = Redaction(read_rules(["pin"])), await rig.put(args={"pin": "4711x"})
        for text in ("4711x", "args.pin:4711x"):
            bulk = await start(rig, "cancel", text)
            while (await rig.store.bulks.step(await again(rig.store, bulk), hidden)).worked:
                pass
            bulk = await again(rig.store, bulk)
            assert (bulk.state, bulk.total) == (BulkState.DONE, 0)
        assert await rig.state(job.id) is State.PENDING

    async def test_jobs_of_another_tenant_are_not_touched(self, rig: Rig) -> None:
        foreign = await rig.put(tenant="blue")
        bulk = await carry_out(rig.store, await start(rig, "cancel", ""))
        assert bulk.total == 0
        bulk = await carry_out(rig.store, await start(rig, "cancel", ids=[foreign.id]))
        assert bulk.counts == {"not_found": 1}
        assert await rig.store.bulks.get("blue", bulk.id) is None
        assert await rig.store.bulks.list_bulks("blue", limit=5) == []
        assert await rig.store.bulks.stop("blue", bulk.id) is None

    # ------------------------------------------------------------------------------------------ undo, stop and rate

    async def test_an_operation_waits_for_its_undo_and_can_be_taken_back(self, rig: Rig) -> None:
        job = await rig.put()
        bulk = await start(rig, "cancel", "", undo_ms=8000)
        step = await rig.store.bulks.step(bulk)
        assert step.worked  # it collects meanwhile
        step = await rig.store.bulks.step(await again(rig.store, bulk))
        assert not step.worked
        assert 7_900 < step.wait_ms <= 8000
        undone = await rig.store.bulks.undo(TENANT, bulk.id)
        assert undone is not None
        assert undone.state is BulkState.UNDONE
        assert await rig.store.bulks.undo(TENANT, bulk.id) == undone
        await rig.after(9)
        assert (await carry_out(rig.store, bulk)).state is BulkState.UNDONE
        assert await rig.state(job.id) is State.PENDING

    async def test_what_has_begun_can_be_stopped_and_not_undone(self, rig: Rig) -> None:
        jobs = [rig.job() for _ in range(4)]
        await rig.enqueue(*jobs)
        bulk = await start(rig, "cancel", "", rate=1)
        bulk = await carry_out(rig.store, bulk)  # as far as the rate allows
        assert (bulk.state, bulk.done) == (BulkState.RUNNING, 1)
        with pytest.raises(Conflict, match="has begun"):
            await rig.store.bulks.undo(TENANT, bulk.id)
        stopped = await rig.store.bulks.stop(TENANT, bulk.id)
        assert stopped is not None
        assert (stopped.state, stopped.done, stopped.total) == (BulkState.STOPPED, 1, 4)
        await rig.after(60)
        assert await carry_out(rig.store, bulk) == stopped
        assert [await rig.state(job.id) for job in jobs[1:]] == [State.PENDING] * 3
        assert await rig.store.bulks.stop(TENANT, bulk.id) == stopped

    async def test_the_rate_holds(self, rig: Rig) -> None:
        await rig.enqueue(*[rig.job() for _ in range(50)])
        bulk = await start(rig, "cancel", "", rate=10)
        done = []
        for _ in range(6):
            bulk = await carry_out(rig.store, bulk)
            done.append(bulk.done)
            rig.clock.advance(1)
        assert done == [10, 20, 30, 40, 50, 50]
        assert bulk.state is BulkState.DONE

    async def test_those_that_wait_hold_up_none_that_can_continue(self, rig: Rig) -> None:
        await rig.enqueue(*[rig.job(queue="mail") for _ in range(3)])
        slow = [await start(rig, "cancel", "queue:mail", rate=1) for _ in range(3)]
        for bulk in slow:
            await carry_out(rig.store, bulk)  # as far as the rate allows
        undone = await start(rig, "cancel", "", undo_ms=60_000)
        await rig.store.bulks.step(undone)
        new = [await start(rig, "retry", text) for text in ("state:dead", "queue:other")]
        listed = [one.id for one in await rig.store.bulks.live(5)]
        assert listed[:2] == [one.id for one in new]  # to be collected
        assert set(listed[2:]) == {one.id for one in slow}
        for bulk in new:
            assert (await carry_out(rig.store, bulk)).state is BulkState.DONE
        rig.clock.advance(1)
        assert {one.id for one in await rig.store.bulks.live(3)} == {one.id for one in slow}
        assert (await rig.store.bulks.live(9))[-1].id == undone.id
        rig.clock.advance(60)
        assert (await rig.store.bulks.live(1))[0].id == undone.id  # of those that are due, it has done least

    async def test_each_tenant_has_a_turn(self, rig: Rig) -> None:
        for tenant in ("blue", "green", TENANT):
            await rig.enqueue(*[rig.job(tenant=tenant) for _ in range(3)])
        blue = [await start(rig, "cancel", "", tenant="blue") for _ in range(3)]
        green, other = await start(rig, "cancel", "", tenant="green"), await start(rig, "cancel", "", tenant=TENANT)
        listed = await rig.store.bulks.live(3)
        assert {one.id for one in listed} == {blue[0].id, green.id, other.id}
        for last, following in pairwise([*listed, listed[0]]):
            assert (await rig.store.bulks.live(1, last.tenant))[0].id == following.id
        await rig.store.bulks.step(blue[0])  # the others of its tenant have done less
        assert blue[1].id in {one.id for one in await rig.store.bulks.live(3)}
        assert [one.id for one in await rig.store.bulks.live(9)][3:] == [blue[2].id, blue[0].id]

    async def test_what_has_ended_cannot_be_stopped(self, rig: Rig) -> None:
        bulk = await carry_out(rig.store, await start(rig, "cancel", ""))
        assert bulk.state is BulkState.DONE
        with pytest.raises(Conflict, match="is done"):
            await rig.store.bulks.stop(TENANT, bulk.id)
        with pytest.raises(Conflict, match="is done"):
            await rig.store.bulks.undo(TENANT, bulk.id)

    async def test_an_operation_that_cannot_continue_says_why(self, rig: Rig) -> None:
        bulk = await start(rig, "cancel", "")
        await rig.store.bulks.fail(bulk.id, "BadFilter: from the future")
        bulk = await again(rig.store, bulk)
        assert (bulk.state, bulk.problem) == (BulkState.FAILED, "BadFilter: from the future")
        assert await rig.store.bulks.live(5) == []

    # --------------------------------------------------------------------------------------------- once, and only once

    async def test_a_repeat_is_the_first_operation(self, rig: Rig) -> None:
        new = new_bulk(rig, "cancel", "", key=IdempotencyKey("k", "f"))
        first = await rig.store.bulks.create(new)
        assert await rig.store.bulks.create(new) == first
        assert await rig.store.bulks.create(new_bulk(rig, "cancel", "", key=IdempotencyKey("k", "f"))) == first
        with pytest.raises(IdempotencyMismatch):
            await rig.store.bulks.create(new_bulk(rig, "delete", "", key=IdempotencyKey("k", "g")))
        assert await rig.store.bulks.list_bulks(TENANT, limit=5) == [first]

    async def test_two_processes_act_on_each_job_once(self, rig: Rig, other: Rig) -> None:
        died = await dead(rig, 40)
        bulk = await start(rig, "retry", "state:dead", rate=10)
        for _ in range(4):
            await asyncio.gather(carry_out(rig.store, bulk), carry_out(other.store, bulk))
            rig.clock.advance(1)
        bulk = await carry_out(other.store, bulk)
        assert (bulk.state, bulk.counts) == (BulkState.DONE, {"new_round": 40})
        assert await outcomes(rig.store, bulk) == dict.fromkeys(died, "new_round")
        assert {(await rig.view(job_id)).round for job_id in died} == {2}

    async def test_two_operations_on_the_same_jobs_act_on_each_once(self, rig: Rig, other: Rig) -> None:
        died = await dead(rig, 30)
        one, two = await start(rig, "retry", "state:dead"), await start(rig, "delete", "state:dead")
        await rig.store.bulks.step(one)
        await other.store.bulks.step(two)
        one, two = await asyncio.gather(carry_out(rig.store, one), carry_out(other.store, two))
        assert one.total == two.total == 30
        assert one.done + two.done == 30
        assert set(one.counts) <= {"new_round", "not_found"}
        assert set(two.counts) <= {"deleted", "conflict", "changed"}
        left = await rig.store.jobs.get_many(TENANT, died)
        assert len(left) == one.done

    async def test_a_worker_and_a_cancel_share_the_jobs(self, rig: Rig, other: Rig) -> None:
        jobs = [rig.job() for _ in range(60)]
        await rig.enqueue(*jobs)
        bulk, worker = await start(rig, "cancel", ""), await other.worker()
        await rig.store.bulks.step(bulk)
        bulk, held = await asyncio.gather(carry_out(rig.store, bulk), other.claim(worker, 25))
        found = await outcomes(rig.store, bulk)
        assert set(found) == {job.id for job in jobs}
        assert set(found.values()) <= {"cancelled", "requested"}
        for job in jobs:
            taken = any(one.id == job.id for one in held)
            assert found[job.id] == ("requested" if taken else "cancelled")

    # ----------------------------------------------------------------------------------------- what readers see of it

    async def test_jobs_are_counted_up_to_a_number(self, rig: Rig) -> None:
        await rig.enqueue(*[rig.job(queue="mail" if n % 2 else "other") for n in range(60)])
        # A busy machine would need longer than a page waits for the number.
        count = partial(rig.store.jobs.count, seconds=60)
        assert await count(JobFilter(terms=parse_filter("queue:mail"))) == (30, True)
        assert await count(JobFilter(terms=parse_filter("queue:m*"))) == (30, True)
        assert await count(JobFilter(), most=60) == (60, True)
        assert await count(JobFilter(), most=59) == (59, False)
        assert await count(JobFilter(tenant="blue")) == (0, True)

    async def test_operations_are_listed_newest_first_and_deleted_after_a_week(self, rig: Rig) -> None:
        await rig.put()
        bulks = [await start(rig, "cancel", "", reason=f"{n}") for n in range(3)]
        assert [one.reason for one in await rig.store.bulks.live(2)] == ["0", "1"]
        ended = await carry_out(rig.store, bulks[0])
        rig.clock.advance(KEPT.total_seconds())
        ended_now = await carry_out(rig.store, bulks[1])
        listed = await rig.store.bulks.list_bulks(TENANT, limit=5)
        assert [one.id for one in listed] == [one.id for one in reversed(bulks)]
        assert await rig.store.bulks.list_bulks(TENANT, limit=5, before=bulks[1].id) == [ended]
        assert await rig.store.bulks.prune(100) > 0
        assert await rig.store.bulks.get(TENANT, ended.id) is None
        assert await rig.store.bulks.results(ended.id, first_chunk=0, limit=5) == []
        assert await again(rig.store, bulks[1]) == ended_now
        assert await rig.store.bulks.prune(100) == 0

    # ------------------------------------------------------------------------------------------------------- purge

    async def test_a_purge_deletes_what_waits_and_leaves_what_runs_and_has_ended(self, rig: Rig) -> None:
        ended = await rig.completed(queue="mail")
        held = await rig.running(queue="mail")
        ready, later = await rig.put(queue="mail"), await rig.put(queue="mail", delay_ms=60_000)
        other = await rig.put(queue="other")
        bulk = await carry_out(rig.store, await start(rig, "purge", purge_filter("mail", None)))
        assert (bulk.total, bulk.done, bulk.counts) == (2, 2, {"deleted": 2})
        for job in (ready, later):
            assert await rig.store.jobs.get(TENANT, job.id) is None
        assert await rig.state(ended) is State.COMPLETED
        assert await rig.state(held.id) is State.RUNNING
        assert await rig.state(other.id) is State.PENDING
        assert await rig.store.jobs.count(JobFilter(tenant=TENANT, states=(State.CANCELLED,))) == (0, True)

    async def test_a_purge_deletes_ended_jobs_of_the_states_that_are_named(self, rig: Rig) -> None:
        died, done = await dead(rig, 3, queue="mail"), await rig.completed(queue="mail")
        await rig.put(queue="mail")
        bulk = await carry_out(rig.store, await start(rig, "purge", purge_filter("mail", [State.DEAD, State.PENDING])))
        assert (bulk.done, bulk.counts) == (4, {"deleted": 4})
        assert await rig.store.jobs.get_many(TENANT, died) == []
        assert await rig.state(done) is State.COMPLETED

    async def test_a_job_that_starts_or_ends_before_its_turn_is_not_purged(self, rig: Rig) -> None:
        starts, ends = await rig.put(queue="mail"), await rig.put(queue="mail")
        bulk = await start(rig, "purge", purge_filter("mail", None))
        await rig.store.bulks.step(await again(rig.store, bulk))
        worker = await rig.worker()
        held = {one.id: one for one in await rig.claim(worker)}
        await rig.settle(held[ends.id], Succeeded(b"1"))
        bulk = await carry_out(rig.store, bulk)
        assert bulk.counts == {"conflict": 1, "changed": 1}
        assert [await rig.state(one.id) for one in (starts, ends)] == [State.RUNNING, State.COMPLETED]

    async def test_a_purge_frees_unique_keys_and_is_in_the_audit(self, rig: Rig) -> None:
        await rig.put(queue="mail", unique=UniqueKey(key="k"))
        new = new_bulk(rig, "purge", purge_filter("mail", None))
        rig.clock.advance(0.001)
        by = Caller(actor="ada", via=Via.PYTHON)
        await carry_out(rig.store, await rig.store.bulks.create(new, by=by))
        (answer,) = await rig.enqueue(rig.job(queue="mail", unique=UniqueKey(key="k")))
        assert answer.created
        page = await rig.store.audit.list_acts(AuditQuery(action="bulk.purge"), limit=9, below=None)
        assert [one.act.query for one in page.items] == ["queue:mail state:pending,scheduled,retrying"]
