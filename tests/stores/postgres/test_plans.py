"""Plans of the hot statements: with tables that were analysed while empty, and with large ones, always by index."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.stores.postgres.conftest import Connect

from taskflowmq.stores.postgres import PostgresStore
from taskflowmq.stores.postgres.pool import _SETTINGS
from taskflowmq.stores.postgres.queries import q

pytestmark = pytest.mark.postgres

HOT = [
    "enqueue_jobs",
    "insert_alike",
    "claim_jobs",
    "claim_suspects",
    "complete_jobs",
    "read_fates",
    "save_progress",
    "list_held_jobs",
    "find_suspects",
    "stage_due_jobs",
    "read_next_due",
    "expire_ready_jobs",
    "prune_outcomes",
    "get_job",
    "get_jobs",
    "list_jobs",
    "cancel_ready_job",
    "cancel_waiting_job",
    "request_cancel",
    "retry_dead_job",
    "hasten_job",
    "sample_positions",
]
BY_TABLE = re.compile(
    r"(Seq Scan|Bitmap Heap Scan) on (ready|waiting|running|job(_\w+)?|outcome(_\w+)?|attempt|unique_lock)\b"
)


async def scans_without_index(conn: Any, statement: str) -> list[str]:
    """Return the lines of the generic plan that read a whole table, or combine bitmaps of dead rows."""
    explain = await conn.prepare("EXPLAIN (GENERIC_PLAN, COSTS OFF) " + statement)
    rows = await explain.fetch(*[None] * len(explain.get_parameters()))
    lines = [row[0].strip() for row in rows]
    return [line for line in lines if BY_TABLE.search(line)]


async def check(conn: Any) -> None:
    for name, value in _SETTINGS.items():
        await conn.execute("SELECT set_config($1, $2, false)", name, value)
    found = {name: await scans_without_index(conn, getattr(q, name)) for name in HOT}
    assert {name: lines for name, lines in found.items() if lines} == {}


async def test_statements_planned_while_tables_were_empty_use_indexes(store: PostgresStore, connect: Connect) -> None:
    conn = await connect()
    await conn.execute("VACUUM ANALYZE")
    await check(conn)


@pytest.mark.slow
async def test_statements_use_indexes_on_large_tables(store: PostgresStore, connect: Connect) -> None:
    conn = await connect()
    await conn.execute("""
        INSERT INTO taskflow.job (id, tenant_id, lane_id, task_id, max_attempts, created_at, run_at, args)
        SELECT gen_random_uuid(), 1, 1, 1, 3, now(), now(), '{}' FROM generate_series(1, 200000)""")
    for table, columns, values, share in (
        ("ready", "lane_id, seq, task_id, ready_at,", "1, n, 1, now(),", "n % 4 = 0"),
        ("running", "worker_id, lane_id, started_at,", "gen_random_uuid(), 1, now(),", "n % 4 = 1"),
        ("waiting", "why, due_at,", "'scheduled', now() + interval '1 day',", "n % 4 = 2"),
    ):
        await conn.execute(f"""
            INSERT INTO taskflow.{table} ({columns} job_id, round, attempt, crashes, losses, lease_no, flags)
            SELECT {values} id, 1, 0, 0, 0, 0, 0
            FROM (SELECT id, row_number() OVER () AS n FROM taskflow.job) j WHERE {share}""")
    await conn.execute("""
        INSERT INTO taskflow.outcome (job_id, state, finished_at, round, attempt, crashes, losses, lease_no)
        SELECT id, 'completed', now(), 1, 1, 0, 0, 1 FROM (SELECT id, row_number() OVER () AS n FROM taskflow.job) j
        WHERE n % 4 = 3""")
    await conn.execute("ANALYZE taskflow.ready, taskflow.running, taskflow.waiting, taskflow.job, taskflow.outcome")
    await check(conn)
