"""A file that was deleted, replaced or never a store: said at once, nothing acknowledged, healed once it is back."""
# ruff: noqa: ASYNC240 - nothing else runs on these loops

from __future__ import annotations

import gc
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from tests.stores.sqlite.conftest import OpenStore, claim, new_job, new_worker

from taskflowmq.core.errors import SchemaMismatch, StoreUnavailable
from taskflowmq.core.job import JobFilter
from taskflowmq.stores.sqlite import SqliteOptions, SqliteStore, database
from taskflowmq.stores.sqlite.database import APPLICATION_ID, Database
from taskflowmq.testing.waiting import wait_until

SUFFIXES = ("", "-wal", "-shm")


@pytest.fixture(autouse=True)
def always_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_LOOK_S", 0.0)


def files_of(path: Path) -> list[Path]:
    return [found for suffix in SUFFIXES if (found := path.with_name(path.name + suffix)).exists()]


def take_away(path: Path, to: Path) -> None:
    """Move the database, with its log and shared memory, elsewhere."""
    to.mkdir(exist_ok=True)
    for file in files_of(path):
        file.rename(to / file.name)


def bring_back(path: Path, where: Path) -> None:
    for suffix in SUFFIXES:
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    for file in where.iterdir():
        file.rename(path.parent / file.name)


async def refused(store: SqliteStore, match: str) -> None:
    """Nobody gets an answer, neither who writes nor who reads."""
    with pytest.raises(StoreUnavailable, match=match):
        await store.intake.enqueue([new_job()])
    with pytest.raises(StoreUnavailable, match=match):
        await store.jobs.list_jobs(JobFilter(), limit=1, before=None)
    with pytest.raises(StoreUnavailable, match=match):
        await store.ping()


class Refusal(str):
    """Why the store does not answer: a failure shows it, and it counts as nothing."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False


async def answers(store: SqliteStore) -> bool | Refusal:
    try:
        await store.ping()
        await store.jobs.list_jobs(JobFilter(), limit=1, before=None)
    except StoreUnavailable as error:
        return Refusal(error)
    return True


async def test_a_deleted_file_acknowledges_nothing_and_heals_when_it_is_back(store: SqliteStore, path: Path) -> None:
    job = new_job()
    await store.intake.enqueue([job])
    worker = await new_worker(store)
    await store.jobs.list_jobs(JobFilter(), limit=1, before=None)
    away = path.parent / "away"
    take_away(path, away)
    await refused(store, "is gone: restore it")
    with pytest.raises(StoreUnavailable, match="is gone: restore it"):
        await claim(store, worker)
    assert not files_of(path), "an empty database was made in its place"
    bring_back(path, away)
    await wait_until(lambda: answers(store), what="the store")
    # What was refused may have been stored all the same, as after every StoreUnavailable.
    assert job.id in [found.id for found in await claim(store, worker)]
    assert await store.upkeep.check() == []


async def test_a_reader_alone_notices_too(store: SqliteStore, path: Path) -> None:
    await store.intake.enqueue([new_job()])
    await store.jobs.list_jobs(JobFilter(), limit=1, before=None)
    away = path.parent / "away"
    take_away(path, away)
    with pytest.raises(StoreUnavailable, match="is gone"):
        await store.jobs.list_jobs(JobFilter(), limit=1, before=None)
    bring_back(path, away)

    async def reads() -> bool:
        try:
            return bool((await store.jobs.list_jobs(JobFilter(), limit=1, before=None)).items)
        except StoreUnavailable:
            return False

    await wait_until(reads, what="a read, though nobody writes")


async def test_a_backup_of_the_same_store_is_gone_on_with(store: SqliteStore, path: Path) -> None:
    old, late = new_job(), new_job(queue="made-later")
    await store.intake.enqueue([old])
    backup = path.parent / "backup.db"
    with closing(sqlite3.connect(path)) as conn, closing(sqlite3.connect(backup)) as copy:
        conn.backup(copy)
    await store.intake.enqueue([late])
    for file in files_of(path):
        file.unlink()
    shutil.move(backup, path)
    with pytest.raises(StoreUnavailable, match="replaced while it was open"):
        await store.intake.enqueue([new_job()])
    await wait_until(lambda: answers(store), what="the store")
    # What was remembered of the file that is gone, the id of a queue for example, is forgotten.
    again = new_job(queue="made-later-again")
    await store.intake.enqueue([again])
    worker = await new_worker(store)
    assert {found.id for found in await claim(store, worker)} == {old.id, again.id}
    assert await store.upkeep.check() == []


def _another_store(path: Path) -> None:
    with closing(sqlite3.connect(path)) as conn, conn:
        conn.execute(
            "CREATE TABLE taskflow_store (id INTEGER, schema_version INTEGER, min_client INTEGER, identity BLOB)"
        )
        conn.execute("INSERT INTO taskflow_store VALUES (1, 2, 1, randomblob(16))")


def _somebody_elses(path: Path) -> None:
    with closing(sqlite3.connect(path)) as conn, conn:
        conn.execute("CREATE TABLE theirs (x)")


_WRONG: dict[str, tuple[Callable[[Path], object], str]] = {
    "another store": (_another_store, "holds another TaskFlow store"),
    "another program's": (_somebody_elses, "holds no TaskFlow store any more"),
    "empty": (Path.touch, "holds no TaskFlow store any more"),
    "text": (lambda path: path.write_text("no database " * 100), "is not a SQLite database"),
    "a directory": (Path.mkdir, "is a directory"),
    "a dangling link": (lambda path: path.symlink_to(path.parent / "nowhere"), "symbolic link to a file that does not"),
}


@pytest.mark.parametrize("what", _WRONG)
async def test_a_wrong_file_in_its_place_is_refused_until_the_right_one_is_back(
    store: SqliteStore, path: Path, what: str
) -> None:
    job = new_job()
    await store.intake.enqueue([job])
    away = path.parent / "away"
    take_away(path, away)
    make, sentence = _WRONG[what]
    make(path)
    # The first of all hears that the file was replaced, or what is there now.
    await wait_until(lambda: _hears(store, sentence), what=sentence)
    await refused(store, sentence)
    path.rmdir() if path.is_dir() else path.unlink()
    bring_back(path, away)
    await wait_until(lambda: answers(store), what="the store")
    assert [found.id for found in await claim(store, await new_worker(store))] == [job.id]


async def _hears(store: SqliteStore, sentence: str) -> bool:
    try:
        await store.ping()
    except StoreUnavailable as error:
        return sentence in str(error)
    return False


@pytest.mark.parametrize("suffix", ["-wal", "-shm"])
async def test_a_deleted_log_or_shared_memory_is_said_and_survived(store: SqliteStore, path: Path, suffix: str) -> None:
    await store.intake.enqueue([new_job()])
    await store.jobs.list_jobs(JobFilter(), limit=1, before=None)
    path.with_name(path.name + suffix).unlink()
    with pytest.raises(StoreUnavailable, match="-wal and -shm were deleted"):
        await store.intake.enqueue([new_job()])
    await wait_until(lambda: answers(store), what="the store")
    after = new_job()
    await store.intake.enqueue([after])
    with closing(sqlite3.connect(path)) as other:  # another process sees it: both use the same files again
        assert other.execute("SELECT count(*) FROM taskflow_job WHERE id = ?", (after.id.bytes,)).fetchone() == (1,)
    assert await store.upkeep.check() == []


@pytest.mark.parametrize("suffix", ["-wal", "-shm"])
async def test_a_cursor_that_waits_for_the_garbage_collector_does_not_keep_deleted_files(
    store: SqliteStore, path: Path, suffix: str
) -> None:
    """SQLite keeps a closed connection for it, and with that the files for every other connection of the process."""

    def leave_a_cursor(conn: sqlite3.Connection) -> None:
        circle: list[object] = [conn.execute("SELECT 1 UNION SELECT 2")]
        circle.append(circle)
        circle[0].fetchone()  # type: ignore[attr-defined]

    gc.disable()
    try:
        await store.intake.enqueue([new_job()])
        await store._writer.run(leave_a_cursor)
        path.with_name(path.name + suffix).unlink()
        with pytest.raises(StoreUnavailable, match="-wal and -shm were deleted"):
            await store.intake.enqueue([new_job()])
        await wait_until(lambda: answers(store), 10, what="the store")
        assert [file.name for file in files_of(path)] == ["jobs.db", "jobs.db-wal", "jobs.db-shm"]
    finally:
        gc.enable()


@pytest.mark.parametrize("suffix", ["-wal", "-shm"])
async def test_while_a_cursor_keeps_deleted_files_nothing_is_acknowledged(
    store: SqliteStore, path: Path, suffix: str
) -> None:
    """Another thread may hold it while the store connects again, and leave it to the garbage collector after that."""
    held: list[object] = []

    def leave_a_cursor(conn: sqlite3.Connection) -> None:
        held.append(conn.execute("SELECT 1 UNION SELECT 2"))
        held[0].fetchone()  # type: ignore[attr-defined]

    gc.disable()
    try:
        await store.intake.enqueue([new_job()])
        await store._writer.run(leave_a_cursor)
        path.with_name(path.name + suffix).unlink()
        for _ in range(3):
            with pytest.raises(StoreUnavailable):
                await store.intake.enqueue([new_job()])
        circle: list[object] = [held.pop()]
        circle.append(circle)
        del circle
        await wait_until(lambda: answers(store), 10, what="the store")
        await store.intake.enqueue([new_job()])
        assert [file.name for file in files_of(path)] == ["jobs.db", "jobs.db-wal", "jobs.db-shm"]
    finally:
        gc.enable()


async def test_two_stores_of_one_process_let_go_of_a_deleted_shared_memory_together(
    open_store: OpenStore, path: Path
) -> None:
    """They share it inside SQLite: while one of them holds the old file, the other would go on with it as well."""
    busy, idle = await open_store(), await open_store()
    for store in (busy, idle):
        await store.intake.enqueue([new_job()])
        await store.jobs.list_jobs(JobFilter(), limit=1, before=None)
    path.with_name("jobs.db-shm").unlink()
    with pytest.raises(StoreUnavailable, match="-wal and -shm were deleted"):
        await busy.intake.enqueue([new_job()])
    await wait_until(lambda: answers(busy), what="the store")
    assert path.with_name("jobs.db-shm").exists(), "it works without the file that other processes use"
    await wait_until(lambda: answers(idle), what="the other store")


async def test_the_log_of_a_linked_database_is_looked_at_too(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "jobs.db"
    made = SqliteStore(tmp_path / "real" / "data.db")
    await made.open()
    await made.close()
    link.symlink_to(tmp_path / "real" / "data.db")
    store = SqliteStore(link)
    await store.open()
    await store.intake.enqueue([new_job()])
    (tmp_path / "real" / "data.db-wal").unlink()
    with pytest.raises(StoreUnavailable, match="-wal and -shm were deleted"):
        await store.ping()
    await wait_until(lambda: answers(store), what="the store")
    await store.close()


async def test_a_moved_folder_is_noticed(store: SqliteStore, path: Path) -> None:
    await store.intake.enqueue([new_job()])
    moved = path.parent.with_name(path.parent.name + "-moved")
    path.parent.rename(moved)
    try:
        await refused(store, "is gone")
    finally:
        moved.rename(path.parent)
    await wait_until(lambda: answers(store), what="the store")


async def test_a_link_that_points_elsewhere_now_is_noticed(tmp_path: Path) -> None:
    for name in ("one", "two"):
        made = SqliteStore(tmp_path / name)
        await made.open()
        await made.close()
    link = tmp_path / "jobs.db"
    link.symlink_to("one")
    store = SqliteStore(link)
    await store.open()
    await store.ping()
    link.unlink()
    link.symlink_to("two")
    await wait_until(lambda: _hears(store, "holds another TaskFlow store"), what="the refusal")
    link.unlink()
    link.symlink_to("one")
    await wait_until(lambda: answers(store), what="the store")
    await store.close()


async def test_a_handler_that_changes_the_directory_does_not_change_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = SqliteStore("sqlite:///jobs.db")
    await store.open()
    job = new_job()
    await store.intake.enqueue([job])
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    await store.upkeep.maintain()  # on a connection of its own
    async with store.claims.transaction() as conn:
        assert conn.execute("SELECT count(*) FROM taskflow_job").fetchone() == (1,)
    await store.close()
    assert not list(Path.cwd().iterdir())


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        pytest.param(Path.mkdir, "is a directory, not a database file", id="directory"),
        pytest.param(lambda path: path.write_text("no database " * 100), "is not a SQLite database", id="text"),
        pytest.param(_somebody_elses, "1 tables of another program", id="tables"),
        pytest.param(lambda path: path.symlink_to("nowhere"), "symbolic link", id="link"),
    ],
)
async def test_what_is_no_store_is_refused_and_left_as_it_is(
    path: Path, make: Callable[[Path], object], sentence: str
) -> None:
    make(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises((StoreUnavailable, SchemaMismatch), match=sentence):
        await SqliteStore(path).open()
    assert before is None or path.read_bytes() == before
    assert [found.name for found in path.parent.iterdir()] == [path.name]


async def test_a_database_that_another_program_has_marked_is_refused(path: Path) -> None:
    with closing(sqlite3.connect(path)) as conn:
        conn.execute("PRAGMA application_id = 252006673")
    with pytest.raises(SchemaMismatch, match=r"belongs to another program \(application id 0x0f055111\)"):
        await SqliteStore(path).open()


async def test_a_store_is_marked_and_one_beside_other_tables_is_not(open_store: OpenStore, path: Path) -> None:
    store = await open_store()
    mark = await store._writer.run(lambda conn: conn.execute("PRAGMA application_id").fetchone())
    assert mark == (APPLICATION_ID,)
    shared = path.with_name("shared.db")
    _somebody_elses(shared)
    beside = SqliteStore(shared, SqliteOptions(beside=True))
    await beside.open()
    assert await beside._writer.run(lambda conn: conn.execute("PRAGMA application_id").fetchone()) == (0,)
    await beside.close()


async def test_every_store_has_an_id_of_its_own_and_older_ones_get_one(path: Path) -> None:
    ids = []
    for name in ("one.db", "two.db"):
        store = SqliteStore(path.with_name(name))
        await store.open()
        ids.append(store._database.identity)
        await store.close()
    assert len(set(ids)) == 2
    assert all(ids)


def test_looking_at_the_file_costs_microseconds(store: SqliteStore, path: Path) -> None:
    """It is done before every acknowledgement: a system call, and no more."""
    looks: list[object] = []
    stat = os.stat
    watched = Database(path, SqliteOptions())
    watched.make()
    with closing(watched.connect(writes=True)) as conn:
        watched.check(conn)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(database, "_LOOK_S", 1e9)
            patch.setattr(os, "stat", lambda *args: looks.append(args) or stat(*args))
            for _ in range(100):
                watched.check(conn)
    assert len(looks) == 100


def test_a_connection_that_was_dropped_is_not_waited_for_when_the_file_is_replaced(tmp_path: Path) -> None:
    """The opening of a transaction in a thread, whose caller was cancelled meanwhile: nobody closes it."""
    file = Database(tmp_path / "a.db", SqliteOptions())
    file.make()
    dropped, kept = file.connect(writes=True), file.connect(writes=True)
    del dropped
    gc.collect()
    file.let_go()
    assert file.is_outdated()
    kept.close()
    assert not file.is_outdated()
