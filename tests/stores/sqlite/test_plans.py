"""Every statement finds its rows by an index, in an empty database and with the statistics of a million rows."""

from __future__ import annotations

import re
import sqlite3

import pytest
from tests.stores.sqlite.conftest import claim, new_job, new_worker

from taskflowmq.core.transitions import Failed, Succeeded, decide
from taskflowmq.stores.sqlite import SqliteStore
from taskflowmq.stores.sqlite.queries import q

NAMES = sorted(vars(q))
#: These look at everything on purpose, and nobody waits for them.
WHOLE = {"check_places", "count_states", "count_states_of_tenant", "list_queues", "sum_ready_jobs"}
#: Reads through an index from one end, in order, up to a limit.
ORDERED = {"find_excess", "list_jobs", "list_live_bulks", "list_oldest_jobs", "list_orphans"}
MILLION = 1_000_000
FIGURES = "INSERT INTO taskflow_stat (minute, writer, queue_id, task_id, counts, span) VALUES (?, x'00', 1, 1, '{}', ?)"
NODE_FIGURES = "INSERT INTO taskflow_node_stat (minute, span, tenant_id, node, counts) VALUES (?, ?, 1, 'a', '{}')"
LINES = "INSERT INTO taskflow_job_log VALUES (?, 1, ?, 1, 1, 0, 20, 'x', NULL)"
FAILURES = "INSERT INTO taskflow_error_stat VALUES (?, ?, 1, ?, 1, 0, x'00', NULL)"
BACKLOG = "INSERT INTO taskflow_backlog VALUES (?, ?, 1, 1)"
ACTS = "INSERT INTO taskflow_audit (at, tenant, actor, action, object, details) VALUES (?, 't', 'a', 'b', ?, '{}')"
_BIG = (
    "job",
    "ready",
    "waiting",
    "running",
    "outcome",
    "attempt",
    "idempotency",
    "unique_lock",
    "stat",
    "node_stat",
    "backlog",
    "bulk",
    "bulk_chunk",
    "job_log",
    "audit",
    "error_stat",
)
#: Whether there is any row at all: the first entry of an index answers.
FIRST = {"find_suspects", "read_extras"}
#: Aliases of small tables: lane, queue, tenant, task, cancel request, json_each.
_SMALL = ("l", "q", "t", "k", "c", "x")
#: Workers: one row per process that lived within a day. Running: no more than the slots of this machine.
_READ_WHOLE = {
    "list_workers": ("w", "taskflow_running", "r"),
    "list_orphans": ("taskflow_running",),
    "list_held_jobs": ("r",),
    "list_first_jobs": ("r",),
    "get_worker": ("r",),
    "prune_workers": ("taskflow_running",),
    "keep_past_workers": ("taskflow_running",),
    "list_attempts": ("a",),  # at most a hundred
    "add_to_groups": ("n",),  # what was read before
    "prune_groups": ("g",),  # one row per kind of error, once an hour
    "mark_group": ("w",),
    "read_group_releases": ("y",),  # one row per release of a group
    "list_excess_groups": ("p", "o"),  # the groups of a tenant that has too many
    # Once, before a store is made, and with each migration.
    "count_tables": ("sqlite_master",),
    "list_attached": ("sqlite_schema",),
}


async def plan(store: SqliteStore, name: str) -> list[str]:
    """Return the steps of a statement's plan."""
    text = getattr(q, name)
    params = dict.fromkeys(re.findall(r"(?<!:):([a-z_]+)", text))
    return await store._reader.run(
        lambda conn: [row[3] for row in conn.execute(f"EXPLAIN QUERY PLAN {text}", params).fetchall()]
    )


def scans(steps: list[str], small: tuple[str, ...] = ()) -> list[str]:
    """Return steps that read a large table from end to end."""
    found = []
    for step in steps:
        if not step.startswith("SCAN ") or "VIRTUAL TABLE" in step or "CONSTANT ROW" in step:
            continue
        table = step.split()[1]
        if table.startswith("(") or table in _SMALL or table in small:
            continue
        if table.startswith("taskflow_") and table.removeprefix("taskflow_") not in _BIG:
            continue
        found.append(step)
    return found


async def large(store: SqliteStore) -> None:
    """Fill every place, let the planner believe that there are a million rows in each, and open the file again.

    A plan depends on nothing but the numbers in sqlite_stat1: rows in all, then rows per key of each column.
    """
    worker = await new_worker(store)
    for round_no in range(4):
        await store.intake.enqueue([new_job(priority=round_no, expires_in_ms=10**9) for _ in range(1000)])
        held = await claim(store, worker, 800)
        ends = [Succeeded(b"1") if n % 3 else Failed(b"{}") for n in range(600)]
        await store.claims.settle([decide(job, end, rand=0) for job, end in zip(held, ends, strict=False)])
    await store.intake.enqueue([new_job(delay_ms=10**6) for _ in range(1000)])
    figures = [(1000 * n, [0, 60, 3600][n % 3]) for n in range(1000)]
    await store._writer.run(lambda conn: conn.executemany(FIGURES, figures))
    await store._writer.run(
        lambda conn: conn.executemany(NODE_FIGURES, [(1000 * n, [60, 3600][n % 2]) for n in range(1000)])
    )
    await store._writer.run(lambda conn: conn.executemany(BACKLOG, [(n, n % 5) for n in range(1000)]))
    await store._writer.run(lambda conn: conn.executemany(LINES, [(n.to_bytes(16), n % 7) for n in range(1000)]))
    await store._writer.run(lambda conn: conn.executemany(ACTS, [(n, f"job:{n}") for n in range(1000)]))
    failures = [([0, 60, 3600][n % 3], 1000 * n, f"{n % 50:016x}") for n in range(1000)]
    await store._writer.run(lambda conn: conn.executemany(FAILURES, failures))
    await store._writer.run(lambda conn: conn.execute("ANALYZE"))
    await store._writer.run(_multiply)
    await store.close()
    await store.open()  # new connections read the new statistics


def _multiply(conn: sqlite3.Connection) -> None:
    """Raise the statistics to those of a million rows; what is unique stays unique."""
    for table, index, stat in conn.execute("SELECT tbl, idx, stat FROM sqlite_stat1").fetchall():
        numbers, *flags = re.split(r"(?<=\d) (?=[a-z])", stat, maxsplit=1)
        rows, *per_key = map(int, numbers.split())
        factor = max(MILLION // rows, 1) if table.removeprefix("taskflow_") in _BIG else 1
        larger = [rows * factor, *(each * factor if each > 1 else 1 for each in per_key)]
        conn.execute(
            "UPDATE sqlite_stat1 SET stat = ? WHERE tbl = ? AND idx IS ?",
            (" ".join([*map(str, larger), *flags]), table, index),
        )


SIZES = ["empty", pytest.param("a million rows", marks=pytest.mark.slow)]


@pytest.fixture(scope="module")
def planned() -> list[str]:
    """Statements that are planned."""
    return [name for name in NAMES if name not in WHOLE | ORDERED | FIRST | {"check_json", "find_store"}]


@pytest.mark.parametrize("size", SIZES)
async def test_no_statement_reads_a_large_table_from_end_to_end(
    store: SqliteStore, planned: list[str], size: str
) -> None:
    if size == "a million rows":
        await large(store)
    found = {name: scans(await plan(store, name), _READ_WHOLE.get(name, ())) for name in planned}
    assert {name: steps for name, steps in found.items() if steps} == {}


@pytest.mark.parametrize("size", SIZES)
async def test_a_claim_reads_its_lane_in_order_and_looks_jobs_up(store: SqliteStore, size: str) -> None:
    if size == "a million rows":
        await large(store)
    steps = await plan(store, "read_claimable_jobs")
    assert any("SEARCH r USING PRIMARY KEY (lane_id=? AND seq>?)" in step for step in steps), steps
    assert any("SEARCH j USING INDEX sqlite_autoindex_taskflow_job_1 (id=?)" in step for step in steps), steps
    assert not any("TEMP B-TREE" in step for step in steps), steps
    suspects = await plan(store, "read_isolated_jobs")
    assert any("taskflow_ready_suspect" in step for step in suspects), suspects


@pytest.mark.parametrize("name", ["list_jobs", "list_oldest_jobs"])
async def test_lists_come_out_of_an_index_in_order(store: SqliteStore, name: str) -> None:
    await large(store)
    steps = await plan(store, name)
    by_id = "SEARCH taskflow_job USING COVERING INDEX sqlite_autoindex_taskflow_job_1 (id>? AND id<?)"
    assert sum(step.startswith(by_id) for step in steps) == 1, steps
    by_state = "SEARCH o USING INDEX taskflow_outcome_state (state=? AND job_id>? AND job_id<?)"
    assert sum(step == by_state for step in steps) == 2, steps
    assert scans(steps, ("w", "looked")) == []
    legs = [at for at, step in enumerate(steps) if step.startswith("CO-ROUTINE")][1:]  # the first is what fits
    by_group = "SEARCH o USING INDEX taskflow_outcome_fingerprint (fingerprint=? AND job_id>? AND job_id<?)"
    assert sum(step == by_group for step in steps) == 1, steps
    assert len(legs) == 8
    # No leg is sorted before its limit: its search is followed by what reads it.
    assert all(steps[at + 2] == f"SCAN {steps[at].removeprefix('CO-ROUTINE ')}" for at in legs), steps


async def test_whether_any_exist_is_answered_by_the_first_entry_of_an_index(store: SqliteStore) -> None:
    trees = (
        "SELECT 'SCAN ' || name FROM sqlite_schema WHERE sql LIKE '%WITHOUT ROWID'"  # such a table is an index itself
    )
    indexes = {step for (step,) in await store._reader.run(lambda conn: conn.execute(trees).fetchall())}
    for name in sorted(FIRST):
        steps = [step for step in await plan(store, name) if step.startswith("SCAN taskflow_")]
        assert all(("USING" in step and "INDEX" in step) or step in indexes for step in steps), steps


@pytest.mark.parametrize("size", SIZES)
async def test_the_jobs_ahead_are_counted_in_their_lanes_up_to_a_position(store: SqliteStore, size: str) -> None:
    if size == "a million rows":
        await large(store)
    steps = await plan(store, "count_ahead")
    assert any("SEARCH r USING PRIMARY KEY (lane_id=? AND seq<?)" in step for step in steps), steps


@pytest.mark.parametrize("size", SIZES)
async def test_acts_come_out_of_an_index_of_what_is_asked_for_in_order(store: SqliteStore, size: str) -> None:
    if size == "a million rows":
        await large(store)
    for name, by in (
        ("list_acts", "taskflow_audit_tenant (tenant=? AND id<?)"),
        ("list_acts_by", "taskflow_audit_actor (tenant=? AND actor=? AND id<?)"),
        ("list_acts_named", "taskflow_audit_action (tenant=? AND action=? AND id<?)"),
    ):
        assert await plan(store, name) == [f"SEARCH a USING INDEX {by}"], name


@pytest.mark.parametrize("size", SIZES)
async def test_whether_a_tenant_has_too_many_groups_of_errors_is_read_from_their_key(
    store: SqliteStore, size: str
) -> None:
    if size == "a million rows":
        await large(store)
    steps = await plan(store, "list_full_tenants")
    assert "SEARCH g USING PRIMARY KEY (tenant_id=?)" in steps, steps


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["read_groups", "list_excess_groups"])
async def test_failures_that_are_not_joined_are_found_by_that(store: SqliteStore, name: str, size: str) -> None:
    if size == "a million rows":
        await large(store)
    steps = await plan(store, name)
    # Those of a few minutes; by tenant they are among the counts of three months.
    assert "SEARCH s USING INDEX taskflow_error_stat_span (span=?)" in steps, steps
