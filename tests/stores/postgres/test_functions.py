"""Functions are replaced when their text has changed, with the migration they come with, and by no older program."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import asyncpg
import pytest
from tests.stores.postgres.conftest import Connect

from taskflowmq.client.checks import check_store
from taskflowmq.core.errors import SchemaMismatch
from taskflowmq.core.system import Verdict
from taskflowmq.stores.postgres import PostgresOptions, PostgresStore, functions, queries, schema

pytestmark = pytest.mark.postgres
#: The last migration that made functions itself.
BEFORE = 9
DEFINED = """
    SELECT p.oid::regprocedure::text AS name, pg_get_functiondef(p.oid) AS made, p.proacl::text AS rights
    FROM pg_proc p WHERE p.pronamespace = 'taskflow'::regnamespace ORDER BY name"""
COLUMNS = """
    SELECT c.relname || '.' || a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type,
           a.attnotnull AS not_null, pg_get_expr(d.adbin, d.adrelid) AS value
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relnamespace = 'taskflow'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY c.relname, a.attnum"""
INDEXES = "SELECT indexdef AS name FROM pg_indexes WHERE schemaname = 'taskflow' ORDER BY name"
CHECKS = """
    SELECT conrelid::regclass::text || ' ' || conname AS name, pg_get_constraintdef(oid) AS made
    FROM pg_constraint WHERE connamespace = 'taskflow'::regnamespace ORDER BY name, made"""
TRIGGERS = """
    SELECT pg_get_triggerdef(t.oid) AS name FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE c.relnamespace = 'taskflow'::regnamespace AND NOT t.tgisinternal ORDER BY name"""


async def shape(conn: Any) -> dict[str, list[tuple[Any, ...]]]:
    """Return all that the schema has, in words that are the same in every database."""
    parts = {"functions": DEFINED, "columns": COLUMNS, "indexes": INDEXES, "checks": CHECKS, "triggers": TRIGGERS}
    return {part: [_dayless(row) for row in await conn.fetch(sql)] for part, sql in parts.items()}


def _dayless(row: Any) -> tuple[Any, ...]:
    """Leave the day out of a partition's name: one store may be made before midnight, the other after it."""
    return tuple(re.sub(r"\bjob_\d{8}", "job_<day>", value) if isinstance(value, str) else value for value in row)


async def migrated_before(url: str) -> Any:
    """Make a store as the version before functions were files made it, and return a connection to it."""
    conn = await asyncpg.connect(url)
    for number, _, sql in queries.migrations():
        if number <= BEFORE:
            async with conn.transaction():
                await conn.execute(sql)
    return conn


async def test_an_upgraded_store_is_the_same_as_a_new_one(empty_postgres_url: str, connect: Connect) -> None:
    new = await shape(await connect())
    conn = await migrated_before(empty_postgres_url)
    assert (await shape(conn))["functions"] != new["functions"], "there is something to replace"
    store = PostgresStore(empty_postgres_url)
    await store.open()
    await store.schema.migrate(finish=True)
    await store.close()
    upgraded = await shape(conn)
    await conn.close()
    for part in new:
        assert upgraded[part] == new[part], part
    names = {name.partition("(")[0].removeprefix("taskflow.") for name, *_ in new["functions"]}
    assert names == queries.functions().keys()


async def test_a_function_with_another_text_is_told_and_replaced_and_keeps_its_rights(
    store: PostgresStore, connect: Connect
) -> None:
    conn = await connect()
    await conn.execute("GRANT EXECUTE ON FUNCTION taskflow.retire_day TO pg_monitor")
    before = await shape(conn)
    await conn.execute("""
        CREATE OR REPLACE FUNCTION taskflow.retire_day(
          day date, at timestamptz, completed_ms bigint, cancelled_ms bigint, dead_ms bigint, most bigint
        ) RETURNS bigint
        LANGUAGE plpgsql AS $$ BEGIN RETURN 0; END $$;
        UPDATE taskflow.store SET functions = (
          functions::jsonb - 'storable'::text || '{"retire_day": "older"}')::json""")
    names = ["functions/retire_day", "functions/storable"]
    assert [name for name, _ in await store.schema.pending_sql()] == names
    with pytest.raises(SchemaMismatch, match=r"functions/retire_day, functions/storable\. Run: taskflow db migrate"):
        await store.schema.check_client()
    said = {found.name: found async for found in check_store(store)}["schema"]
    assert said.verdict is Verdict.FAIL
    assert said.detail.endswith("pending: functions/retire_day, functions/storable")
    assert await store.schema.migrate() == names
    assert await store.schema.migrate() == []
    await store.schema.check_client()
    assert await shape(conn) == before


async def test_functions_of_a_newer_version_are_left_alone(store: PostgresStore, connect: Connect) -> None:
    conn = await connect()
    await conn.execute('UPDATE taskflow.store SET schema_version = 1000, functions = \'{"storable": "newer"}\'')
    assert await store.schema.pending_sql() == []
    assert await store.schema.migrate() == []
    await store.schema.check_client()
    assert await conn.fetchval("SELECT functions::text FROM taskflow.store") == '{"storable": "newer"}'


async def test_a_migration_is_not_applied_without_its_functions(
    empty_postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    conn = await migrated_before(empty_postgres_url)
    store = PostgresStore(empty_postgres_url, PostgresOptions(migrate="off"))
    await store.open()
    with monkeypatch.context() as broken:
        broken.setattr(functions, "functions", lambda: dict.fromkeys(queries.functions(), "SELECT 1 / 0"))
        with pytest.raises(Exception, match="division by zero"):
            await store.schema.migrate()
    assert await store.schema.version() == schema.CLIENT_VERSION - 1
    assert await store.schema.migrate() == [name for name, _ in pending_after(schema.CLIENT_VERSION - 1)]
    await store.close()
    await conn.close()


def pending_after(version: int) -> list[tuple[str, str]]:
    """Return what a store of a version lacks."""
    migrations = [(name, sql) for number, name, sql in queries.migrations() if number > version]
    return migrations + functions.stale("{}")


async def test_functions_are_replaced_by_one_of_several_programs(postgres_url: str, connect: Connect) -> None:
    conn = await connect()
    await conn.execute("UPDATE taskflow.store SET functions = '{}'")
    stores = [PostgresStore(postgres_url, PostgresOptions(pool_size=1, migrate="off")) for _ in range(3)]
    for store in stores:
        await store.open()
    applied = await asyncio.gather(*(store.schema.migrate() for store in stores))
    for store in stores:
        await store.close()
    assert sorted(map(len, applied)) == [0, 0, len(queries.functions())]
