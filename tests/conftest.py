"""Fixtures for every suite: one real PostgreSQL per session, and a fresh database per test and engine."""

from __future__ import annotations

import asyncio
import gc
import os
import shutil
import signal
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import settings
from tests.leftovers import (
    pytest_runtest_makereport,
    pytest_runtest_protocol,
    pytest_runtest_setup,
    pytest_runtest_teardown,
)
from tests.not_tested import pytest_terminal_summary

from taskflowmq.stores.postgres import PostgresStore
from taskflowmq.stores.sqlite import SqliteStore
from taskflowmq.testing.postgres import DatabasePool, PostgresServer, shared_server

__all__ = [
    "pytest_runtest_makereport",
    "pytest_runtest_protocol",
    "pytest_runtest_setup",
    "pytest_runtest_teardown",
    "pytest_terminal_summary",
]
TEMPLATE = "template_taskflow"

# `make test-fast` looks at fewer examples; `make test` at hypothesis' own number. Neither has a deadline: how long an
# example takes is a matter of what else the machine does.
settings.register_profile("quick", max_examples=10, deadline=None)
settings.register_profile("patient", settings(), deadline=None)
settings.load_profile("patient")


def pytest_configure() -> None:
    """Hear SIGINT: a shell has it ignored for what it runs in the background, and for the programs that this starts."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep the tests out of the garbage collector's sight: they stay, and each full collection would walk them."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


def migrate(store: PostgresStore | SqliteStore) -> None:
    """Make the schema of a store."""

    async def opened() -> None:
        await store.open()
        await store.close()

    # A thread has no loop yet; here one may be running.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(opened())).result()


def make_template(server: PostgresServer) -> None:
    """Create the migrated database that each test's database is a copy of."""
    server.create_database(TEMPLATE)
    migrate(PostgresStore(server.url(TEMPLATE)))


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A PostgreSQL server, shared by the processes of a parallel run; it ends with the run."""
    mine = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        yield shared_server(mine.parent, owner_pid=os.getppid(), prepare=make_template)
        return
    server = shared_server(mine, owner_pid=os.getpid(), prepare=make_template)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def postgres_databases(postgres_server: PostgresServer) -> Iterator[DatabasePool]:
    """Migrated databases, emptied between tests."""
    pool = DatabasePool(postgres_server, TEMPLATE, reuse=True)
    yield pool
    pool.close()


@pytest.fixture
def postgres_url(postgres_server: PostgresServer, postgres_databases: DatabasePool) -> Iterator[str]:
    """The address of a migrated PostgreSQL database without a row, which an earlier test may have used."""
    name = postgres_databases.take()
    yield postgres_server.url(name)
    postgres_databases.give_back(name)


@pytest.fixture(scope="session")
def fresh_databases(postgres_server: PostgresServer) -> Iterator[DatabasePool]:
    """Migrated databases, each for one test, prepared ahead."""
    pool = DatabasePool(postgres_server, TEMPLATE)
    yield pool
    pool.close()


@pytest.fixture
def fresh_postgres_url(postgres_server: PostgresServer, fresh_databases: DatabasePool) -> Iterator[str]:
    """The same of one that nobody has used, at twenty times the price: for plans, pages and killed programs."""
    name = fresh_databases.take()
    yield postgres_server.url(name)
    fresh_databases.give_back(name)


@pytest.fixture
def empty_postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The address of a PostgreSQL database without TaskFlow's schema."""
    name = postgres_server.create_database()
    yield postgres_server.url(name)
    postgres_server.drop_database(name)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The migrated file that each test's file is a copy of: that takes a third of the time of the migrations."""
    path = tmp_path_factory.mktemp("template") / "taskflow.db"
    migrate(SqliteStore(path))
    return path


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_template: Path) -> str:
    """The address of a migrated SQLite database without a row."""
    path = tmp_path / "taskflow.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def empty_sqlite_url(tmp_path: Path) -> str:
    """The address of a SQLite database that does not exist yet."""
    return f"sqlite:///{tmp_path / 'taskflow.db'}"
