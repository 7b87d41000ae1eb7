"""Plans of the hot statements: with tables that were analysed while empty, and with large ones, always by index."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.stores.postgres.conftest import Connect

from taskflowmq.stores.postgres import PostgresStore
from taskflowmq.stores.postgres.queries import q
from taskflowmq.stores.postgres.session import SETTINGS

pytestmark = pytest.mark.postgres

HOT = [
    "enqueue_jobs",
    "insert_alike",
    "insert_one",
    "claim_jobs",
    "claim_isolated_jobs",
    "complete_jobs",
    "read_settlements",
    "save_progress",
    "list_held_jobs",
    "find_suspects",
    "stage_due_jobs",
    "read_next_due",
    "expire_ready_jobs",
    "list_prunable",
    "list_prunable_completed",
    "prune_outcomes",
    "get_job",
    "get_jobs",
    "probe_jobs",
    "get_rows",
    "count_ahead",
    "list_jobs",
    "list_oldest_jobs",
    "count_states",
    "count_tenant_states",
    "count_first_tenant_states",
    "find_places",
    "read_expiries",
    "cancel_ready_jobs",
    "cancel_waiting_jobs",
    "request_cancels",
    "retry_dead_jobs",
    "make_due_now",
    "park_ready_jobs",
    "set_due_of_waiting",
    "move_ready_jobs",
    "move_waiting_jobs",
    "delete_jobs",
    "list_live_bulks",
    "lock_bulk",
    "read_chunk",
    "sample_positions",
    "peek_lanes",
    "list_orphans",
    "append_figures",
    "read_figures",
    "read_node_figures",
    "read_backlog",
    "take_due_figures",
    "prune_figures",
    "prune_node_figures",
    "append_lines",
    "trim_lines",
    "forget_lines",
    "read_lines",
    "count_lines",
    "find_last_line",
    "prune_keys",
    "delete_jobs",
    "list_acts",
    "list_acts_by",
    "list_acts_named",
    "list_acts_of",
    "prune_acts",
    "append_occurrences",
    "merge_occurrences",
    "read_groups",
    "count_groups",
    "read_group_releases",
    "list_full_tenants",
    "list_excess_groups",
    "delete_groups",
    "delete_occurrences",
    "mark_group",
    "prune_occurrences",
    "list_requests",
    "request_inspection",
    "store_answer",
    "read_inspections",
]
#: Read from one end up to a limit, whatever it holds; nobody wants them in an order.
UNORDERED = dict.fromkeys(("count_states", "count_tenant_states", "count_first_tenant_states"), ("running", "waiting"))
ROWS, MILLION = 4_000, 1_000_000
BY_TABLE = re.compile(
    r"(Seq Scan|Bitmap Heap Scan) on "
    r"(ready|waiting|running|job(_\w+)?|outcome(_\w+)?|attempt|unique_lock|stat|node_stat|backlog|bulk|bulk_chunk|job_log|audit|"
    r"error_stat)\b"
)


@pytest.fixture
def postgres_url(fresh_postgres_url: str) -> str:
    """A database of its own: plans depend on statistics, and rows are written under the first ids."""
    return fresh_postgres_url


async def plan(conn: Any, statement: str) -> list[str]:
    """Return the lines of the plan for any arguments.

    A prepared statement has one. To EXPLAIN (GENERIC_PLAN) the driver must give arguments, which the plan is made for.
    """
    parameters = len((await conn.prepare(statement)).get_parameters())
    await conn.execute("PREPARE planned AS " + statement)
    given = f"({', '.join(['NULL'] * parameters)})" if parameters else ""
    rows = await conn.fetch(f"EXPLAIN (COSTS OFF) EXECUTE planned{given}")
    await conn.execute("DEALLOCATE planned")
    return [row[0].strip() for row in rows]


async def scans_without_index(conn: Any, statement: str, unordered: tuple[str, ...] = ()) -> list[str]:
    """Return the lines of the plan that read a whole table, or combine bitmaps of dead rows."""
    found = [(line, BY_TABLE.search(line)) for line in await plan(conn, statement)]
    return [line for line, scan in found if scan is not None and scan[2] not in unordered]


async def check_rare_states(conn: Any) -> None:
    """See that the dead and the cancelled come out of their index in order: nobody walks through others for them.

    So do the dead jobs of a group of errors.
    """
    for name, scans in (("list_prunable", 1), ("list_jobs", 2), ("list_oldest_jobs", 2)):
        lines = await plan(conn, getattr(q, name))
        by_state = [line for line in lines if "Scan" in line and "outcome_default_state_job_id_idx" in line]
        assert len(by_state) == scans, (name, lines)
        of_group = [line for line in lines if "Scan" in line and "outcome_default_fingerprint_job_id_idx" in line]
        assert len(of_group) == (name != "list_prunable"), (name, lines)
        by_id = [line for line in lines if "Scan" in line and "outcome_default_pkey" in line]
        # By id: the completed, in order, and whether one job failed, for free text.
        one = [line for line in by_id if re.search(r" p(_\d+)?$", line)]
        assert (len(by_id), len(one)) == ((0, 0) if name == "list_prunable" else (2, 1)), (name, lines)


async def check(conn: Any) -> None:
    for name, value in SETTINGS.items():
        await conn.execute("SELECT set_config($1, $2, false)", name, value)
    await conn.execute("SET enable_partition_pruning = off")  # no argument is given: none would be left to be seen
    found = {name: await scans_without_index(conn, getattr(q, name), UNORDERED.get(name, ())) for name in HOT}
    assert {name: lines for name, lines in found.items() if lines} == {}
    await check_rare_states(conn)
    for name, index in (("list_acts", "tenant"), ("list_acts_by", "actor"), ("list_acts_named", "action")):
        lines = await plan(conn, getattr(q, name))
        # In order: nothing is sorted, and nobody walks through the acts of others for a page.
        assert any(f"Index Scan Backward using audit_{index} " in line for line in lines), (name, lines)
        assert not any("Sort" in line for line in lines), (name, lines)
    # Nothing but entries of the primary key, of one tenant: every minute, whether there is something to delete or not.
    lines = await plan(conn, q.list_full_tenants)
    assert any("Index Only Scan using error_group_pkey" in line for line in lines), lines
    lines = await plan(conn, q.count_ahead)
    assert any(re.search(r"lane_id = l.id\) AND \(.*seq < CASE", line) for line in lines), lines
    lines = await plan(conn, q.count_tenant_states)
    assert any("job_default_tenant_id_id_idx" in line for line in lines), lines


async def test_statements_planned_while_tables_were_empty_use_indexes(store: PostgresStore, connect: Connect) -> None:
    conn = await connect()
    await conn.execute("VACUUM ANALYZE")
    await check(conn)


async def fill(conn: Any) -> None:
    """Put a few thousand rows into every large table and let the planner believe that there are a million in each.

    What a plan depends on is how many rows the planner expects per page and per key, and statistics can be restored
    from elsewhere (PostgreSQL 18); a million real rows would take a minute.
    """
    await conn.execute(f"""
        INSERT INTO taskflow.job (id, tenant_id, lane_id, task_id, max_attempts, created_at, run_at, args)
        SELECT overlay(gen_random_uuid()::text PLACING left(taskflow.lowest_id(now())::text, 13) FROM 1 FOR 13)::uuid,
               1, 1, 1, 3, now(), now(), '{{}}' FROM generate_series(1, {ROWS})""")
    for table, columns, values in (
        ("ready", "lane_id, seq, task_id, ready_at, job_id,", "n % 4, n, 1, now(), id,"),
        ("running", "worker_id, lane_id, started_at, job_id,", "gen_random_uuid(), 1, now(), id,"),
        ("waiting", "why, due_at, job_id,", "'scheduled', now() + n * interval '1 s', id,"),
    ):
        await conn.execute(f"""
            INSERT INTO taskflow.{table} ({columns} round, attempt, crashes, losses, lease_no, flags)
            SELECT {values} 1, 0, 0, 0, 0, 0 FROM (SELECT id, row_number() OVER () AS n FROM taskflow.job) j""")
    await conn.execute("""
        INSERT INTO taskflow.outcome (job_id, state, finished_at, round, attempt, crashes, losses, lease_no)
        SELECT id, 'completed', now(), 1, 1, 0, 0, 1 FROM taskflow.job""")
    await conn.execute("""
        INSERT INTO taskflow.attempt (job_id, lease_no, round, attempt, ended, finished_at)
        SELECT id, 1, 1, 1, 'failed', now() FROM taskflow.job""")
    await conn.execute("""
        INSERT INTO taskflow.unique_lock (tenant_id, key, job_id, free_at)
        SELECT 1, id::text, id, 'finish' FROM taskflow.job""")
    await conn.execute(f"""
        INSERT INTO taskflow.stat (minute, span, writer, queue_id, task_id, counts)
        SELECT now() - n * interval '1 min', CASE WHEN n < 100 THEN 0 WHEN n < 2000 THEN 60 ELSE 3600 END,
               gen_random_uuid(), 1, 1, '{{}}'
        FROM generate_series(1, {ROWS}) n""")
    await conn.execute(f"""
        INSERT INTO taskflow.node_stat (minute, span, tenant_id, node, counts)
        SELECT now() - n * interval '1 min', CASE WHEN n < 2000 THEN 60 ELSE 3600 END, 1, 'a', '{{}}'
        FROM generate_series(1, {ROWS}) n""")
    await conn.execute("""
        INSERT INTO taskflow.job_log (job_id, lease_no, seq, round, attempt, at, level, message)
        SELECT id, 1, n, 1, 1, now(), 20, 'x' FROM taskflow.job, generate_series(1, 3) n""")
    await conn.execute(f"""
        INSERT INTO taskflow.backlog SELECT now() - n * interval '1 min', 1, 1, 1 FROM generate_series(1, {ROWS}) n""")
    await conn.execute(f"""
        INSERT INTO taskflow.audit (at, tenant, actor, action, object, details)
        SELECT now() - n * interval '1 min', 'default', 'ada', 'job.retry', 'job:' || n, '{{}}'
        FROM generate_series(1, {ROWS}) n""")
    await conn.execute(f"""
        INSERT INTO taskflow.error_stat
        SELECT CASE WHEN n < 100 THEN 0 WHEN n < 2000 THEN 60 ELSE 3600 END, now() - n * interval '1 min', 1,
               md5((n % 50)::text), 1, now(), gen_random_uuid()
        FROM generate_series(1, {ROWS}) n""")
    await conn.execute("VACUUM ANALYZE")
    await conn.execute(f"""
        SELECT pg_restore_relation_stats(
          'schemaname', 'taskflow', 'relname', c.relname::text, 'relpages', c.relpages,
          'reltuples', (c.reltuples * {MILLION // ROWS})::real)
        FROM pg_class c WHERE c.relnamespace = 'taskflow'::regnamespace AND c.reltuples >= {ROWS}""")


@pytest.mark.slow
async def test_statements_use_indexes_where_every_table_has_a_million_rows(
    store: PostgresStore, connect: Connect
) -> None:
    conn = await connect()
    await fill(conn)
    for table in (
        "job",
        "ready",
        "running",
        "waiting",
        "outcome",
        "attempt",
        "unique_lock",
        "stat",
        "backlog",
        "audit",
        "error_stat",
    ):
        believed = re.search(r"rows=(\d+)", await conn.fetchval(f"EXPLAIN SELECT FROM taskflow.{table}"))
        assert believed is not None
        assert int(believed[1]) >= 0.9 * MILLION, table
    await check(conn)


async def test_the_age_of_transaction_ids_is_there_to_be_watched(store: PostgresStore, connect: Connect) -> None:
    conn = await connect()
    before = (await store.stats.count("default")).xid_age
    assert before is not None
    for _ in range(20):
        await conn.fetchval("SELECT pg_current_xact_id()")
    after = (await store.stats.count("default")).xid_age
    assert after is not None
    assert after >= before + 20
