"""A store of schema version 10, in which names were unique over all tenants, becomes one of names per tenant.

``version_10`` holds statements of programs of that version, as they were.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from tests.stores.postgres.conftest import add_worker, new_job, request_for

from taskflowmq.core.errors import SchemaMismatch
from taskflowmq.core.job import Counters, HeldJob, JobFilter
from taskflowmq.core.transitions import Failed, Succeeded
from taskflowmq.ports.store import Settled
from taskflowmq.ports.tasks import TaskNotice
from taskflowmq.stores.postgres import PostgresOptions, PostgresStore, queries
from taskflowmq.testing.conformance.support import transition

pytestmark = pytest.mark.postgres
OLD = {path.stem: path.read_text() for path in sorted((Path(__file__).parent / "version_10").glob("*.sql"))}
WEEK = timedelta(days=7)
UNFINISHED = "taskflow db migrate --finish"


def described(**fields: Any) -> dict[str, Any]:
    job = new_job()
    every = {"id": str(job.id), "tenant": "default", "task": "t", "queue": "mail", "priority": 0, "share": ""}
    return every | {"args": {}, "args_version": 1, "max_attempts": 3} | fields


class Older:
    """A program of schema version 10, as far as it makes names and enqueues."""

    def __init__(self, conn: asyncpg.Connection) -> None:
        self.conn = conn

    async def enqueue(self, *jobs: dict[str, Any]) -> list[UUID]:
        """Enqueue with the function, as programs do in a caller's transaction."""
        found = await self.conn.fetch("SELECT id FROM taskflow.enqueue_v1($1::json)", json.dumps(jobs))
        return [row["id"] for row in found]

    async def make_names(self, queue: str, task: str) -> None:
        """Make names as programs do before any other enqueue, and announce the task."""
        await self.conn.fetch(OLD["ensure_tenant"], ["default"])
        await self.conn.fetch(OLD["ensure_task"], None, [task])
        assert await self.conn.fetchval(OLD["ensure_queue"], [queue], 1000, None, WEEK) is False
        assert await self.conn.fetchval(OLD["ensure_lane"], [queue], [0], [""], 1000, None, WEEK) is False
        await self.conn.fetch(OLD["note_use"], None, [queue], timedelta(hours=1))
        await self.conn.fetch(OLD["announce_tasks"], None, [task], [b'{"of":"older"}'], [b"{}"], False)

    async def start(self, job_id: UUID, worker: UUID) -> None:
        """Claim a job."""
        await self.conn.execute(
            """WITH r AS (DELETE FROM taskflow.ready WHERE job_id = $1 RETURNING *)
            INSERT INTO taskflow.running
              (job_id, worker_id, lane_id, started_at, round, attempt, crashes, losses, lease_no, flags)
            SELECT job_id, $2, lane_id, now(), round, attempt + 1, crashes, losses, lease_no + 1, flags FROM r""",
            job_id,
            worker,
        )


@pytest.fixture
async def older(empty_postgres_url: str) -> AsyncIterator[Older]:
    """A program with a store of schema version 10."""
    conn = await asyncpg.connect(empty_postgres_url)
    for number, _, sql in queries.migrations():
        if number <= 10:
            async with conn.transaction():
                await conn.execute(sql)
    yield Older(conn)
    await conn.close()


async def opened(url: str) -> PostgresStore:
    store = PostgresStore(url, PostgresOptions(pool_size=2))
    await store.open()
    return store


async def test_a_store_with_one_tenant_goes_on_beside_older_programs(older: Older, empty_postgres_url: str) -> None:
    (before,) = await older.enqueue(described())
    store = await opened(empty_postgres_url)
    try:
        # What they had, and what they make from now on, is the tenant's.
        await older.make_names("later", "other")
        await older.make_names("later", "other")
        (after,) = await older.enqueue(described(queue="newest", task="newest"))
        mine = new_job(queue="later", task="other")
        await store.intake.enqueue([mine, new_job(queue="ours", task="ours")])
        await store.intake.announce_tasks("default", [TaskNotice("other", b'{"of":"newer"}', b"{}")])
        await older.make_names("ours", "ours")
        tasks = ("t", "newest", "other", "ours")
        claimed = await store.claims.claim(request_for(await add_worker(store), tasks=tasks))
        assert {job.id for job in claimed} >= {before, after, mine.id}
        assert len(claimed) == 4
        queues = [view.name for view in await store.queues.list_queues("default")]
        assert queues == ["later", "mail", "newest", "ours"]
        assert [task.name for task in await store.intake.list_tasks("default")] == sorted(tasks)
        assert (await store.stats.count("default")).states["running"] == 4
        with pytest.raises(SchemaMismatch, match=UNFINISHED):
            await store.intake.enqueue([new_job(tenant="blue", queue="mail")])
        with pytest.raises(SchemaMismatch, match=UNFINISHED):
            await store.queues.pause("blue", "mail")
        with pytest.raises(SchemaMismatch, match=UNFINISHED):
            await store.intake.announce_tasks("blue", [TaskNotice("other", b"{}", b"{}")])
    finally:
        await store.close()


async def test_the_first_tenant_is_the_owner_where_nobody_used_default(older: Older, empty_postgres_url: str) -> None:
    (job_id,) = await older.enqueue(described(tenant="acme"))
    store = await opened(empty_postgres_url)
    try:
        await older.make_names("later", "later")
        (claimed,) = await store.claims.claim(request_for(await add_worker(store), tenants=("acme",)))
        assert claimed.id == job_id
        assert [view.name for view in await store.queues.list_queues("acme")] == ["later", "mail"]
        assert await store.queues.list_queues("default") == []
    finally:
        await store.close()


async def test_what_several_tenants_share_is_divided_by_the_finish(older: Older, empty_postgres_url: str) -> None:
    worker = UUID(int=1)
    await older.conn.execute(
        """INSERT INTO taskflow.worker (id, supervisor, host, boot_id, pid, version, started_at, lease_until, info)
        VALUES ($1, $1, 'h', 'b', 1, '0', now(), now() + interval '1 day', '{}')""",
        worker,
    )
    jobs = {
        (tenant, place): described(tenant=tenant, priority=priority, **({"delay_ms": 1} if place == "waiting" else {}))
        for tenant in ("blue", "default")
        for priority, place in enumerate(("ready", "waiting", "running", "ended"))
    }
    ids = {key: UUID(job["id"]) for key, job in jobs.items()}
    await older.enqueue(*jobs.values(), described(tenant="blue", queue="only-blue", task="only-blue"))
    for (_, place), job_id in ids.items():
        if place in ("running", "ended"):
            await older.start(job_id, worker)
    settings = '{"retention": {"dead_ms": 7}}'
    await older.conn.execute("UPDATE taskflow.queue SET paused_at = now(), settings = $1 WHERE name = 'mail'", settings)
    store = await opened(empty_postgres_url)
    try:
        ended = [_held(job_id) for (_, place), job_id in ids.items() if place == "ended"]
        assert await store.claims.settle([transition(job, Succeeded(b"1")) for job in ended]) == [Settled.APPLIED] * 2
        assert [name for name, _ in await store.schema.pending_sql(finish=True)] == ["finish/0011_tenants"]
        assert await store.schema.migrate(finish=True) == ["finish/0011_tenants"]
        assert await store.schema.migrate(finish=True) == []
        assert await store.upkeep.check() == []
        for tenant in ("blue", "default"):
            (mail,) = (view for view in await store.queues.list_queues(tenant) if view.name == "mail")
            assert mail.paused_at is not None
            assert mail.retention.dead_ms == 7
            assert mail.states == {"pending": 1, "scheduled": 1, "running": 1}
            counted = (await store.stats.count(tenant)).states
            assert counted["completed"] == 1
            query = JobFilter(tenant=tenant, queue="mail", task="t")
            listed = (await store.jobs.list_jobs(query, limit=10, before=None)).items
            assert {view.id for view in listed} == {job_id for (of, _), job_id in ids.items() if of == tenant}
            # What runs goes back into its own tenant's lane, and what waits becomes ready there.
            await store.claims.settle([transition(_held(ids[tenant, "running"]), Failed(b"{}", retry_after_ms=0))])
            await store.queues.resume(tenant, "mail")
        await store.upkeep.stage_due(10)
        for tenant in ("blue", "default"):
            claimed = await store.claims.claim(request_for(await add_worker(store), tenants=(tenant,)))
            assert {job.id for job in claimed} == {ids[tenant, place] for place in ("ready", "waiting", "running")}
            assert {(job.tenant, job.queue, job.task) for job in claimed} == {(tenant, "mail", "t")}
        (own,) = await store.claims.claim(request_for(await add_worker(store), tenants=("blue",), tasks=("only-blue",)))
        assert own.queue == "only-blue"
        # Names are a tenant's from here on, also those that the owner has.
        await store.intake.enqueue([new_job(tenant="red", queue="mail")])
    finally:
        await store.close()


async def test_older_programs_are_refused_after_the_finish(older: Older, empty_postgres_url: str) -> None:
    store = await opened(empty_postgres_url)
    try:
        assert await older.conn.fetchval("SELECT min_client FROM taskflow.store") <= 10
        await store.schema.migrate(finish=True)
        assert await older.conn.fetchval("SELECT min_client FROM taskflow.store") == 11
        await store.schema.check_client()
    finally:
        await store.close()


async def test_a_new_store_is_finished_and_has_an_empty_index(store: PostgresStore) -> None:
    assert await store.schema.pending_sql(finish=True) == []
    await store.intake.enqueue([new_job(tenant="acme")])
    assert await store._pool.fetchval("SELECT id FROM taskflow.tenant WHERE name = 'acme'") == 1
    assert await store._pool.fetchval("SELECT min_client FROM taskflow.store") == 11


def _held(job_id: UUID) -> HeldJob:
    return HeldJob(job_id, 3, Counters(1, 1, 0, 0, 1))
