"""What a claimed and a completed job touch does not grow with what the tables hold: pages, counted by the server.

auto_explain sends the plan of every statement, as it was run, to the connection that ran it; so these are the store's
own statements with its own arguments. A page counts each time it is touched, wherever it was.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from statistics import fmean
from typing import Any, ClassVar
from uuid import UUID

import asyncpg
import pytest
from tests.stores.postgres.conftest import Connect, add_worker, new_job, request_for

from taskflowmq.core.job import Counters, State
from taskflowmq.core.transitions import Transition
from taskflowmq.ports.store import Settled
from taskflowmq.stores.postgres import PostgresOptions, PostgresStore, claims, cursors, pool, workers
from taskflowmq.stores.postgres.queries import q
from taskflowmq.testing.postgres import PostgresServer
from taskflowmq.testing.waiting import wait_until

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

BATCH = 500
BATCHES = 4
SMALL = {"ready": BATCH * BATCHES, "scheduled": 1_000, "finished": 10_000}
LARGE = {"ready": 200_000, "scheduled": 100_000, "finished": 100_000}
CHUNK = 50_000
LOAD_S = 40.0
#: Rows that were claimed below a held snapshot: about 2 of 100 are a page of the table or of the index.
DEAD = 100_000
SMALL_BATCH, CLAIMS = 10, 5
#: Pages per job that a new page of a table or of an index, and what a batch shares, may make a difference.
SLACK = 0.25
QUEUES, PRIORITIES = 1_000, 100
#: Pages of a jump from the one lane that has something over all the others, which would be 4,400 one by one. It
#: reads 22, and twice as many where other tests keep a snapshot that shows it deleted entries.
PER_JUMP = 100
EXPLAIN = {
    "session_preload_libraries": "auto_explain",
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_analyze": "on",
    "auto_explain.log_buffers": "on",
    "auto_explain.log_timing": "off",
    "auto_explain.log_format": "json",
    "auto_explain.log_level": "notice",
}
#: Ids in order, all of today: they share the partition, and so the indexes, of the jobs that are worked on.
JOBS = """
WITH x AS MATERIALIZED (
  SELECT overlay(gen_random_uuid()::text PLACING left(taskflow.lowest_id(
           s.begin + ($1::float8 + n * $2::float8) * (now() - s.begin))::text, 13) FROM 1 FOR 13)::uuid AS id
  FROM generate_series(0, $3::integer - 1) AS n,
       (SELECT greatest(date_trunc('day', now()), now() - interval '1 hour') AS begin) s
),
j AS (
  INSERT INTO taskflow.job (id, tenant_id, lane_id, task_id, max_attempts, created_at, run_at, args)
  SELECT id, 1, 1, 1, 3, now(), now(), '{"number": 1, "text": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}'
  FROM x ON CONFLICT DO NOTHING RETURNING id
)
"""
INSERTS = {
    "finished": """INSERT INTO taskflow.outcome (job_id, state, finished_at, round, attempt, crashes, losses, lease_no)
        SELECT id, 'completed', now(), 1, 1, 0, 0, 1 FROM j""",
    "scheduled": """INSERT INTO taskflow.waiting (job_id, why, due_at, round, attempt, crashes, losses, lease_no, flags)
        SELECT id, 'scheduled', now() + interval '1 day', 1, 0, 0, 0, 0, 0 FROM j""",
    "ready": """INSERT INTO taskflow.ready
          (lane_id, seq, job_id, task_id, ready_at, round, attempt, crashes, losses, lease_no, flags)
        SELECT 1, nextval('taskflow.ready_seq'), id, 1, now(), 1, 0, 0, 0, 0, 0 FROM j""",
}


@pytest.fixture
def postgres_url(fresh_postgres_url: str) -> str:
    """A database of its own: it counts pages."""
    return fresh_postgres_url


class Explained(pool.Connection):
    """A connection that keeps how many pages each statement touched."""

    touched: ClassVar[defaultdict[str, list[int]]] = defaultdict(list)

    def _process_log_message(self, fields: dict[str, str], last_query: str) -> None:
        message = fields.get("M", "")
        if "plan:\n" in message:
            explained = json.loads(message.partition("plan:\n")[2])
            self.touched[explained["Query Text"]].append(pages(explained["Plan"]))


def pages(plan: dict[str, Any]) -> int:
    """Return the pages of a whole statement.

    A node's count holds those of the nodes it ran. A data-modifying part that nobody reads is run after the top node
    has ended, and is not in its count.
    """
    read = {node["CTE Name"] for node in nodes(plan) if "CTE Name" in node}
    apart = [node for node in plan.get("Plans", ()) if node.get("Subplan Name", "").startswith("CTE ")]
    unread = [node for node in apart if node["Subplan Name"].removeprefix("CTE ") not in read]
    return sum(node["Shared Hit Blocks"] + node["Shared Read Blocks"] for node in [plan, *unread])


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a plan's nodes."""
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


@dataclass(frozen=True)
class Touched:
    """Pages per job."""

    claimed: float
    completed: float

    def __str__(self) -> str:
        return f"{self.claimed:.2f} pages per claimed job, {self.completed:.2f} per completed job"


@pytest.fixture
async def store(postgres_url: str, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[PostgresStore]:
    """A store whose statements explain themselves, with the names of one job."""
    conn = await connect()
    name = postgres_url.rpartition("/")[2]
    for setting, value in EXPLAIN.items():
        await conn.execute(f"ALTER DATABASE {name} SET {setting} = '{value}'")
    monkeypatch.setattr(pool, "Connection", Explained)
    monkeypatch.setattr(Explained, "touched", defaultdict(list))
    built = PostgresStore(postgres_url, PostgresOptions(pool_size=2))
    await built.open()
    await built.intake.enqueue([new_job()])
    yield built
    await built.close()


async def load(conn: Any, counts: dict[str, int]) -> dict[str, int]:
    """Store rows until there are so many, or the time is over; return how many were stored."""
    await conn.execute("SET session_replication_role = replica; SET auto_explain.log_min_duration = -1")
    end = time.monotonic() + LOAD_S
    stored = dict.fromkeys(counts, 0)
    for what, count in counts.items():
        while stored[what] < count and time.monotonic() < end:
            chunk = min(CHUNK, count - stored[what])
            await conn.execute(JOBS + INSERTS[what], stored[what] / count, 1 / count, chunk, timeout=60)
            stored[what] += chunk
    await conn.execute("VACUUM (ANALYZE)", timeout=60)
    return stored


async def work_off(store: PostgresStore, worker: UUID, limit: int) -> None:
    """Claim and complete one full batch."""
    jobs = await store.claims.claim(request_for(worker, limit))
    assert len(jobs) == limit
    done = [
        Transition(
            job_id=job.id,
            counters=Counters(job.round, job.attempt, job.crashes, job.losses, job.lease_no),
            to=State.COMPLETED,
        )
        for job in jobs
    ]
    assert set(await store.claims.settle(done)) == {Settled.APPLIED}


async def work(store: PostgresStore, worker: UUID) -> Touched:
    """Claim and complete some full batches and return what that touched."""
    Explained.touched.clear()
    for _ in range(BATCHES):
        await work_off(store, worker, BATCH)
    claimed, completions = Explained.touched[q.claim_jobs], Explained.touched[q.complete_jobs]
    assert len(claimed) == len(completions) == BATCHES
    return Touched(fmean(claimed) / BATCH, fmean(completions) / BATCH)


@pytest.fixture
async def quiet(postgres_url: str) -> AsyncIterator[Any]:
    """A connection for loading, whose notices nobody reads."""
    conn = await asyncpg.connect(postgres_url)
    yield conn
    await conn.close()


async def heights(conn: Any) -> dict[str, int]:
    """Return how many pages a descent passes in each index of today's partitions and of the small tables."""
    await conn.execute("CREATE EXTENSION IF NOT EXISTS pageinspect")
    rows = await conn.fetch("""
        SELECT c.relname, (bt_metap('taskflow.' || c.relname)).level + 1 AS pages
        FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid JOIN pg_class t ON t.oid = i.indrelid
        WHERE c.relnamespace = 'taskflow'::regnamespace AND c.relkind = 'i'
          AND (t.relname IN ('ready', 'running')
               OR t.relname IN (to_char(now(), '"job_"YYYYMMDD'), to_char(now(), '"outcome_"YYYYMMDD')))""")
    return {row["relname"]: row["pages"] for row in rows}


def grown(before: dict[str, int], after: dict[str, int], *tables: str) -> int:
    """Return by how many pages the descents of some tables' indexes have become longer."""
    return sum(pages - before[name] for name, pages in after.items() if name.startswith(tables))


async def test_pages_per_job_grow_by_the_levels_of_indexes_and_nothing_else(store: PostgresStore, quiet: Any) -> None:
    worker = await add_worker(store)
    await load(quiet, SMALL)
    small, low = await work(store, worker), await heights(quiet)
    print(f"\n{SMALL}: {small}")

    stored = await load(quiet, LARGE)
    large, high = await work(store, worker), await heights(quiet)
    print(f"{stored}: {large} ({large.claimed / small.claimed:.3f} and {large.completed / small.completed:.3f} times)")
    print(f"levels: { {name: (pages, high[name]) for name, pages in low.items() if high[name] != pages} }")

    # One descent per job: of the job's own index in a claim, of the outcome's in a completion (that it has but one for
    # completed jobs is what keeps the growth within a tenth: a level is a page of ten).
    assert large.claimed - small.claimed <= grown(low, high, "job_") + SLACK
    assert large.completed - small.completed <= grown(low, high, "outcome_") + SLACK
    assert large.claimed <= 1.10 * small.claimed
    assert large.completed <= 1.10 * small.completed


async def test_empty_lanes_cost_a_claim_nothing(
    store: PostgresStore, quiet: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The first claim of a worker sweeps, the second looks; how often either comes again is a matter of time.
    monkeypatch.setattr(claims, "LOOK_S", 60.0)
    monkeypatch.setattr(cursors, "SWEEP_S", 60.0)
    worker = await add_worker(store)
    await load(quiet, {"finished": 10_000, "scheduled": 1_000, "ready": 2 * BATCH * BATCHES})
    few = await work(store, worker)
    made = "INSERT INTO taskflow.queue (tenant_id, name) SELECT 1, 'queue-' || n FROM generate_series(1, $1) n"
    await quiet.execute(made, QUEUES)
    await quiet.execute("INSERT INTO taskflow.lane (queue_id, priority) SELECT id, 0 FROM taskflow.queue WHERE id > 1")
    await quiet.execute(
        "INSERT INTO taskflow.lane (queue_id, priority) SELECT 1, n FROM generate_series(-$1::integer, -1) n",
        PRIORITIES,
    )
    await store.claims.forget(worker)
    many = await work(store, worker)

    claimed, jumps = Explained.touched[q.claim_jobs], Explained.touched[q.find_filled_lanes]
    lanes = QUEUES + PRIORITIES
    print(f"\n{few}; with {lanes} empty lanes: {fmean(claimed) / BATCH:.2f}, {many.completed:.2f}; a jump {max(jumps)}")
    assert q.find_busy_lanes not in Explained.touched
    assert many.completed == pytest.approx(few.completed, rel=0.05)
    assert fmean(claimed) / BATCH <= 1.10 * few.claimed  # a sweep is among them
    assert max(jumps) <= PER_JUMP


class TestAlone:
    """On a server where nobody else has a transaction open: positions that one may have drawn are looked for again."""

    @pytest.fixture
    def postgres_url(self) -> Iterator[str]:
        """The address of an empty database on a server of its own."""
        server = PostgresServer.start()
        yield server.url(server.create_database())
        server.stop()

    async def test_a_new_worker_reads_what_is_dead_below_a_held_snapshot_once(
        self, store: PostgresStore, quiet: Any, connect: Connect
    ) -> None:
        holder = await connect()
        await holder.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        await holder.fetch("SELECT FROM taskflow.ready")
        await load(quiet, {"ready": DEAD})
        await quiet.execute("DELETE FROM taskflow.ready")
        await load(quiet, {"ready": 1_000 * SMALL_BATCH})

        async def begin() -> UUID | None:
            """Return a worker whose first look closed what was drawn: nobody else had a transaction open."""
            worker = await add_worker(store)
            Explained.touched.clear()
            assert len(await store.claims.claim(request_for(worker, SMALL_BATCH))) == SMALL_BATCH
            return worker if store.claims._memories[worker].scan.closed else None

        # The server itself may have one open, too: it analyses tables.
        worker = await wait_until(begin, 30, what="a moment without other transactions")
        for _ in range(CLAIMS - 1):
            assert len(await store.claims.claim(request_for(worker, SMALL_BATCH))) == SMALL_BATCH
        looks, claimed = Explained.touched[q.sample_positions], Explained.touched[q.claim_jobs]
        print(f"\npages of looks {looks}, of claims {claimed}")
        assert sum(pages > DEAD / 100 for pages in looks) == 1, "the dead rows were there, and read by one look"
        assert max(claimed) < DEAD / 100


async def test_an_ended_worker_that_holds_nothing_is_looked_at_once(store: PostgresStore, connect: Connect) -> None:
    holder = await connect()
    await holder.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    await holder.fetch("SELECT FROM taskflow.running")
    ended, holding = await add_worker(store), await add_worker(store)
    await store.intake.enqueue([new_job() for _ in range(BATCH * BATCHES + 1)])
    for _ in range(BATCHES):
        await work_off(store, ended, BATCH)
    assert len(await store.claims.claim(request_for(holding, 1))) == 1
    for worker in (ended, holding):
        assert await store.workers.end(worker)
    Explained.touched.clear()
    for _ in range(3):
        assert await store.workers.orphaned(10) == [holding]
    first, *others = Explained.touched[q.list_orphans]
    print(f"\npages: {first}, then {others}")
    assert max(others) < first / 2


async def test_what_is_remembered_of_ended_workers_is_forgotten_in_time(
    store: PostgresStore, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind a pooler nothing tells that a database has lost its last commits, such as the rescue of an orphan."""
    monkeypatch.setattr(workers, "_REMEMBERED_S", 0.0)
    ended = await add_worker(store)
    await store.intake.enqueue([new_job()])
    [job] = await store.claims.claim(request_for(ended, 1))
    conn = await connect()
    await conn.execute("CREATE TEMP TABLE kept AS SELECT * FROM taskflow.running")
    await conn.execute("DELETE FROM taskflow.running")
    assert await store.workers.end(ended)
    assert await store.workers.orphaned(10) == []
    await conn.execute("INSERT INTO taskflow.running SELECT * FROM kept")
    assert await store.workers.orphaned(10) == [ended]
    assert [held.id for held in await store.workers.held_jobs(ended, 10)] == [job.id]
