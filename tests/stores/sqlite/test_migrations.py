"""A file of schema 7 becomes one of tenants: beside programs of schema 7, and then, finished, without them."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.stores.sqlite.conftest import OpenStore, claim, new_job, new_worker

from taskflowmq.core.errors import SchemaMismatch
from taskflowmq.core.job import JobFilter, QueueRef
from taskflowmq.core.transitions import Succeeded, decide
from taskflowmq.ports.tasks import TaskNotice
from taskflowmq.stores.sqlite import SqliteOptions, SqliteStore, schema
from taskflowmq.testing.waiting import wait_until

FINISH = "finish/0008_tenants"
TENANTS = ("acme", "blue", "cyan")
#: How programs of schema 7 make names: without a tenant, and found by the name alone.
OLD_QUEUE = """
    INSERT INTO taskflow_queue (name, used_at) VALUES (:name, 1)
    ON CONFLICT (name) DO UPDATE SET used_at = excluded.used_at RETURNING id"""
OLD_TASK = """
    INSERT INTO taskflow_task (name, seen_at) VALUES (:name, 1)
    ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING id"""
OLD_TENANT = """
    INSERT INTO taskflow_tenant (name) VALUES (:name)
    ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING id"""
OLD_LANE = """
    INSERT INTO taskflow_lane (queue_id, priority, share) VALUES (:queue_id, :priority, '')
    ON CONFLICT (queue_id, priority, share) DO UPDATE SET priority = excluded.priority RETURNING id"""
OLD_ANNOUNCE = """
    INSERT INTO taskflow_task AS t (name, args_schema, options, seen_at) VALUES (:name, '{}', '{"queue":"x"}', 1)
    ON CONFLICT (name) DO UPDATE SET args_schema = excluded.args_schema, options = excluded.options"""
COUNTERS = "round, attempt, crashes, losses, lease_no"


class Older:
    """A program of schema 7 on a file, by the statements that it sends."""

    def __init__(self, path: Path) -> None:
        self._conn = sqlite3.connect(path, isolation_level=None)
        self.worker = uuid4()

    def close(self) -> None:
        self._conn.close()

    def rows(self, statement: str, **params: Any) -> list[Any]:
        return self._conn.execute(statement, params).fetchall()

    def _number(self, statement: str, **params: Any) -> int:
        return int(self.rows(statement, **params)[0][0])

    def put(self, tenant: str, queue: str, place: str = "ready", task: str = "task", priority: int = 0) -> UUID:
        """Store a job in a place."""
        job = new_job()
        found = {
            "id": job.id.bytes,
            "tenant_id": self._number(OLD_TENANT, name=tenant),
            "lane_id": self._number(OLD_LANE, queue_id=self._number(OLD_QUEUE, name=queue), priority=priority),
            "task_id": self._number(OLD_TASK, name=task),
            "worker": self.worker.bytes,
        }
        self.rows(
            """INSERT INTO taskflow_job (id, tenant_id, lane_id, task_id, max_attempts, created_at, run_at, args)
               VALUES (:id, :tenant_id, :lane_id, :task_id, 3, 1, 1, '{"n":1}')""",
            **found,
        )
        self.rows(PLACES[place], **found)
        return job.id

    def claimable(self) -> list[UUID]:
        """Return what a claim finds: programs of schema 7 look at all lanes that hold something."""
        found = self.rows("""
            SELECT r.job_id FROM taskflow_lane AS l JOIN taskflow_queue AS q ON q.id = l.queue_id
            JOIN taskflow_ready AS r ON r.lane_id = l.id JOIN taskflow_task AS k ON k.id = r.task_id
            WHERE q.paused_at IS NULL AND k.name = 'task'""")
        return [UUID(bytes=job_id) for (job_id,) in found]


PLACES = {
    "ready": f"""
        INSERT INTO taskflow_ready (lane_id, seq, job_id, task_id, ready_at, {COUNTERS}, flags)
        SELECT :lane_id, next_seq, :id, :task_id, 1, 1, 0, 0, 0, 0, 0 FROM taskflow_store""",
    "waiting": f"""
        INSERT INTO taskflow_waiting (job_id, why, due_at, {COUNTERS}, flags)
        VALUES (:id, 'scheduled', {2**60}, 1, 0, 0, 0, 0, 0)""",
    "running": f"""
        INSERT INTO taskflow_running (job_id, worker_id, lane_id, started_at, {COUNTERS}, flags)
        VALUES (:id, :worker, :lane_id, 1, 1, 1, 0, 0, 1, 0)""",
    "completed": f"""
        INSERT INTO taskflow_outcome (job_id, state, finished_at, {COUNTERS})
        VALUES (:id, 'completed', 1, 1, 1, 0, 0, 1)""",
    "dead": f"""
        INSERT INTO taskflow_outcome (job_id, state, finished_at, {COUNTERS})
        VALUES (:id, 'dead', 1, 1, 1, 0, 0, 1)""",
}
DRAW = """
    CREATE TRIGGER draw AFTER INSERT ON taskflow_ready BEGIN UPDATE taskflow_store SET next_seq = next_seq + 1; END"""


@pytest.fixture
def older(path: Path) -> Any:
    """A file of schema 7 and a program on it."""
    with closing(sqlite3.connect(path)) as conn:
        for name, text in schema.migrations():
            if int(name[:4]) <= 7:
                conn.executescript(text)
                conn.execute("UPDATE taskflow_store SET schema_version = ?", (int(name[:4]),))
                conn.commit()
    program = Older(path)
    # What next_seq is for; a trigger of the test instead of one more statement for each job.
    program.rows(DRAW)
    program.rows(
        """INSERT INTO taskflow_worker (id, supervisor, host, boot_id, pid, version, started_at, lease_until, info)
           VALUES (:id, :id, 'host', 'boot', 1, '1', 1, 1, '{}')""",
        id=program.worker.bytes,
    )
    yield program
    program.close()


def fill(older: Older) -> None:
    """Jobs of three tenants in every place, mostly in queues that they share."""
    for tenant in TENANTS:
        for place in PLACES:
            older.put(tenant, "shared", place)
            older.put(tenant, f"of-{tenant}", place, priority=5)
        older.put(tenant, "shared", priority=-1)
        older.put(tenant, "shared", task="other")
        older.put(tenant, "held")
    older.rows(
        "UPDATE taskflow_queue SET paused_at = 7, settings = '{\"retention\":{\"dead_ms\":5}}' WHERE name = 'held'"
    )
    older.rows(OLD_QUEUE, name="empty")
    older.rows("UPDATE taskflow_queue SET paused_at = 7 WHERE name = 'empty'")
    older.rows(OLD_ANNOUNCE, name="task")
    older.rows(OLD_ANNOUNCE, name="announced")
    older.rows("INSERT INTO taskflow_stat VALUES (1, x'00', 1, 1, '{}')")


#: Everything that is stored of each job, with names in place of numbers.
JOBS = """
    SELECT j.id, t.name, q.name, l.priority, l.share, k.name, k.args_schema, k.options, k.seen_at, q.paused_at,
           q.settings, q.used_at, j.max_attempts, j.created_at, j.args, y.seq, y.ready_at, r.worker_id, r.started_at,
           w.due_at, o.state
    FROM taskflow_job AS j JOIN taskflow_tenant AS t ON t.id = j.tenant_id JOIN taskflow_lane AS l ON l.id = j.lane_id
    JOIN taskflow_queue AS q ON q.id = l.queue_id JOIN taskflow_task AS k ON k.id = j.task_id
    LEFT JOIN taskflow_ready AS y ON y.job_id = j.id AND y.lane_id = j.lane_id AND y.task_id = j.task_id
    LEFT JOIN taskflow_running AS r ON r.job_id = j.id AND r.lane_id = j.lane_id
    LEFT JOIN taskflow_waiting AS w ON w.job_id = j.id LEFT JOIN taskflow_outcome AS o ON o.job_id = j.id
    ORDER BY j.id"""
#: Jobs that are not in a queue, or of a task, of their tenant.
STRANGERS = """
    SELECT count(*) FROM taskflow_job AS j JOIN taskflow_lane AS l ON l.id = j.lane_id
    JOIN taskflow_queue AS q ON q.id = l.queue_id JOIN taskflow_task AS k ON k.id = j.task_id
    WHERE q.tenant_id <> j.tenant_id OR k.tenant_id <> j.tenant_id"""
TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'taskflow%' ORDER BY name"
VERSIONS = "SELECT schema_version, min_client FROM taskflow_store"


async def test_a_new_store_is_finished_at_once(store: SqliteStore) -> None:
    found = await store._reader.run(lambda conn: conn.execute(VERSIONS).fetchone())
    assert found == (schema.newest(), int(schema.finishing()[-1][0][:4]))
    assert await store.schema.pending_sql(finish=True) == []
    assert await store.schema.migrate(finish=True) == []


async def test_what_a_missing_store_needs_is_said_before_it_is_made(path: Path) -> None:
    store = SqliteStore(path, SqliteOptions(migrate="off"))
    await store.open()
    names = [name for name, _ in await store.schema.pending_sql()]
    assert names == await store.schema.migrate()
    assert names.index(FINISH) == names.index("0008_tenants") + 1
    await store.close()


async def test_an_older_program_goes_on_beside_the_migration(older: Older, open_store: OpenStore) -> None:
    before = older.put("acme", "mail")
    store = await open_store()
    assert older.rows(VERSIONS) == [(schema.newest(), 1)]
    assert await store.schema.pending_sql() == []
    assert [name for name, _ in await store.schema.pending_sql(finish=True)] == [FINISH]
    # The older program makes names and announces tasks; the newer one finds them where the only tenant looks.
    after = [
        older.put("acme", "mail"),
        older.put("acme", "new-queue", task="new-task"),
        older.put("acme", "mail", "waiting"),
    ]
    older.rows(OLD_ANNOUNCE, name="new-task")
    assert [view.name for view in await store.queues.list_queues("acme")] == ["mail", "new-queue"]
    assert [view.name for view in await store.intake.list_tasks("acme")] == ["new-task", "task"]
    worker = await new_worker(store)
    held = await claim(store, worker, tasks=("task", "new-task"), tenants=("acme",))
    assert {job.id for job in held} == {before, *after[:2]}
    await store.claims.settle([decide(job, Succeeded(b"1"), rand=0) for job in held])
    # And the other way round, with names that the older one knows not yet.
    ours = new_job(tenant="acme", queue="made-later")
    await store.intake.enqueue([ours])
    assert older.claimable() == [ours.id]
    older.put("acme", "made-later")
    await store.queues.pause("acme", "made-later")
    assert older.claimable() == []
    assert older.rows(STRANGERS) == [(0,)]
    assert await store.upkeep.check() == []


async def test_the_first_tenant_owns_what_was_there_and_default_is_the_first_of_none(
    older: Older, open_store: OpenStore
) -> None:
    older.rows(OLD_QUEUE, name="mail")
    older.rows("UPDATE taskflow_queue SET paused_at = 7")
    store = await open_store()
    assert older.rows("SELECT id, name FROM taskflow_tenant") == [(1, "default")]
    assert set(await store.claims.paused_queues()) == {QueueRef("default", "mail")}
    assert await store.schema.migrate(finish=True) == [FINISH]
    assert set(await store.claims.paused_queues()) == {QueueRef("default", "mail")}


async def test_a_name_of_another_tenant_is_refused_until_the_migration_is_finished(
    older: Older, open_store: OpenStore
) -> None:
    older.put("acme", "mail")
    store = await open_store()
    await store.intake.enqueue([new_job("blues", tenant="blue", queue="blues")])
    notice = TaskNotice(name="task", args_schema=b"{}", options=None)
    refused: list[Callable[[], Awaitable[Any]]] = [
        lambda: store.intake.enqueue([new_job("blues", tenant="blue", queue="mail")]),
        lambda: store.intake.enqueue([new_job(tenant="blue", queue="blues")]),
        lambda: store.queues.pause("blue", "mail"),
        lambda: store.queues.set_retention("blue", "mail", {}),
        lambda: store.intake.announce_tasks("blue", [notice]),
    ]
    for act in refused:
        with pytest.raises(SchemaMismatch, match=r"another tenant has .*`taskflow db migrate --finish` once every"):
            await act()
    # Of requests that are stored together, only its own.
    found = await asyncio.gather(
        store.intake.enqueue([new_job(tenant="acme", queue="mail")]),
        store.intake.enqueue([new_job(tenant="blue", queue="mail")]),
        return_exceptions=True,
    )
    assert [type(one) for one in found] == [list, SchemaMismatch]
    with closing(sqlite3.connect(store.path)) as conn, pytest.raises(SchemaMismatch, match="another tenant"):
        store.intake.enqueue_on_sync(conn, [new_job(tenant="blue", queue="mail")])
    held = await claim(store, await new_worker(store), tasks=("task", "blues"), tenants=())
    assert sorted(job.tenant for job in held) == ["acme", "acme", "blue"]
    assert await store.schema.migrate(finish=True) == [FINISH]
    for act in refused:
        await act()
    assert await store.upkeep.check() == []


async def test_finishing_gives_each_tenant_its_own_and_keeps_everything(older: Older, open_store: OpenStore) -> None:
    fill(older)
    jobs = older.rows(JOBS)
    store = await open_store()
    assert older.rows(JOBS) == jobs
    tables = older.rows(TABLES)
    assert (await store.stats.count_all()).states["pending"] == 3 * 5
    assert await store.schema.migrate(finish=True) == [FINISH]
    assert older.rows(JOBS) == jobs
    assert older.rows(TABLES) == tables
    assert older.rows(STRANGERS) == [(0,)]
    assert older.rows(VERSIONS) == [(schema.newest(), 8)]
    assert older.rows("SELECT * FROM taskflow_stat") == [(1, b"\0", 1, 1, "{}", 0)]
    queues = {QueueRef(tenant, name) for tenant in TENANTS for name in ("shared", "held")}
    # What existed is the first tenant's, whoever has jobs there; the others get copies of what they have jobs in.
    queues |= {QueueRef("acme", name) for name in ("empty", "of-acme", "of-blue", "of-cyan")}
    queues |= {QueueRef("blue", "of-blue"), QueueRef("cyan", "of-cyan")}
    stored = older.rows(
        "SELECT t.name, q.name FROM taskflow_queue AS q JOIN taskflow_tenant AS t ON t.id = q.tenant_id"
    )
    assert sorted(stored) == sorted(queues)
    assert await store.upkeep.check() == []
    for tenant in TENANTS:
        states = (await store.stats.count(tenant)).states
        assert {state: count for state, count in states.items() if count} == {
            "pending": 5, "scheduled": 2, "running": 2, "completed": 2, "dead": 2,
        }  # fmt: skip
        page = await store.jobs.list_jobs(JobFilter(tenant=tenant, queue="shared", task="task"), limit=50, before=None)
        assert len(page.items) == 6


async def test_after_finishing_each_worker_claims_exactly_its_tenants_jobs(older: Older, open_store: OpenStore) -> None:
    fill(older)
    store, other = await open_store(), await open_store()
    worker, theirs = await new_worker(store), await new_worker(other)
    tasks = ("task", "other")
    # What other programs remember of names and positions holds beyond the finish, which a third one applies.
    known = new_job(tenant="acme", queue="of-acme")
    await other.intake.enqueue([known])
    assert [job.id for job in await claim(other, theirs, 1, tasks, ("acme",))] == [
        UUID(bytes=older.rows("""
            SELECT job_id FROM taskflow_running WHERE worker_id = :id""", id=theirs.bytes)[0][0])
    ]  # fmt: skip
    assert await claim(other, theirs, tasks=tasks, tenants=("blue",)) == []
    assert await store.schema.migrate(finish=True) == [FINISH]
    late = new_job(tenant="acme", queue="of-acme")
    await other.intake.enqueue([late, new_job(tenant="blue", queue="shared")])
    wanted = {"acme": 5, "blue": 5, "cyan": 4}
    for tenant, count in wanted.items():
        held = await claim(
            other if tenant == "acme" else store, theirs if tenant == "acme" else worker, 100, tasks, (tenant,)
        )
        assert {job.tenant for job in held} == {tenant}
        assert len(held) == count
        await store.claims.settle([decide(job, Succeeded(b"1"), rand=0) for job in held])
    # Those that are left are paused, each by its own tenant now.
    for tenant in TENANTS:
        await store.queues.resume(tenant, "held")
        assert [job.queue for job in await claim(store, worker, tasks=tasks, tenants=())] == ["held"]
    assert await store.upkeep.check() == []


async def test_a_finish_that_fails_leaves_everything_as_it_was(
    older: Older, open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(older)
    store = await open_store()
    before = (older.rows(JOBS), older.rows(TABLES), older.rows(VERSIONS))
    ((name, text),) = schema.finishing()
    monkeypatch.setattr(schema, "finishing", lambda: [(name, text + "\nSELECT * FROM nowhere;\n")])
    with pytest.raises(SchemaMismatch, match="nowhere"):
        await store.schema.migrate(finish=True)
    assert (older.rows(JOBS), older.rows(TABLES), older.rows(VERSIONS)) == before
    older.put("blue", "shared")
    monkeypatch.undo()
    assert await store.schema.migrate(finish=True) == [FINISH]
    assert older.rows(STRANGERS) == [(0,)]


async def test_a_view_of_the_application_survives_the_finish(older: Older, open_store: OpenStore) -> None:
    older.put("acme", "mail")
    older.rows("CREATE VIEW depths AS SELECT q.name, count(*) FROM taskflow_queue AS q GROUP BY q.name")
    store = await open_store(beside=True)
    assert await store.schema.migrate(finish=True) == [FINISH]
    assert older.rows("SELECT * FROM depths") == [("mail", 1)]


async def test_a_trigger_and_an_index_of_the_application_survive_the_finish(
    older: Older, open_store: OpenStore
) -> None:
    older.put("acme", "mail")
    older.rows("CREATE TABLE seen (name TEXT)")
    for table in ("queue", "task"):
        older.rows(
            f"CREATE TRIGGER see_{table} AFTER INSERT ON taskflow_{table} BEGIN INSERT INTO seen VALUES (new.name); END"
        )
        older.rows(f"CREATE INDEX {table}_by_name ON taskflow_{table} (name)")
    store = await open_store(beside=True)
    assert await store.schema.migrate(finish=True) == [FINISH]
    assert older.rows("SELECT name FROM seen") == [], "what was there is not new"
    await store.intake.enqueue([new_job("newer", tenant="acme", queue="later")])
    assert sorted(older.rows("SELECT name FROM seen")) == [("later",), ("newer",)]
    found = older.rows("SELECT name FROM sqlite_schema WHERE type = 'index' AND name LIKE '%_by_name' ORDER BY name")
    assert found == [("queue_by_name",), ("task_by_name",)]


async def test_a_reader_that_has_the_file_open_does_not_hold_the_finish_up(older: Older, open_store: OpenStore) -> None:
    fill(older)
    store = await open_store()
    older.rows("BEGIN")
    count = older.rows("SELECT count(*) FROM taskflow_job")
    assert await store.schema.migrate(finish=True) == [FINISH]
    assert older.rows(JOBS)[0][1] == "acme", "its snapshot has gone"
    assert older.rows("SELECT count(*) FROM taskflow_job") == count
    older.rows("COMMIT")
    await wait_until(lambda: older.rows(STRANGERS) == [(0,)], what="the finished store")


async def test_a_finish_beside_programs_that_enqueue_and_claim(older: Older, open_store: OpenStore) -> None:
    fill(older)
    stores = [await open_store() for _ in range(3)]
    ended: list[UUID] = []
    served = (("acme",), ("blue", "cyan"), ())
    workers = [await new_worker(store) for store in stores]
    stop = asyncio.Event()
    put = 0

    async def feed() -> None:
        nonlocal put
        while not stop.is_set():
            await stores[0].intake.enqueue([new_job("task", tenant="acme", queue="shared")])
            put += 1

    async def work(store: SqliteStore, worker: UUID, tenants: tuple[str, ...]) -> None:
        while not stop.is_set():
            held = await claim(store, worker, 5, tenants=tenants)
            ended.extend(job.id for job in held)
            if held:
                await store.claims.settle([decide(job, Succeeded(b"1"), rand=0.5) for job in held])

    busy = [feed(), *map(work, stores, workers, served)]
    running = [asyncio.create_task(one) for one in busy]
    await wait_until(lambda: put > 20 and len(ended) > 20, what="jobs to come and go")
    operator = await open_store()
    assert await operator.schema.migrate(finish=True) == [FINISH]
    before = put
    await wait_until(lambda: put > before + 20, what="jobs to come after it")
    stop.set()
    await asyncio.gather(*running)
    while left := await claim(operator, await new_worker(operator), tenants=()):
        ended.extend(job.id for job in left)
        await operator.claims.settle([decide(job, Succeeded(b"1"), rand=0.5) for job in left])
    assert len(ended) == len(set(ended))
    assert older.rows(STRANGERS) == [(0,)]
    assert await operator.upkeep.check() == []
