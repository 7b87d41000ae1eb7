"""Fixtures for every suite: one real PostgreSQL per session, and a fresh database per test and engine."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import settings
from tests.leftovers import pytest_runtest_makereport, pytest_runtest_protocol

from taskflowmq.stores.postgres import PostgresStore
from taskflowmq.testing.postgres import DatabasePool, PostgresServer, shared_server

__all__ = ["pytest_runtest_makereport", "pytest_runtest_protocol"]
TEMPLATE = "template_taskflow"

# `make test-fast` looks at fewer examples; `make test` at hypothesis' own number.
settings.register_profile("quick", max_examples=20, deadline=None)


def make_template(server: PostgresServer) -> None:
    """Create the migrated database that each test's database is a copy of."""
    server.create_database(TEMPLATE)

    async def migrate() -> None:
        store = PostgresStore(server.url(TEMPLATE))
        await store.open()
        await store.close()

    # A thread has no loop yet; here one may be running.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(migrate())).result()


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
    """Fresh migrated databases, prepared ahead."""
    pool = DatabasePool(postgres_server, TEMPLATE)
    yield pool
    pool.close()


@pytest.fixture
def postgres_url(postgres_server: PostgresServer, postgres_databases: DatabasePool) -> Iterator[str]:
    """The address of a fresh, migrated PostgreSQL database."""
    name = postgres_databases.take()
    yield postgres_server.url(name)
    postgres_databases.give_back(name)


@pytest.fixture(scope="session")
def reused_databases(postgres_server: PostgresServer) -> Iterator[DatabasePool]:
    """Databases that are emptied between tests."""
    pool = DatabasePool(postgres_server, TEMPLATE, reuse=True)
    yield pool
    pool.close()


@pytest.fixture
def reused_postgres_url(postgres_server: PostgresServer, reused_databases: DatabasePool) -> Iterator[str]:
    """The address of an emptied PostgreSQL database, for tests that leave nothing but rows behind."""
    name = reused_databases.take()
    yield postgres_server.url(name)
    reused_databases.give_back(name)


@pytest.fixture
def empty_postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The address of a PostgreSQL database without TaskFlow's schema."""
    name = postgres_server.create_database()
    yield postgres_server.url(name)
    postgres_server.drop_database(name)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The address of a SQLite database that does not exist yet."""
    return f"sqlite:///{tmp_path / 'taskflow.db'}"
