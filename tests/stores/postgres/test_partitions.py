"""Partitions by creation day: made ahead, gone when empty, invisible to users."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.stores.postgres.conftest import Connect, add_worker, new_job, request_for

from taskflowmq.core.ids import uuid7
from taskflowmq.core.job import JobFilter, NewJob
from taskflowmq.core.transitions import Failed, Outcome, Succeeded, decide
from taskflowmq.ports.store import Retention
from taskflowmq.stores.postgres import PostgresStore
from taskflowmq.testing.waiting import wait_until

pytestmark = [pytest.mark.postgres, pytest.mark.slow]


class Calendar:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


async def partitions(connect: Connect) -> set[str]:
    conn = await connect()
    rows = await conn.fetch("SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ '^(job|outcome)_[0-9]{8}$'")
    return {row["relname"] for row in rows}


async def test_partitions_are_made_ahead_and_dropped_when_nothing_is_left(postgres_url: str, connect: Connect) -> None:
    calendar = Calendar()
    store = PostgresStore(postgres_url, clock=calendar)
    await store.open()
    worker = await add_worker(store)
    first = await partitions(connect)
    stamp = f"{calendar.at:%Y%m%d}"
    assert {f"job_{stamp}", f"outcome_{stamp}"} <= first
    jobs = []
    for _ in range(6):
        us = int(calendar.at.timestamp() * 1e6)
        jobs += [new_job(id=uuid7(us, random.getrandbits(62))) for _ in range(3)]
        await store.intake.enqueue(jobs[-3:])
        await store.upkeep.maintain()
        calendar.at += timedelta(days=1)
    jobs.sort(key=lambda job: job.id)
    claimed = await store.claims.claim(request_for(worker))
    assert [job.id for job in claimed] == [job.id for job in jobs]
    await store.claims.settle([decide(job, Succeeded(b"1"), rand=0.5) for job in claimed[:-1]])
    listed = await store.jobs.list_jobs(JobFilter(), limit=100, before=None)
    assert [view.id for view in listed.items] == [job.id for job in reversed(jobs)]
    calendar.at += timedelta(days=8)
    await store.upkeep.prune(Retention(), 1000)
    await store.upkeep.maintain()
    left = await partitions(connect)
    assert not first & left, "the first days are gone"
    assert await store.jobs.get("default", jobs[-1].id) is not None, "what still runs is kept"
    assert await store.upkeep.check() == []
    await store.close()


async def put(store: PostgresStore, calendar: Calendar, **fields: Any) -> NewJob:
    job = new_job(id=uuid7(int(calendar.at.timestamp() * 1e6), random.getrandbits(62)), **fields)
    await store.intake.enqueue([job])
    return job


async def end(store: PostgresStore, worker: UUID, outcome: Outcome, job: NewJob) -> None:
    [held] = await store.claims.claim(request_for(worker, limit=1, tasks=(job.task,)))
    assert held.id == job.id
    await store.claims.settle([decide(held, outcome, rand=0.5)])


async def state_of(store: PostgresStore, job: NewJob) -> str | None:
    view = await store.jobs.get("default", job.id)
    return None if view is None else view.state.value


@pytest.fixture
async def day(postgres_url: str) -> AsyncIterator[tuple[PostgresStore, Calendar, UUID]]:
    """A store whose clock can be moved, and a worker."""
    calendar = Calendar()
    store = PostgresStore(postgres_url, clock=calendar)
    await store.open()
    yield store, calendar, await add_worker(store)
    await store.close()


async def test_a_day_past_retention_is_dropped_and_what_must_survive_is_moved(
    day: tuple[PostgresStore, Calendar, UUID], connect: Connect
) -> None:
    store, calendar, worker = day
    begun = calendar.at
    gone = [await put(store, calendar, task="old") for _ in range(20)]
    claimed = await store.claims.claim(request_for(worker, tasks=("old",)))
    await store.claims.settle([decide(held, Succeeded(b"1"), rand=0.5) for held in claimed])
    dead = await put(store, calendar, task="dead", max_attempts=1)
    await end(store, worker, Failed(b'{"type":"E","message":"m","traceback":""}'), dead)
    ready, waiting = await put(store, calendar, task="ready"), await put(store, calendar, delay_ms=20 * 86_400_000)
    late, running = await put(store, calendar, task="late"), await put(store, calendar, task="running")
    calendar.at = begun + timedelta(days=9)
    await end(store, worker, Succeeded(b'"late"'), late)
    await store.claims.claim(request_for(worker, tasks=("running",)))
    assert len(await store.jobs.attempts("default", dead.id)) == 1
    calendar.at = begun + timedelta(days=10)

    assert await store.upkeep.prune(Retention(), 1000) == 20

    stamp = f"{begun:%Y%m%d}"
    assert not {f"job_{stamp}", f"outcome_{stamp}"} & await partitions(connect)
    assert {await state_of(store, job) for job in gone} == {None}
    states = [await state_of(store, job) for job in (dead, ready, waiting, late, running)]
    assert states == ["dead", "pending", "scheduled", "completed", "running"]
    assert len(await store.jobs.attempts("default", dead.id)) == 1
    view = await store.jobs.get("default", late.id)
    assert view is not None
    assert view.raw_result == b'"late"'
    assert await store.upkeep.check() == []
    # They live on as if nothing had happened, and end in their turn.
    await end(store, worker, Succeeded(b"1"), ready)
    calendar.at = begun + timedelta(days=50)
    assert await store.upkeep.prune(Retention(), 1000) == 3
    assert await store.upkeep.check() == []


async def test_a_day_with_many_survivors_is_pruned_in_batches(
    day: tuple[PostgresStore, Calendar, UUID], connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskflowmq.stores.postgres.partitions.MOST_SURVIVORS", 1)
    store, calendar, worker = day
    done = await put(store, calendar)
    await end(store, worker, Succeeded(b"1"), done)
    alive = [await put(store, calendar, delay_ms=20 * 86_400_000) for _ in range(2)]
    stamp = f"{calendar.at:%Y%m%d}"
    calendar.at += timedelta(days=10)
    assert await store.upkeep.prune(Retention(), 1000) == 1
    assert f"job_{stamp}" in await partitions(connect)
    assert [await state_of(store, job) for job in (done, *alive)] == [None, "scheduled", "scheduled"]


async def test_a_day_in_use_is_left_for_later(day: tuple[PostgresStore, Calendar, UUID], connect: Connect) -> None:
    store, calendar, worker = day
    done = await put(store, calendar)
    await end(store, worker, Succeeded(b"1"), done)
    stamp = f"{calendar.at:%Y%m%d}"
    calendar.at += timedelta(days=10)
    reader = await connect()
    async with reader.transaction():
        await reader.fetch("SELECT count(*) FROM taskflow.job")
        assert await store.upkeep.prune(Retention(), 1000) == 1, "batches do it meanwhile"
    assert f"job_{stamp}" in await partitions(connect)


async def test_short_retention_does_not_wait_for_the_day_to_end(day: tuple[PostgresStore, Calendar, UUID]) -> None:
    store, calendar, worker = day
    done = await put(store, calendar)
    await end(store, worker, Succeeded(b"1"), done)
    calendar.at += timedelta(hours=2)
    assert await store.upkeep.prune(Retention(completed_ms=3_600_000), 1000) == 1
    assert await state_of(store, done) is None


@pytest.mark.parametrize("ends_again", [False, True])
async def test_a_job_that_is_redriven_while_its_day_is_dropped_survives_with_its_past(
    day: tuple[PostgresStore, Calendar, UUID], connect: Connect, ends_again: bool
) -> None:
    store, calendar, worker = day
    dead = await put(store, calendar, task="dead", max_attempts=1)
    await end(store, worker, Failed(b'{"type":"E","message":"m","traceback":""}'), dead)
    done = await put(store, calendar, task="done")
    await end(store, worker, Succeeded(b"1"), done)
    calendar.at += timedelta(days=40)
    reader, looker = await connect(), await connect()

    async def is_about_to_drop() -> bool:
        waiting = """SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
            WHERE d.datname = current_database() AND NOT granted AND mode = 'RowExclusiveLock'"""
        return pruning.done() or bool(await looker.fetchval(waiting))

    async with reader.transaction():
        await reader.execute("LOCK TABLE taskflow.attempt IN SHARE MODE")
        pruning = asyncio.create_task(store.upkeep.prune(Retention(), 1000))
        await wait_until(is_about_to_drop, what="the look at the day to end")
        await store.jobs.retry("default", dead.id)
        if ends_again:
            await end(store, worker, Succeeded(b'"at last"'), dead)
    await pruning
    states = [await state_of(store, job) for job in (dead, done)]
    past = [view.outcome for view in await store.jobs.attempts("default", dead.id)]
    assert (states, past) == (
        (["completed", None], ["failed", "completed"]) if ends_again else (["pending", None], ["failed"])
    )
    assert await store.upkeep.check() == []
