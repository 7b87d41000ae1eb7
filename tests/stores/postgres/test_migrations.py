"""Migrations beside sessions that hold what they need, and beside each other."""

from __future__ import annotations

import asyncio
import itertools
import time
from typing import Any

import asyncpg
import pytest
from tests.stores.postgres.conftest import Connect, Stranger

from taskflowmq.core.errors import SchemaMismatch, StoreUnavailable
from taskflowmq.stores.postgres import PostgresOptions, PostgresStore, queries, schema
from taskflowmq.testing.waiting import wait_until

pytestmark = pytest.mark.postgres
NEXT = "CREATE TABLE taskflow.schedule (name text); UPDATE taskflow.store SET schema_version = 1000"
MODES = (
    "ACCESS SHARE",
    "ROW SHARE",
    "ROW EXCLUSIVE",
    "SHARE UPDATE EXCLUSIVE",
    "SHARE",
    "SHARE ROW EXCLUSIVE",
    "EXCLUSIVE",
    "ACCESS EXCLUSIVE",
)


@pytest.fixture
def with_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is one more migration than the databases of tests have."""
    known = schema.migrations()
    monkeypatch.setattr(schema, "migrations", lambda: [*known, (1000, "1000_next.sql", NEXT)])


async def is_waiting(conn: Any) -> bool:
    """Tell whether a session of this database waits for a lock."""
    sql = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')"
    return bool(await conn.fetchval(sql))


@pytest.mark.parametrize("pooler", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.slow
async def test_a_session_that_keeps_the_lock_stops_a_migration_for_a_bounded_time(
    postgres_url: str, pooler: bool, connect: Connect, with_next: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = schema.PATIENCE_S
    monkeypatch.setattr(schema, "PATIENCE_S", 0.5)
    holder = await connect()
    await holder.execute("BEGIN; LOCK TABLE taskflow.store IN SHARE UPDATE EXCLUSIVE MODE")
    store = PostgresStore(postgres_url, PostgresOptions(pooler=pooler))
    began = time.monotonic()
    with pytest.raises(StoreUnavailable, match=r"lock on the table taskflow\.store.*taskflow db migrate"):
        await store.open()
    assert time.monotonic() - began < usual, "its patience counts"
    await holder.execute("ROLLBACK")
    await store.open()  # nothing is left of the first try
    assert await store.schema.version() == 1000
    await store.close()


async def test_programs_go_on_while_a_migration_keeps_its_lock(store: PostgresStore, connect: Connect) -> None:
    holder = await connect()
    await holder.execute("BEGIN; LOCK TABLE taskflow.store IN SHARE UPDATE EXCLUSIVE MODE")
    async with asyncio.timeout(30):
        await store.ping()
        await store.schema.check_client()


async def test_a_role_without_rights_stops_no_migration(
    empty_postgres_url: str, stranger: Stranger, with_next: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The attack: any role can keep any advisory lock, also that of older versions."""
    monkeypatch.setattr(schema, "PATIENCE_S", 0.0)
    mallory = await stranger.connect(empty_postgres_url)
    await mallory.execute("SELECT pg_advisory_lock(8323362117293)")
    store = PostgresStore(empty_postgres_url, PostgresOptions(pool_size=1))
    await store.open()
    try:
        assert await store.schema.version() == 1000
        for mode in MODES:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await mallory.execute(f"BEGIN; LOCK TABLE taskflow.store IN {mode} MODE")
            await mallory.execute("ROLLBACK")
        # Neither does one that may read, nor the right of producers: it is for ping_commit.
        admin = await asyncpg.connect(empty_postgres_url)
        role = await mallory.fetchval("SELECT current_user")
        await admin.execute(f"GRANT USAGE ON SCHEMA taskflow TO {role}; GRANT SELECT ON taskflow.store TO {role}")
        await admin.execute(f"GRANT INSERT, UPDATE (id) ON taskflow.store TO {role}")
        for mode in MODES[3:]:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await mallory.execute(f"BEGIN; LOCK TABLE taskflow.store IN {mode} MODE")
            await mallory.execute("ROLLBACK")
        await admin.execute(f"DROP OWNED BY {role}")
        await admin.close()
    finally:
        await store.close()


@pytest.mark.parametrize("prepared", ["SELECT 1", "CREATE SCHEMA taskflow"])
async def test_a_first_migration_beside_another_ends_well(empty_postgres_url: str, prepared: str) -> None:
    first = await asyncpg.connect(empty_postgres_url)
    await first.execute(prepared)
    await first.execute(f"BEGIN; {schema.migrations()[0][2]}")
    store = PostgresStore(empty_postgres_url, PostgresOptions(pool_size=1))
    second = asyncio.create_task(store.open())
    watcher = await asyncpg.connect(empty_postgres_url)
    await wait_until(lambda: is_waiting(watcher), what="the second one to wait for the first")
    await first.execute("COMMIT")
    await second
    assert await store.schema.version() == schema.CLIENT_VERSION
    await store.close()
    await first.close()
    await watcher.close()


async def test_of_programs_that_start_together_each_migration_is_applied_by_one(empty_postgres_url: str) -> None:
    stores = [PostgresStore(empty_postgres_url, PostgresOptions(pool_size=1, migrate="off")) for _ in range(4)]
    for store in stores:
        await store.open()
    applied = await asyncio.gather(*(store.schema.migrate() for store in stores))
    for store in stores:
        await store.schema.check_client()
        await store.close()
    functions = [f"functions/{name}" for name in queries.functions()]
    finished = [schema.FINISH + name for _, name, _ in queries.finishing()]
    expected = [name for _, name, _ in schema.migrations()] + functions + finished
    assert sorted(itertools.chain(*applied)) == sorted(expected)


async def test_a_new_store_is_finished_also_where_another_program_applies_its_last_migration(
    empty_postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (PostgresStore(empty_postgres_url, PostgresOptions(pool_size=1, migrate="off")) for _ in range(2))
    await first.open()
    await second.open()
    apply = schema._apply
    by_second: list[str] = []

    async def then_the_second(conn: Any, **given: Any) -> list[str]:
        monkeypatch.setattr(schema, "_apply", apply)
        by_first = await apply(conn, **given)
        by_second.extend(await second.schema.migrate())
        return by_first

    monkeypatch.setattr(schema, "_apply", then_the_second)
    by_first = await first.schema.migrate()
    newest = max(schema.migrations())[1]
    assert newest in by_second
    assert [name for name in by_first if name.startswith(schema.FINISH)] == [
        schema.FINISH + name for _, name, _ in queries.finishing()
    ]
    assert await first.schema.pending_sql(finish=True) == []
    await first.close()
    await second.close()


async def test_a_migration_beside_a_program_with_another_lock_ends_well(
    store: PostgresStore, connect: Connect, with_next: None
) -> None:
    older, watcher = await connect(), await connect()
    await older.execute(f"BEGIN; SELECT pg_advisory_xact_lock(8323362117293); {NEXT}")
    ours = asyncio.create_task(store.schema.migrate())
    await wait_until(lambda: is_waiting(watcher), what="ours to wait for the other")
    await older.execute("COMMIT")
    assert await ours == []
    assert await store.schema.version() == 1000


async def test_what_is_there_and_is_not_ours_is_said(store: PostgresStore, connect: Connect, with_next: None) -> None:
    conn = await connect()
    await conn.execute("CREATE TABLE taskflow.schedule ()")
    with pytest.raises(SchemaMismatch, match=r"not TaskFlow's.*schedule"):
        await store.schema.migrate()
    await conn.execute("DROP TABLE taskflow.schedule")
    assert await store.schema.migrate() == ["1000_next.sql"]
