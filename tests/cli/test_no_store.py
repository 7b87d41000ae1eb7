"""Commands that read or steer make no store: in a wrong folder, or with a wrong address, they say what is missing."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest
from tests.cli.conftest import Cli

from taskflowmq.testing.postgres import PostgresServer

JOB = "00000000-0000-4000-8000-000000000001"
READERS = [
    ("jobs", "list"),
    ("jobs", "show", JOB),
    ("jobs", "retry", JOB),
    ("jobs", "cancel", JOB),
    ("jobs", "delete", JOB),
    ("jobs", "stats"),
    ("jobs", "wait", JOB),
    ("queues", "list"),
    ("queues", "pause", "mail"),
    ("queues", "resume", "mail"),
    ("workers", "list"),
    ("scheduler",),
    ("dashboard", "--port", "0"),
]


@pytest.mark.parametrize("words", READERS, ids=" ".join)
def test_no_command_that_reads_makes_a_file(words: tuple[str, ...], cli: Cli, tmp_path: Path) -> None:
    ran = cli(*words)
    assert (ran.code, ran.out) == (3, "")
    assert f"there is no TaskFlow store in {tmp_path}/jobs.db: `taskflow db migrate` makes it" in ran.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [("db", "status"), ("doctor",)], ids=" ".join)
def test_what_looks_after_the_schema_says_so_and_makes_nothing(
    words: tuple[str, ...], cli: Cli, tmp_path: Path
) -> None:
    ran = cli(*words)
    assert ran.code == 1
    assert "no TaskFlow schema found" in ran.out + ran.err
    assert "taskflow db migrate" in ran.out + ran.err
    cli("db", "migrate", "--dry-run")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [("enqueue", "test"), ("db", "migrate")], ids=" ".join)
def test_what_is_meant_to_makes_one(words: tuple[str, ...], cli: Cli, tmp_path: Path) -> None:
    assert cli(*words).code == 0
    assert (tmp_path / "jobs.db").stat().st_size
    assert cli("jobs", "list").code == 0


@pytest.fixture(scope="module")
def untouched_url(postgres_server: PostgresServer) -> Iterator[str]:
    """One database without a schema for all commands, each of which leaves it so."""
    name = postgres_server.create_database()
    yield postgres_server.url(name)
    postgres_server.drop_database(name)


@pytest.mark.postgres
@pytest.mark.parametrize("words", [*READERS, ("enqueue", "test")], ids=" ".join)
def test_no_command_that_reads_or_stores_installs_a_schema(
    words: tuple[str, ...], cli: Cli, untouched_url: str
) -> None:
    ran = cli(*words, "--database-url", untouched_url)
    assert (ran.code, ran.out) == (3, "")
    assert "there is no TaskFlow store in this database: create it with `taskflow db migrate`" in ran.err
    assert not asyncio.run(_has_schema(untouched_url))


@pytest.mark.postgres
def test_the_schema_is_looked_at_and_made_on_request(cli: Cli, empty_postgres_url: str) -> None:
    address = ("--database-url", empty_postgres_url)
    assert "no TaskFlow schema found" in cli("db", "status", *address).err
    assert "no TaskFlow schema found" in cli("doctor", *address).out
    assert cli("db", "migrate", "--dry-run", *address).code == 0
    assert not asyncio.run(_has_schema(empty_postgres_url))


async def _has_schema(url: str) -> bool:
    conn = await asyncpg.connect(url)
    try:
        return bool(await conn.fetchval("SELECT to_regnamespace('taskflow') IS NOT NULL"))
    finally:
        await conn.close()


def _locked_folder(folder: Path) -> None:
    folder.chmod(0o000)


#: The interpreter may stand where only root looks: everything is imported, and read, before the user changes.
_AS_NOBODY = """
import contextlib, io, os, sys
from taskflowmq.cli.root import run
warm, *words = sys.argv[1:]
for first in (["enqueue", "test"], words, ["doctor"]):
    with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):
        run([*first, "--database-url", f"sqlite:///{warm}"])
os.setgid(65534)
os.setuid(65534)
run(words)
"""


def _read_only_folder(folder: Path) -> None:
    folder.chmod(0o555)


def _read_only_file(folder: Path) -> None:
    (folder / "jobs.db").chmod(0o444)


def _unreadable(folder: Path) -> None:
    (folder / "jobs.db").chmod(0o000)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs another user")
@pytest.mark.parametrize(
    ("forbid", "words", "code", "says"),
    [
        pytest.param(_read_only_file, ("jobs", "list"), 0, "test", id="a file that may be read"),
        pytest.param(
            _read_only_file, ("queues", "pause", "default"), 3, "this user may not write", id="and not written"
        ),
        pytest.param(
            _read_only_folder, ("jobs", "list"), 3, "this user may not write its folder", id="no room for -shm"
        ),
        pytest.param(_unreadable, ("jobs", "list"), 3, "this user may not read it", id="a file that may not be read"),
        pytest.param(_locked_folder, ("jobs", "list"), 3, "jobs.db: Permission denied", id="a locked folder"),
    ],
)
def test_commands_say_which_right_is_missing(
    cli: Cli, forbid: Callable[[Path], None], words: tuple[str, ...], code: int, says: str
) -> None:
    """As another user: rights do not bind root."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        home.mkdir()
        Path(folder).chmod(0o755)
        address = f"sqlite:///{home}/jobs.db"
        assert cli("enqueue", "test", "--database-url", address).code == 0
        for path in (home, *home.iterdir()):
            os.chown(path, 65_534, 65_534)
        forbid(home)
        ran = subprocess.run(
            [sys.executable, "-c", _AS_NOBODY, f"{folder}/warm.db", *words],
            env={**os.environ, "TASKFLOW_DATABASE_URL": address},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert ran.returncode == code, ran.stderr
    assert says in ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr
