"""Staging costs what is due, not what is stored (RELIABILITY F19).

A hundred thousand jobs wait and the planner believes in a million; TEST_WAITING_ROWS=1000000 stores them, in a minute.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from tests.stores.postgres.conftest import Connect, new_job

from taskflowmq.stores.postgres import PostgresStore
from taskflowmq.stores.postgres.queries import q
from taskflowmq.stores.postgres.session import SETTINGS

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

WAITING, DUE = int(os.environ.get("TEST_WAITING_ROWS", "100000")), 10
MOST_MS = 20.0
#: Pages that ten jobs may touch in all tables and indexes; a scan of the waiting ones touches more than a thousand.
MOST_PAGES = 300


@pytest.fixture
def postgres_url(fresh_postgres_url: str) -> str:
    """A database of its own: plans and pages depend on what was there before."""
    return fresh_postgres_url


async def let_many_wait(conn: Any) -> None:
    """Fill the table without its indexes, then make them again, as they were: a quarter of the time."""
    index = await conn.fetchval("SELECT pg_get_indexdef('taskflow.waiting_due'::regclass)")
    await conn.execute("SET maintenance_work_mem = '256MB'; SET synchronous_commit = off")
    async with conn.transaction():
        await conn.execute("ALTER TABLE taskflow.waiting DROP CONSTRAINT waiting_pkey; DROP INDEX taskflow.waiting_due")
        await conn.execute(
            f"""INSERT INTO taskflow.waiting (job_id, why, due_at, round, attempt, crashes, losses, lease_no, flags)
                SELECT overlay(gen_random_uuid()::text PLACING left(taskflow.lowest_id(now())::text, 13)
                               FROM 1 FOR 13)::uuid,
                       'scheduled', now() + interval '1 day' + n * interval '1 ms', 1, 0, 0, 0, 0, 0
                FROM generate_series(1, {WAITING}) n""",
            timeout=100,
        )
        await conn.execute("ALTER TABLE taskflow.waiting ADD CONSTRAINT waiting_pkey PRIMARY KEY (job_id)", timeout=100)
        await conn.execute(index, timeout=100)
    await conn.execute("VACUUM ANALYZE taskflow.waiting", timeout=100)
    await conn.execute("""
        SELECT pg_restore_relation_stats('schemaname', 'taskflow', 'relname', c.relname::text, 'relpages', c.relpages,
                                         'reltuples', 1e6::real)
        FROM pg_class c WHERE c.relname IN ('waiting', 'waiting_pkey', 'waiting_due')""")
    for name, value in SETTINGS.items():
        await conn.execute("SELECT set_config($1, $2, false)", name, value)


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a plan's nodes."""
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


async def executed(conn: Any, statement: str, *args: Any) -> dict[str, Any]:
    """Run a statement with its plan shown, and take it back."""
    transaction = conn.transaction()
    await transaction.start()
    try:
        text = await conn.fetchval("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + statement, *args)
    finally:
        await transaction.rollback()
    (found,) = json.loads(text)
    return found


async def test_ten_due_jobs_among_very_many_are_staged_by_index_in_no_time(
    store: PostgresStore, connect: Connect
) -> None:
    conn = await connect()
    await let_many_wait(conn)
    await store.intake.enqueue([new_job(delay_ms=1) for _ in range(DUE)])
    runs = [await executed(conn, q.stage_due_jobs, None, 1000) for _ in range(7)]
    plan = runs[-1]["Plan"]
    (scan,) = (node for node in nodes(plan) if node.get("Alias") == "w")
    assert (scan["Node Type"], scan["Index Name"], scan["Actual Rows"]) == ("Index Scan", "waiting_due", DUE)
    sorted_rows = [node["Actual Rows"] for node in nodes(plan) if "Sort" in node["Node Type"]]
    assert max(sorted_rows, default=0) <= DUE, "something sorts more than what is due"
    assert min(run["Execution Time"] for run in runs) <= MOST_MS
    pages = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    print(f"staging {DUE} of {WAITING:,}: {min(run['Execution Time'] for run in runs):.2f} ms, {pages} pages")
    assert pages <= MOST_PAGES
    assert (await store.upkeep.stage_due(1000)).staged == DUE
    # Nothing is due any more: the look that every poll takes.
    idle = [await executed(conn, statement, *args) for statement, args in ((q.stage_due_jobs, (None, 1000)),
                                                                           (q.read_next_due, (None,)))]  # fmt: skip
    assert all(run["Plan"]["Shared Hit Blocks"] + run["Plan"]["Shared Read Blocks"] <= 100 for run in idle)
