"""The roles of docs/postgresql.md: what is granted there is enough, and what is missing is said."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from tests.stores.postgres.conftest import add_worker, new_job, request_for
from tools.problems import ROOT

from taskflowmq.client.checks import check_store
from taskflowmq.core.errors import StoreForbidden
from taskflowmq.core.ids import lowest_id
from taskflowmq.core.job import IdempotencyKey, JobFilter, UniqueKey
from taskflowmq.core.system import Finding, Verdict
from taskflowmq.core.transitions import Failed, Succeeded
from taskflowmq.ports.store import Retention, Settled
from taskflowmq.stores.postgres import PostgresOptions, PostgresStore
from taskflowmq.testing.conformance.support import transition

pytestmark = pytest.mark.postgres
BLOCKS = re.findall(r"```sql\n(.*?)```", (ROOT / "docs/postgresql.md").read_text(encoding="utf-8"), re.DOTALL)


class Roles:
    """A database and its roles, with names of their own: the server is shared."""

    def __init__(self, url: str) -> None:
        self.url, self.suffix = url, uuid4().hex[:8]
        self.database = url.rpartition("/")[2]

    def named(self, sql: str) -> str:
        """Return a statement of the document with the names of this test."""
        return re.sub(r"taskflow_(owner|worker|producer)", rf"\g<0>_{self.suffix}", sql).replace(
            "DATABASE app", f"DATABASE {self.database}"
        )

    def url_of(self, role: str) -> str:
        """Return the address for a role of the document."""
        return self.url.replace("taskflow@", self.named(f"taskflow_{role}@"))

    async def run(self, sql: str, role: str | None = None) -> Any:
        """Run SQL as a role, or as the superuser."""
        conn = await asyncpg.connect(self.url if role is None else self.url_of(role))
        try:
            return await conn.fetch(sql) if sql.startswith("SELECT") else await conn.execute(self.named(sql))
        finally:
            await conn.close()

    async def store(self, role: str) -> PostgresStore:
        """Open a store as a role."""
        store = PostgresStore(self.url_of(role), PostgresOptions(pool_size=2))
        await store.open()
        return store


@pytest.fixture
async def roles(empty_postgres_url: str) -> AsyncIterator[Roles]:
    """The roles as the document makes them, before anything else is granted."""
    made = Roles(empty_postgres_url)
    await made.run(BLOCKS[0])
    owner = await made.store("owner")
    await owner.close()
    yield made
    for role in ("worker", "producer", "owner"):
        await made.run(f"DROP OWNED BY taskflow_{role} CASCADE; DROP ROLE taskflow_{role}")


async def findings(store: PostgresStore) -> dict[str, Finding]:
    return {found.name: found async for found in check_store(store)}


async def test_an_owner_needs_no_temporary_tables(roles: Roles) -> None:
    await roles.run("DROP SCHEMA taskflow CASCADE")
    await roles.run(f"REVOKE TEMPORARY ON DATABASE {roles.database} FROM PUBLIC")
    owner = await roles.store("owner")
    try:
        assert await owner.schema.pending_sql(finish=True) == []
    finally:
        await owner.close()


async def test_a_worker_runs_jobs_and_keeps_house(roles: Roles) -> None:
    await roles.run(BLOCKS[1], "owner")
    store = await roles.store("worker")
    try:
        report = await findings(store)
        assert report["rights"].verdict is Verdict.OK
        assert report["duties"].verdict is Verdict.OK
        jobs = [new_job() for _ in range(3)]
        await store.intake.enqueue(jobs)
        held = await store.claims.claim(request_for(await add_worker(store)))
        done = [transition(job, Succeeded(b"1") if n else Failed(error=b"{}")) for n, job in enumerate(held)]
        assert await store.claims.settle(done) == [Settled.APPLIED] * 3
        await store.upkeep.maintain()
    finally:
        await store.close()


@pytest.mark.slow
async def test_a_worker_drops_days_that_it_does_not_own(roles: Roles) -> None:
    await roles.run(BLOCKS[1], "owner")
    store = await roles.store("worker")
    try:
        old = await age(roles, store)
        await store.upkeep.prune(Retention(), 1000)
        assert await roles.run("SELECT 1 FROM taskflow.job") == []
        assert await roles.run(f"SELECT 1 FROM pg_class WHERE relname = 'job_{old:%Y%m%d}'") == []
    finally:
        await store.close()


async def age(roles: Roles, store: PostgresStore) -> Any:
    """Complete a job, and let 40 days pass; return its day."""
    await store.intake.enqueue([new_job()])
    (held,) = await store.claims.claim(request_for(await add_worker(store)))
    await store.claims.settle([transition(held, Succeeded(b"1"))])
    (row,) = await roles.run("SELECT clock_timestamp() - interval '40 days' AS then")
    then = row["then"]
    bound = str(lowest_id(int(then.timestamp() * 1000)))
    await roles.run(f"""
        SET search_path = taskflow;
        SELECT make_partition('job', '{then:%Y-%m-%d}'), make_partition('outcome', '{then:%Y-%m-%d}');
        UPDATE outcome SET job_id = '{bound}', finished_at = finished_at - interval '40 days';
        UPDATE job SET id = '{bound}', created_at = created_at - interval '40 days',
                       run_at = run_at - interval '40 days';
    """)
    return then


@pytest.mark.slow
async def test_without_the_functions_batches_do_it_and_the_lack_is_said(roles: Roles) -> None:
    await roles.run(BLOCKS[1], "owner")
    await roles.run("REVOKE EXECUTE ON FUNCTION taskflow.retire_day FROM taskflow_worker", "owner")
    store = await roles.store("worker")
    try:
        await age(roles, store)
        with pytest.raises(StoreForbidden, match="permission denied for function retire_day"):
            await store.upkeep.prune(Retention(), 1000)
        assert await roles.run("SELECT 1 FROM taskflow.job") == []
        assert await store.upkeep.prune(Retention(), 1000) == 0  # said once in a while
        assert "EXECUTE on function taskflow.retire_day" in (await findings(store))["rights"].detail
    finally:
        await store.close()


async def test_a_producer_enqueues_and_reads(roles: Roles, caplog: pytest.LogCaptureFixture) -> None:
    await roles.run(BLOCKS[1], "owner")
    store = await roles.store("producer")
    try:
        await store.ping()
        await store.intake.enqueue([new_job(queue="new", task="new")])
        await store.intake.enqueue([new_job(), new_job(delay_ms=1000)])
        await store.intake.enqueue([new_job(unique=UniqueKey(key="k"))])
        again = new_job()
        for _ in range(2):
            await store.intake.enqueue([again])
            await store.intake.enqueue([again, new_job()], idempotency=IdempotencyKey(key="i", fingerprint="f"))
        await roles.run("UPDATE taskflow.queue SET used_at = '2020-01-01'")
        store._names.close()
        await store.intake.enqueue([new_job()])
        assert [queue.name for queue in await store.queues.list_queues("default")] == ["default", "new"]
        fresh = await roles.run("SELECT name FROM taskflow.queue WHERE used_at > now() - interval '1 hour'")
        assert [row["name"] for row in fresh] == ["default"]
        # A role made for an older version lacks that right: its jobs are stored all the same, and it is told once.
        await roles.run("REVOKE UPDATE (used_at) ON taskflow.queue FROM taskflow_producer")
        for _ in range(2):
            store._names.close()
            await store.intake.enqueue([new_job()])
        (warning,) = [one.getMessage() for one in caplog.records if one.levelname == "WARNING"]
        assert "GRANT UPDATE (used_at) ON taskflow.queue" in warning
        conn = await asyncpg.connect(roles.url_of("producer"))
        async with conn.transaction():
            await store.intake.enqueue_on(conn, [new_job()])
        await conn.close()
        assert (await store.jobs.get("default", again.id)) is not None
        page = await store.jobs.list_jobs(JobFilter(tenant="default"), limit=10, before=None)
        assert len(page.items) == 10
        with pytest.raises(StoreForbidden):
            await add_worker(store)
        for statement in ("make_partition('job', '2020-01-01')", "retire_day('2020-01-01', NULL, 0, 0, 0, 0)"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await roles.run(f"SELECT taskflow.{statement}", "producer")
    finally:
        await store.close()


@pytest.mark.slow
async def test_a_role_without_rights_is_told_so_in_a_sentence(roles: Roles) -> None:
    with pytest.raises(StoreForbidden, match="permission denied for schema taskflow"):
        await roles.store("worker")
    await roles.run("DROP SCHEMA taskflow CASCADE", "owner")
    with pytest.raises(StoreForbidden, match="permission denied for database"):
        await roles.store("worker")


@pytest.mark.slow
async def test_behind_a_pooler_doctor_warns_of_a_schema_that_others_may_create_in(roles: Roles) -> None:
    await roles.run(BLOCKS[1], "owner")
    await roles.run("GRANT CREATE ON SCHEMA public TO PUBLIC")  # as PostgreSQL 14 has it
    for pooler, verdict in ((False, Verdict.OK), (True, Verdict.WARN)):
        store = PostgresStore(roles.url_of("worker"), PostgresOptions(pooler=pooler))
        await store.open()
        report = await findings(store)
        await store.close()
        assert report["rights"].verdict is verdict
    assert "create objects in schema public" in report["rights"].detail


@pytest.mark.slow
async def test_a_schema_of_somebody_else_is_left_alone(roles: Roles) -> None:
    await roles.run("DROP SCHEMA taskflow CASCADE", "owner")
    await roles.run("CREATE SCHEMA taskflow")
    with pytest.raises(StoreForbidden, match="permission denied for schema taskflow"):
        await roles.store("owner")


@pytest.mark.slow
async def test_partitions_are_of_two_tables_only(roles: Roles) -> None:
    for function in ("make_partition", "drop_partition"):
        with pytest.raises(asyncpg.PostgresError, match="only job and outcome have partitions"):
            await roles.run(f"SELECT taskflow.{function}('store', '2020-01-01')", "owner")


async def test_a_role_that_may_not_read_the_position_in_the_wal(roles: Roles, caplog: pytest.LogCaptureFixture) -> None:
    await roles.run(BLOCKS[1], "owner")
    await roles.run("REVOKE EXECUTE ON FUNCTION pg_current_wal_insert_lsn() FROM PUBLIC")
    worker = await roles.store("worker")
    caplog.set_level("INFO", logger="taskflowmq.stores.postgres")
    try:
        assert [await worker.probes.revision() for _ in range(3)] == [None] * 3
        assert [record for record in caplog.records if "whether anything was written" in record.message][1:] == []
        assert "permission denied" in caplog.text
        assert await worker.probes.probe_jobs("default", [lowest_id(1)]) == []
    finally:
        await worker.close()


async def test_a_producer_without_the_right_to_the_history_replaces_jobs_all_the_same(roles: Roles) -> None:
    await roles.run(BLOCKS[1])
    await roles.run(
        "GRANT DELETE ON taskflow.ready, taskflow.waiting TO taskflow_producer;"
        "GRANT INSERT ON taskflow.outcome TO taskflow_producer"
    )
    producer = await roles.store("producer")
    newest = UniqueKey(key="k", on_conflict="replace")
    try:
        for _ in range(2):
            await producer.intake.enqueue([new_job(unique=newest)])
        assert await roles.run("SELECT counts::text FROM taskflow.stat") == []
        await roles.run("GRANT INSERT ON taskflow.stat TO taskflow_producer")
        await producer.intake.enqueue([new_job(unique=newest)])
    finally:
        await producer.close()
    (row,) = await roles.run("SELECT counts::text FROM taskflow.stat")
    assert row[0] == '{"cancelled" : 1, "cancelled_ready" : 1}'
