"""Opening, addresses, versions: what an operator meets first."""
# ruff: noqa: ASYNC240 - nothing else runs on these loops

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.stores.sqlite.conftest import OpenStore, claim, new_job, new_worker

from taskflowmq.core.errors import SchemaMismatch, StoreUnavailable
from taskflowmq.core.job import JobFilter
from taskflowmq.stores.sqlite import SqliteOptions, SqliteStore, connection, schema


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("sqlite:///jobs.db", "jobs.db"),
        ("sqlite:////var/jobs.db", "/var/jobs.db"),
        ("sqlite:////var/my%20jobs.db", "/var/my jobs.db"),
        ("jobs.db", "jobs.db"),
        (Path("/var/jobs.db"), "/var/jobs.db"),
    ],
)
def test_addresses(address: str | Path, expected: str) -> None:
    assert str(SqliteStore(address).path) == expected


def test_an_address_with_too_few_slashes_is_refused() -> None:
    with pytest.raises(ValueError, match=r"sqlite:///relative\.db"):
        SqliteStore("sqlite:/jobs.db")


async def test_a_private_store_leaves_nothing_behind() -> None:
    store = SqliteStore("sqlite:///:memory:")
    await store.open()
    await store.intake.enqueue([new_job()])
    folder = store.path.parent
    await store.close()
    assert not folder.exists()


async def test_opening_and_closing_twice_is_fine(store: SqliteStore) -> None:
    await store.open()
    assert await store.ping() < 10
    await store.close()
    await store.close()
    with pytest.raises(StoreUnavailable):
        await store.intake.enqueue([new_job()])


async def test_a_store_opens_again_after_close(store: SqliteStore) -> None:
    job = new_job()
    await store.intake.enqueue([job])
    await store.close()
    await store.open()
    assert [found.id for found in await claim(store, await new_worker(store))] == [job.id]


async def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="nowhere"):
        await SqliteStore(tmp_path / "nowhere" / "jobs.db").open()


async def test_a_file_that_is_no_database_is_said_to_be_none(path: Path) -> None:
    path.write_bytes(b"not a database, but long enough to be looked at as one" * 100)
    with pytest.raises(StoreUnavailable, match="not a SQLite database"):
        await SqliteStore(path).open()


@pytest.mark.parametrize("migrate", ["manual", "upgrade"])
async def test_without_leave_no_store_is_made_and_the_way_is_named(path: Path, migrate: str) -> None:
    with pytest.raises(SchemaMismatch, match="taskflow db migrate"):
        await SqliteStore(path, SqliteOptions(migrate=migrate)).open()
    assert not list(path.parent.iterdir())
    path.touch(mode=0o600)
    with pytest.raises(SchemaMismatch, match="taskflow db migrate"):
        await SqliteStore(path, SqliteOptions(migrate=migrate)).open()
    assert path.stat().st_size == 0


async def test_a_newer_minimum_is_refused(store: SqliteStore, path: Path) -> None:
    await store.close()
    with sqlite3.connect(path) as conn:
        conn.execute("UPDATE taskflow_store SET min_client = ?", (schema.newest() + 1,))
    conn.close()
    with pytest.raises(SchemaMismatch, match="upgrade"):
        await store.open()


async def test_a_store_of_the_first_schema_is_upgraded_and_gets_its_marks(path: Path) -> None:
    first = next(text for name, text in schema.migrations() if name.startswith("0001"))
    with closing(sqlite3.connect(path)) as conn:
        conn.executescript(first)
    store = SqliteStore(path, SqliteOptions(migrate="upgrade"))
    await store.open()
    assert await store.schema.version() == schema.newest()
    assert store._database.identity
    assert await store.upkeep.check() == []
    await store.close()


async def test_tables_of_the_application_live_beside_ours(path: Path) -> None:
    with sqlite3.connect(path) as conn:
        for name in ("job", "task", "queue", "worker", "store"):
            conn.execute(f"CREATE TABLE {name} (theirs TEXT)")
    conn.close()
    before = path.read_bytes()
    with pytest.raises(SchemaMismatch, match=r"5 tables of another program.*beside=true"):
        await SqliteStore(path).open()
    assert path.read_bytes() == before
    store = SqliteStore(path, SqliteOptions(beside=True))
    await store.open()
    await store.intake.enqueue([new_job()])
    assert await store.upkeep.check() == []
    await store.close()


def test_an_old_engine_is_refused_with_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 36, 0))
    monkeypatch.setattr(sqlite3, "sqlite_version", "3.36.0")
    with pytest.raises(SchemaMismatch, match=r"3\.37 or newer .* 3\.36\.0"):
        connection.check_engine()


def test_a_network_filesystem_is_warned_about(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, path: Path
) -> None:
    monkeypatch.setattr(connection, "_filesystem", lambda _folder: "nfs4")
    with caplog.at_level(logging.WARNING):
        connection.warn_network(path)
    assert "nfs4" in caplog.text


async def test_commits_are_durable_and_readers_never_block(open_store: OpenStore, path: Path) -> None:
    store = await open_store()
    found = await store._writer.run(
        lambda conn: [conn.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
    )
    assert found == ["wal", 2]


async def test_upkeep_of_the_file_runs_beside_writers(store: SqliteStore) -> None:
    await store.intake.enqueue([new_job() for _ in range(100)])
    await store.upkeep.maintain()
    assert await store.upkeep.check() == []


async def test_a_ping_reaches_the_disk(store: SqliteStore) -> None:
    """Writing what is there already would be skipped by SQLite, and prove nothing."""
    with closing(sqlite3.connect(store.path)) as witness:
        before = witness.execute("PRAGMA data_version").fetchone()
        await store.ping()
        assert witness.execute("PRAGMA data_version").fetchone() != before
    log = store.path.with_name("jobs.db-wal")
    size = log.stat().st_size
    await store.ping()
    assert log.stat().st_size > size


async def test_a_row_with_a_time_beyond_the_calendar_hides_no_other(store: SqliteStore) -> None:
    bad, good = new_job(), new_job()
    await store.intake.enqueue([bad, good])
    with closing(sqlite3.connect(store.path)) as conn, conn:
        conn.execute("UPDATE taskflow_job SET run_at = ? WHERE id = ?", (2**62, bad.id.bytes))
    page = await store.jobs.list_jobs(JobFilter(), limit=10, before=None)
    assert {view.id: view.run_at.year for view in page.items}[bad.id] == 9999
    assert {view.id for view in page.items} == {bad.id, good.id}


async def test_a_log_that_a_reader_keeps_from_being_cut_is_doubted_and_shrinks_when_the_reader_is_gone(
    open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskflowmq.stores.sqlite.store._LONG_LOG", 2**20)
    monkeypatch.setattr("taskflowmq.stores.sqlite.connection._WAL_LIMIT", 2**19)
    store = await open_store(wal_pages=20)
    log = store.path.with_name("jobs.db-wal")
    with closing(sqlite3.connect(store.path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM taskflow_job").fetchone()
        while log.stat().st_size < 2**21:
            await store.intake.enqueue([new_job(args=b'{"x":"' + b"y" * 5000 + b'"}') for _ in range(20)])
        ((what, fix),) = store.doubts()
        assert "has grown to 2 MB: a read transaction stays open" in what
        assert "end that reader" in fix
    for _ in range(50):
        await store.intake.enqueue([new_job()])
        if log.stat().st_size <= 2**20:
            break
    assert store.doubts() == []
