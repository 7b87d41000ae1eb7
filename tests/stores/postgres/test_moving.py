"""A job that is moved while another statement is on its way to its row: that one must not use the lane of before."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from tests.stores.postgres.conftest import Connect, add_worker, new_job, request_for

from taskflowmq.core.job import NewJob, State
from taskflowmq.core.operations import CancelAnswer, MoveAnswer, NewLane, NewTime, RescheduleAnswer, RetryAnswer
from taskflowmq.stores.postgres import PostgresStore
from taskflowmq.stores.postgres.audit import write_with_acts
from taskflowmq.stores.postgres.queries import q
from taskflowmq.testing.waiting import wait_until

pytestmark = pytest.mark.postgres

WAITS_FOR_ROW = """SELECT count(*) FROM pg_locks l
    WHERE NOT l.granted AND l.locktype = 'transactionid'
      AND l.pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())"""
#: A mutant of the statement: it locks the waiting row, and leaves it as it is.
LOCKS = """WITH held AS MATERIALIZED (
      SELECT w.job_id FROM taskflow.waiting w WHERE w.job_id = ANY($1::uuid[]) FOR UPDATE)
    UPDATE taskflow.job SET lane_id = ($3::integer[])[1]
    WHERE id = ANY(ARRAY(SELECT job_id FROM held)) AND cardinality($2::integer[]) = 1 RETURNING id"""


async def _lanes(store: PostgresStore, job: NewJob) -> tuple[int, int]:
    """Return the lanes of the job and of a queue to which it is moved, made by other jobs there."""
    there = new_job(queue="imports")
    await store.intake.enqueue([there])
    rows = await store._pool.fetch(q.find_places, "default", sorted([job.id, there.id]))
    found = {row["job_id"]: row["lane_id"] for row in rows}
    await store.jobs.cancel("default", there.id, actor="me")
    return found[job.id], found[there.id]


async def _moved_meanwhile(
    store: PostgresStore, connect: Connect, job: NewJob, call: Coroutine[Any, Any, Any], statement: str
) -> Any:
    """Move a job in a transaction that commits once a call waits for the row, and return what the call answers."""
    mover, looker = await connect(), await connect()
    old, new = await _lanes(store, job)

    async def waits() -> bool:
        return asking.done() or bool(await looker.fetchval(WAITS_FOR_ROW))

    async with mover.transaction():
        args = ([job.id], [old], [new])
        assert await mover.fetch(statement, *(args if statement != q.move_ready_jobs else (None, *args)))
        asking = asyncio.create_task(call)
        await wait_until(waits, what="the call to wait for the row")
    return await asking


async def _queue_claimed_from(store: PostgresStore, job: NewJob) -> str:
    worker = await add_worker(store)
    (claimed,) = await store.claims.claim(request_for(worker, limit=1))
    assert claimed.id == job.id
    return claimed.queue


async def test_a_retry_by_hand_that_waits_for_the_row_makes_the_job_ready_in_its_new_lane(
    store: PostgresStore, connect: Connect
) -> None:
    job = new_job(delay_ms=60_000)
    await store.intake.enqueue([job])
    retry = store.jobs.retry("default", job.id)
    answer = await _moved_meanwhile(store, connect, job, retry, q.move_waiting_jobs)
    assert answer is RetryAnswer.DUE_NOW
    assert await _queue_claimed_from(store, job) == "imports"
    assert await store.upkeep.check() == []


async def test_the_check_of_places_notices_a_job_that_is_ready_in_the_lane_of_before(
    store: PostgresStore, connect: Connect
) -> None:
    job = new_job(delay_ms=60_000)
    await store.intake.enqueue([job])
    await _moved_meanwhile(store, connect, job, store.jobs.retry("default", job.id), LOCKS)
    (found,) = await store.upkeep.check()
    assert "is ready in lane" in found


@pytest.mark.parametrize("delay_ms", [0, 60_000], ids=["ready", "scheduled"])
async def test_a_cancel_that_waits_for_the_row_is_counted_for_the_new_queue(
    store: PostgresStore, connect: Connect, delay_ms: int
) -> None:
    job = new_job(delay_ms=delay_ms)
    await store.intake.enqueue([job])
    statement = q.move_waiting_jobs if delay_ms else q.move_ready_jobs
    cancel = store.jobs.cancel("default", job.id, actor="me")
    assert await _moved_meanwhile(store, connect, job, cancel, statement) is CancelAnswer.CANCELLED
    counted = await (await connect()).fetch(
        """SELECT u.name, s.counts ->> 'cancelled' AS jobs FROM taskflow.stat s
           JOIN taskflow.queue u ON u.id = s.queue_id WHERE s.counts ->> 'cancelled' <> '0'"""
    )
    # The job that only made the lane was cancelled there, too.
    assert sum(int(row["jobs"]) for row in counted if row["name"] == "imports") == 2
    assert {row["name"] for row in counted} == {"imports"}


@pytest.mark.parametrize("delay_ms", [0, 60_000], ids=["ready", "scheduled"])
async def test_a_new_time_that_waits_for_the_row_finds_the_job_in_its_new_lane(
    store: PostgresStore, connect: Connect, delay_ms: int
) -> None:
    job = new_job(delay_ms=delay_ms)
    await store.intake.enqueue([job])
    statement = q.move_waiting_jobs if delay_ms else q.move_ready_jobs
    call = store.jobs.reschedule("default", job.id, NewTime(delay_ms=7_200_000))
    assert await _moved_meanwhile(store, connect, job, call, statement) is RescheduleAnswer.RESCHEDULED
    view = await store.jobs.get("default", job.id)
    assert view is not None
    assert (view.state, view.queue) == (State.SCHEDULED, "imports")


@pytest.mark.parametrize("delay_ms", [0, 60_000], ids=["ready", "scheduled"])
async def test_a_move_that_waits_for_another_keeps_what_that_one_changed(
    store: PostgresStore, connect: Connect, delay_ms: int
) -> None:
    job = new_job(delay_ms=delay_ms)
    await store.intake.enqueue([job])
    statement = q.move_waiting_jobs if delay_ms else q.move_ready_jobs
    call = store.jobs.move("default", job.id, NewLane(priority=9))
    assert await _moved_meanwhile(store, connect, job, call, statement) is MoveAnswer.MOVED
    view = await store.jobs.get("default", job.id)
    assert view is not None
    assert (view.queue, view.priority) == ("imports", 9)


async def test_a_claim_and_the_stager_step_over_a_job_that_is_being_moved(
    store: PostgresStore, connect: Connect
) -> None:
    ready, due = new_job(), new_job(delay_ms=1)
    await store.intake.enqueue([ready, due])
    worker, mover = await add_worker(store), await connect()
    # Their lane is one and the same; the other is made by a job that is moved there and cancelled.
    old, new = await _lanes(store, ready)
    async with mover.transaction():
        assert await mover.fetch(q.move_ready_jobs, None, [ready.id], [old], [new])
        assert await mover.fetch(q.move_waiting_jobs, [due.id], [old], [new])
        assert await store.claims.claim(request_for(worker)) == []
        assert (await store.upkeep.stage_due(10)).staged == 0

    async def staged() -> int:
        return (await store.upkeep.stage_due(10)).staged

    await wait_until(staged, what="the job to be due")
    claimed = await store.claims.claim(request_for(worker))
    assert [(job.id, job.queue) for job in claimed] == [(one.id, "imports") for one in (ready, due)]


async def test_a_write_that_finds_nothing_undoes_those_before_it(store: PostgresStore) -> None:
    job, gone = new_job(), new_job()
    await store.intake.enqueue([job])
    statements = [(q.cancel_ready_jobs, None, [job.id]), (q.cancel_ready_jobs, None, [gone.id])]
    assert not await write_with_acts(store._pool, None, statements, [])
    view = await store.jobs.get("default", job.id)
    assert view is not None
    assert view.state is State.PENDING
