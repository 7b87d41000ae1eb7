"""Partitions by creation day: made ahead, gone when empty, invisible to users."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from tests.stores.postgres.conftest import Connect, add_worker, new_job, request_for

from taskflowmq.core.ids import uuid7
from taskflowmq.core.job import JobFilter
from taskflowmq.core.transitions import Succeeded, decide
from taskflowmq.ports.store import Retention
from taskflowmq.stores.postgres import PostgresStore

pytestmark = pytest.mark.postgres


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
    listed = await store.board.list_jobs(JobFilter(), limit=100, before=None)
    assert [view.id for view in listed.items] == [job.id for job in reversed(jobs)]
    calendar.at += timedelta(days=8)
    await store.upkeep.prune(Retention(), 1000)
    await store.upkeep.maintain()
    left = await partitions(connect)
    assert not first & left, "the first days are gone"
    assert await store.board.get("default", jobs[-1].id) is not None, "what still runs is kept"
    assert await store.upkeep.check() == []
    await store.close()
