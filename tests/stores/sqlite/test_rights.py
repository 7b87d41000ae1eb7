"""Nobody else reads, locks or replaces the files of a store; a group may where it was asked for."""
# ruff: noqa: ASYNC240 - nothing else runs on these loops

from __future__ import annotations

import asyncio
import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.stores.sqlite.conftest import new_job

from taskflowmq.bootstrap.stores import UnknownScheme, make_store
from taskflowmq.core.errors import StoreUnavailable
from taskflowmq.core.job import QueueRef
from taskflowmq.stores.sqlite import SqliteOptions, SqliteStore
from taskflowmq.stores.sqlite.files import Untrusted, check_folder, open_beside
from taskflowmq.testing.waiting import wait_until

pytestmark = pytest.mark.skipif(os.name != "posix", reason="rights of Unix")
BESIDE = ("", "-wal", "-shm", "-turn")


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=lambda mask: f"umask {mask:03o}")
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def rights(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def rights_of(path: Path) -> dict[str, int]:
    """Return the rights of a store's files, of its folder of sockets and of the only socket in it."""
    found = {suffix: rights(path.with_name(path.name + suffix)) for suffix in (*BESIDE, "-wake")}
    (socket,) = path.with_name(f"{path.name}-wake").iterdir()
    return {**found, "socket": rights(socket)}


async def used(store: SqliteStore) -> dict[str, int]:
    await store.open()
    async with store.notifier.listen([], []):
        await store.intake.enqueue([new_job()])
        found = rights_of(store.path)
    await store.close()
    return found


async def test_files_are_the_owners_alone_from_birth(path: Path, umask: int) -> None:
    found = await used(SqliteStore(path))
    assert found == {**dict.fromkeys(BESIDE, 0o600), "-wake": 0o700, "socket": 0o600}


async def test_a_group_shares_them_where_that_is_asked_for(path: Path, umask: int) -> None:
    path.parent.chmod(0o2770)
    store = make_store(f"sqlite:///{path}?mode=0660")
    assert isinstance(store, SqliteStore)
    found = await used(store)
    inherited = stat.S_ISGID if os.uname().sysname == "Linux" else 0
    assert found == {**dict.fromkeys(BESIDE, 0o660), "-wake": 0o770 | inherited, "socket": 0o660}


async def test_a_file_that_exists_keeps_its_rights_and_they_are_doubted(path: Path) -> None:
    first = SqliteStore(path, SqliteOptions(file_mode=0o644))
    await first.open()
    await first.intake.enqueue([new_job()])
    assert rights(path) == 0o644
    ((what, fix),) = first.doubts()
    await first.close()
    assert "every user of this machine may read or write jobs.db, jobs.db-wal" in what
    assert fix.endswith("chmod o-rwx jobs.db jobs.db-wal jobs.db-shm jobs.db-turn")
    second = SqliteStore(path)
    await second.open()
    assert rights(path) == 0o644
    await second.close()


async def test_the_usual_rights_are_not_doubted(path: Path) -> None:
    store = SqliteStore(path)
    await store.open()
    assert store.doubts() == []
    await store.close()


async def test_no_database_is_made_through_a_link(path: Path) -> None:
    target = path.with_name("elsewhere")
    path.symlink_to(target)
    with pytest.raises(StoreUnavailable, match="symbolic link"):
        await SqliteStore(path).open()
    assert not target.exists()


async def test_a_link_in_place_of_the_turn_file_is_not_followed(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    victim = path.with_name("victim")
    victim.write_text("keep")
    path.with_name("jobs.db-turn").symlink_to(victim)
    store = SqliteStore(path)
    await store.open()
    await store.intake.enqueue([new_job()])
    await store.close()
    assert victim.read_text() == "keep"
    assert "no fair sharing between processes" in caplog.text


async def test_a_folder_of_sockets_that_anybody_may_write_wakes_nobody(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = path.with_name("jobs.db-wake")
    folder.mkdir()
    folder.chmod(0o777)
    store = SqliteStore(path)
    await store.open()
    async with store.notifier.listen([], []):
        await store.intake.enqueue([new_job()])
    await store.close()
    assert "no wake-ups, polling only: every user may write" in caplog.text
    assert list(folder.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs a second user")
@pytest.mark.parametrize("theirs", ["-turn", "-wake"])
async def test_what_somebody_else_put_there_is_not_used(
    path: Path, theirs: str, caplog: pytest.LogCaptureFixture
) -> None:
    put = path.with_name(f"jobs.db{theirs}")
    put.touch(0o600) if theirs == "-turn" else put.mkdir(0o700)
    os.chown(put, 65_534, 65_534)
    store = SqliteStore(path)
    with caplog.at_level(logging.WARNING):
        await store.open()
        async with store.notifier.listen([], []):
            await store.intake.enqueue([new_job()])
        await store.close()
    assert "belongs to user 65534, who does not own the database" in caplog.text


def test_a_pipe_in_place_of_a_file_does_not_block(path: Path) -> None:
    pipe = path.with_name("jobs.db-turn")
    os.mkfifo(pipe, 0o600)
    with pytest.raises(Untrusted, match="is not a regular file"):
        open_beside(pipe, path, 0o600)
    with pytest.raises(Untrusted, match="is not a folder"):
        check_folder(pipe, path)


async def test_a_long_path_leaves_nothing_in_the_temporary_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    folder = tmp_path / ("long" * 25) / ("longer" * 20)
    folder.mkdir(parents=True)
    store = SqliteStore(folder / "jobs.db")
    await store.open()
    async with store.notifier.listen([], []) as names:
        await store.intake.enqueue([new_job()])
        assert await asyncio.wait_for(anext(names), 30) == QueueRef("default", "default")
        assert list(temporary.iterdir()) == []
        await wait_until(lambda: list(folder.glob("*-wake/*.sock")), what="a socket beside the database")
    await store.close()


@pytest.mark.parametrize("query", ["mode=0666", "mode=rwc", "mode=0667", "beside=perhaps", "timeout=20"])
def test_what_has_no_meaning_behind_an_address_is_refused(query: str) -> None:
    with pytest.raises(UnknownScheme, match="behind a SQLite file is not known"):
        make_store(f"sqlite:///jobs.db?{query}")
