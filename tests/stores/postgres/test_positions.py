"""Claims on a real database: late commits are found, a held snapshot costs nothing, a restart heals."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest
from tests.stores.postgres.conftest import Connect, add_worker, new_job, request_for

from taskflowmq.core.transitions import Succeeded, decide
from taskflowmq.stores.postgres import PostgresStore
from taskflowmq.stores.postgres.cursors import SWEEP_S
from taskflowmq.stores.postgres.queries import q

pytestmark = pytest.mark.postgres


@pytest.fixture
def postgres_url(fresh_postgres_url: str) -> str:
    """A database of its own: plans and pages depend on what was there before."""
    return fresh_postgres_url


async def claim_until(store: PostgresStore, request: Any, wanted: int, within: float = 20.0) -> list[Any]:
    """Claim again and again until that many jobs are there; fails when time is up."""
    found: list[Any] = []
    async with asyncio.timeout(within):
        while len(found) < wanted:
            found += await store.claims.claim(request)
    return found


@pytest.mark.slow
async def test_a_job_that_commits_late_is_found_behind_the_positions(store: PostgresStore, connect: Connect) -> None:
    worker = await add_worker(store)
    request = request_for(worker, limit=10)
    await store.intake.enqueue([new_job()])
    late_conn = await connect()
    late = new_job()
    transaction = late_conn.transaction()
    await transaction.start()
    await store.intake.enqueue_on(late_conn, [late])
    # Everything after it is stored, claimed and passed, for longer than the lag and several sweeps.
    until = time.monotonic() + 2.5 * SWEEP_S
    while time.monotonic() < until:
        await store.intake.enqueue([new_job() for _ in range(20)])
        await store.claims.claim(request_for(worker, limit=15))
    await transaction.commit()
    left = await claim_until(store, request, 1)
    while late.id not in {job.id for job in left}:
        left += await claim_until(store, request, 1)
    assert late.id in {job.id for job in left}


async def test_rows_that_another_claim_gave_up_are_found_again(store: PostgresStore, connect: Connect) -> None:
    worker = await add_worker(store)
    jobs = [new_job() for _ in range(10)]
    await store.intake.enqueue(jobs)
    other = await connect()
    transaction = other.transaction()
    await transaction.start()
    await other.fetch("SELECT FROM taskflow.ready ORDER BY seq LIMIT 4 FOR UPDATE")
    found = await store.claims.claim(request_for(worker))
    assert len(found) == 6
    for _ in range(3):
        assert await store.claims.claim(request_for(worker)) == []
    await transaction.rollback()
    found += await claim_until(store, request_for(worker), 4)
    assert {job.id for job in found} == {job.id for job in jobs}


@pytest.mark.slow
async def test_a_held_snapshot_does_not_make_claims_read_more(store: PostgresStore, connect: Connect) -> None:
    worker = await add_worker(store)
    holder = await connect()
    await holder.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    await holder.fetch("SELECT FROM taskflow.ready")

    async def churn(rounds: int) -> None:
        for _ in range(rounds):
            await store.intake.enqueue([new_job() for _ in range(500)])
            claimed = await claim_until(store, request_for(worker, limit=500), 500)
            await store.claims.settle([decide(job, Succeeded(), rand=0.5) for job in claimed])

    async def buffers_of_a_claim() -> int:
        await store.intake.enqueue([new_job() for _ in range(500)])
        # Let the positions settle, then look at what the statement of the next claim reads, without keeping it.
        taken = await claim_until(store, request_for(worker, limit=100), 100)
        await store.claims.settle([decide(job, Succeeded(), rand=0.5) for job in taken])
        scan = store.claims._memories[worker].scan
        lane = next(iter(scan._lanes))
        probe = await connect()
        for name, value in (("enable_seqscan", "off"), ("jit", "off")):
            await probe.execute(f"SET {name} = {value}")
        async with probe.transaction():
            [plan] = await probe.fetchrow(
                "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + q.claim_jobs,
                None,
                worker,
                [lane],
                scan.positions([lane]),
                await store.claims._names.known_tasks(("default",), ("t",)),
                100,
                [1],
            )
            await probe.execute("ROLLBACK")
            await probe.execute("BEGIN")
        await claim_until(store, request_for(worker, limit=500), 400)
        return int(json.loads(plan)[0]["Plan"]["Shared Hit Blocks"])

    await churn(2)
    before = await buffers_of_a_claim()
    await churn(30)
    after = await buffers_of_a_claim()
    assert after <= 2 * before, (before, after)
