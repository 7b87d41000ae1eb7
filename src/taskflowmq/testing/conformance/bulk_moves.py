"""Another queue or priority for many jobs at once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from taskflowmq.core.audit import AuditQuery, Caller, Via
from taskflowmq.core.bulk import CHUNK, Params
from taskflowmq.core.ids import uuid7
from taskflowmq.core.job import State
from taskflowmq.core.operations import NewLane
from taskflowmq.testing.conformance.bulks import carry_out, new_bulk, outcomes, start
from taskflowmq.testing.conformance.support import Rig, StoreSuite


class TestBulkMoves(StoreSuite):
    """Bulk operations that move jobs."""

    @pytest.mark.parametrize("lane", [NewLane("imports"), NewLane(priority=-9), NewLane("imports", -9)])
    async def test_jobs_that_wait_are_moved_and_others_are_no_part_of_it(self, rig: Rig, lane: NewLane) -> None:
        ended, running = await rig.completed(queue="mail"), await rig.running(queue="mail")
        priorities = [5, -9, 5, 0]
        more: list[dict[str, Any]] = [{}, {}, {"share": "x"}, {"delay_ms": 60_000}]
        jobs = [
            await rig.put(queue="mail", priority=priority, **one)
            for priority, one in zip(priorities, more, strict=True)
        ]
        bulk = await start(rig, "move", "queue:mail", lane=lane)
        assert bulk.params == Params(queue=lane.queue, priority=lane.priority)
        bulk = await carry_out(rig.store, bulk)
        # One has that priority already.
        there = {jobs[1].id} if lane.queue is None else set()
        assert await outcomes(rig.store, bulk) == {job.id: "unchanged" if job.id in there else "moved" for job in jobs}
        assert (bulk.total, bulk.done, bulk.failed) == (4, 4, 0)
        for job, kept in zip(jobs, priorities, strict=True):
            view = await rig.view(job.id)
            expected = (lane.queue or "mail", kept if lane.priority is None else lane.priority)
            assert (view.queue, view.priority) == expected
        for job_id in (ended, running.id):
            assert (await rig.view(job_id)).queue == "mail"
        await rig.after(60)
        held = await rig.claim(await rig.worker(), 9, queues=(lane.queue or "mail",))
        assert sorted(job.id for job in held) == sorted(job.id for job in jobs)

    async def test_many_are_moved_by_the_chunk_and_named_ones_counted_with_the_reason(self, rig: Rig) -> None:
        jobs = [rig.job(delay_ms=60_000 * (number % 2)) for number in range(CHUNK + 3)]
        await rig.enqueue(*jobs)
        held = await rig.claim(await rig.worker(), 1)
        named = [*(job.id for job in jobs), uuid7(1, 1)]
        bulk = await carry_out(rig.store, await start(rig, "move", ids=named, lane=NewLane("imports", 3)))
        assert (bulk.chunks, bulk.counts) == (2, {"moved": CHUNK + 2, "conflict": 1, "not_found": 1})
        found = await outcomes(rig.store, bulk)
        assert found[held[0].id] == "conflict"
        # In the order of their ids, those behind each other as they were.
        claimed = await rig.claim(await rig.worker(), 1000, queues=("imports",))
        assert [job.id for job in claimed] == [job.id for job in jobs if not job.delay_ms and job.id != held[0].id]

    async def test_two_that_move_the_same_jobs_both_have_their_way(self, rig: Rig, other: Rig) -> None:
        jobs = [rig.job(delay_ms=60_000 * (number % 2)) for number in range(20)]
        await rig.enqueue(*jobs)
        one = await start(rig, "move", ids=[job.id for job in jobs], lane=NewLane("imports"))
        two = await start(rig, "move", ids=[job.id for job in jobs[::-1]], lane=NewLane(priority=4))
        one, two = await asyncio.gather(carry_out(rig.store, one), carry_out(other.store, two))
        assert one.counts == two.counts == {"moved": 20}
        assert {((view := await rig.view(job.id)).queue, view.priority) for job in jobs} == {("imports", 4)}

    async def test_a_claim_and_a_move_leave_each_job_in_one_place(self, rig: Rig, other: Rig) -> None:
        jobs = [rig.job() for _ in range(20)]
        await rig.enqueue(*jobs)
        worker, bulk = await other.worker(), await start(rig, "move", "", lane=NewLane("imports"))
        held, bulk = await asyncio.gather(other.claim(worker, 10), carry_out(rig.store, bulk))
        by_queue = {job.id: job.queue for job in held}
        for job in jobs:
            view = await rig.view(job.id)
            assert view.state is (State.RUNNING if job.id in by_queue else State.PENDING)
            assert view.queue == by_queue.get(job.id, "imports")
        # A job that was claimed after its move counts as moved.
        moved = [one for one, outcome in (await outcomes(rig.store, bulk)).items() if outcome == "moved"]
        assert sorted(moved) == [job.id for job in jobs if by_queue.get(job.id, "imports") == "imports"]

    async def test_an_operation_that_moves_is_in_the_audit_with_where_to(self, rig: Rig) -> None:
        new = new_bulk(rig, "move", "queue:mail", lane=NewLane("imports", 0))
        await rig.store.bulks.create(new, by=Caller(actor="ada", via=Via.PYTHON))
        page = await rig.store.audit.list_acts(AuditQuery(action="bulk.move"), limit=9, below=None)
        assert [(one.act.query, one.act.after) for one in page.items] == [
            ("queue:mail", {"queue": "imports", "priority": 0})
        ]
