"""What leaves the store on SQLite is an error of TaskFlow; a handler's own SQL in its transaction keeps its own."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.stores.sqlite.conftest import OpenStore, claim, new_job, new_worker

from taskflowmq.core.errors import SchemaMismatch, StoreUnavailable, WrongContext
from taskflowmq.core.job import JobFilter
from taskflowmq.core.transitions import Succeeded, decide
from taskflowmq.ports.store import Retention
from taskflowmq.stores.sqlite import SqliteOptions, SqliteStore
from taskflowmq.stores.sqlite.database import Database
from taskflowmq.stores.sqlite.errors import translate
from taskflowmq.testing.waiting import wait_until


@pytest.fixture
def paid(store: SqliteStore) -> Callable[[], int]:
    """Makes a table beside the store's, and counts what others see in it."""
    with closing(sqlite3.connect(store.path)) as conn:
        conn.execute("CREATE TABLE paid (id INTEGER PRIMARY KEY, note TEXT)")

    def count() -> int:
        with closing(sqlite3.connect(store.path)) as conn:
            return int(conn.execute("SELECT count(*) FROM paid").fetchone()[0])

    return count


async def test_the_answers_to_a_handlers_own_sql_pass_as_they_are(store: SqliteStore, paid: Callable[[], int]) -> None:
    with pytest.raises(sqlite3.OperationalError, match="no such table: orders") as missing:
        async with store.claims.transaction() as conn:
            conn.execute("SELECT * FROM orders")
    with pytest.raises(sqlite3.IntegrityError) as twice:
        async with store.claims.transaction() as conn:
            conn.execute("INSERT INTO paid VALUES (1, '')")
            conn.execute("INSERT INTO paid VALUES (1, '')")
    assert (missing.value.__cause__, twice.value.__cause__) == (None, None)
    assert paid() == 0


async def test_a_disk_that_fills_inside_a_transaction_is_an_outage(store: SqliteStore, paid: Callable[[], int]) -> None:
    with pytest.raises(StoreUnavailable, match="the disk is full") as caught:
        async with store.claims.transaction() as conn:
            conn.execute("PRAGMA max_page_count = 1")
            for number in range(50):
                conn.execute("INSERT INTO paid VALUES (?, ?)", (number, "x" * 9_000))
    assert isinstance(caught.value.__cause__, sqlite3.OperationalError)
    assert paid() == 0


async def test_a_lock_that_another_one_keeps_is_an_outage(store: SqliteStore, paid: Callable[[], int]) -> None:
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="write lock"):
            async with store.claims.transaction() as conn:
                conn.execute("PRAGMA busy_timeout = 1")
                conn.execute("INSERT INTO paid VALUES (1, '')")
    assert paid() == 0


async def test_nothing_is_stored_after_a_transaction_was_open_for_too_long(
    open_store: OpenStore, paid: Callable[[], int]
) -> None:
    late = await open_store(transaction_timeout_s=0.01)

    def ended(conn: Any) -> bool:
        try:
            return not conn.in_transaction
        except sqlite3.ProgrammingError:
            return True

    await late.intake.enqueue([new_job()])
    (job,) = await claim(late, await new_worker(late))

    async def body(then: str) -> None:
        async with late.claims.transaction() as conn:
            conn.execute("INSERT INTO paid VALUES (1, '')")
            await wait_until(lambda: ended(conn), what="the deadline")
            if then == "write":
                conn.execute("INSERT INTO paid VALUES (2, '')")
            if then == "complete":
                await late.claims.settle_on(conn, decide(job, Succeeded(), rand=0.5))
            if then == "fail":
                raise LookupError("the handler's own")

    for then in ("commit", "write", "complete"):
        with pytest.raises(StoreUnavailable, match=r"exceeded its time limit.*nothing of it is stored"):
            await body(then)
    with pytest.raises(LookupError):
        await body("fail")
    assert paid() == 0


@pytest.mark.parametrize("how", ["COMMIT", "close"])
async def test_a_transaction_that_its_handler_ended_itself_is_told_so(
    store: SqliteStore, paid: Callable[[], int], how: str
) -> None:
    with pytest.raises(WrongContext, match="inside the block" if how == "COMMIT" else "connection is closed"):
        async with store.claims.transaction() as conn:
            conn.execute("INSERT INTO paid VALUES (1, '')")
            conn.close() if how == "close" else conn.execute(how)
    assert paid() == (how == "COMMIT")


CALLS: dict[str, Callable[[SqliteStore, Any], Awaitable[Any]]] = {
    "enqueue": lambda store, _: store.intake.enqueue([new_job()]),
    "claim": claim,
    "renew": lambda store, worker: store.workers.renew([worker], 1000),
    "list": lambda store, _: store.jobs.list_jobs(JobFilter(tenant="default"), limit=1, before=None),
    "stats": lambda store, _: store.stats.count("default"),
    "take_turn": lambda store, _: store.upkeep.take_turn("rescuer", 1, lease_ms=1000),
    "prune": lambda store, _: store.upkeep.prune(Retention(), 100),
}


@pytest.mark.parametrize("name", CALLS)
async def test_tables_that_are_gone_are_a_schema_that_does_not_fit(store: SqliteStore, name: str) -> None:
    worker = await new_worker(store)
    with closing(sqlite3.connect(store.path)) as conn:
        conn.execute("PRAGMA foreign_keys = OFF")
        tables = conn.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'taskflow%'"
        ).fetchall()
        for (table,) in tables:
            conn.execute(f"DROP TABLE {table}")
        conn.commit()
    with pytest.raises(SchemaMismatch, match=r"no such table: taskflow_\w+\. Run: taskflow db migrate"):
        await CALLS[name](store, worker)


async def test_a_table_of_another_program_under_a_name_of_ours_is_named(path: Path) -> None:
    with closing(sqlite3.connect(path)) as conn:
        conn.execute("CREATE TABLE taskflow_job (id INTEGER)")
    store = SqliteStore(path, SqliteOptions(beside=True))
    with pytest.raises(SchemaMismatch, match="not TaskFlow's: table taskflow_job already exists"):
        await store.open()
    await store.close()


@pytest.mark.parametrize("code", ["SQLITE_NOLFS", "SQLITE_SCHEMA", "SQLITE_ABORT", "SQLITE_INTERNAL", "SQLITE_CORRUPT"])
def test_failures_of_the_engine_are_outages(code: str) -> None:
    error = sqlite3.DatabaseError("as the engine says it")
    error.sqlite_errorcode = getattr(sqlite3, code)
    found = translate(error)
    assert isinstance(found, StoreUnavailable)
    assert "as the engine says it" in str(found)
    assert found.__cause__ is error


async def test_upkeep_of_a_damaged_file_is_an_outage(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    connect = Database.connect

    def damaged(database: Database, *, writes: bool) -> Any:
        connect(database, writes=writes).close()

        class Damaged:
            def execute(self, statement: str) -> Any:
                error = sqlite3.DatabaseError("database disk image is malformed")  # no OperationalError
                error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
                raise error

            def close(self) -> None:
                return None

        return Damaged()

    monkeypatch.setattr(Database, "connect", damaged)
    with pytest.raises(StoreUnavailable, match="is damaged"):
        await store.upkeep.maintain()
