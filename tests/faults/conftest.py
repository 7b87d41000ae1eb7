from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.faults.rig import PATIENCE, Rig

from taskflowmq.testing.postgres import PostgresServer, PostgresUnavailable
from taskflowmq.testing.waiting import wait_until


@pytest.fixture
def postgres_url(fresh_postgres_url: str) -> str:
    """A database of its own: a program that was killed may write for a while yet."""
    return fresh_postgres_url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rig]:
    """Real programs on each engine."""
    made = Rig(request.getfixturevalue(f"{request.param}_url"), tmp_path)
    yield made
    await made.close()


@pytest.fixture
async def sqlite_rig(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Rig]:
    """Real programs on SQLite, where the engine makes no difference."""
    made = Rig(sqlite_url, tmp_path)
    yield made
    await made.close()


@pytest.fixture
async def rig_pg(postgres_url: str, tmp_path: Path) -> AsyncIterator[Rig]:
    """Real programs on PostgreSQL, and a client that is open."""
    made = Rig(postgres_url, tmp_path)
    await made.app.aopen()
    yield made
    await made.close()


@pytest.fixture(scope="module")
def own_server() -> Iterator[PostgresServer]:
    """A PostgreSQL that may be hurt: the shared one serves other tests at the same time."""
    server = PostgresServer.start()
    yield server
    server.stop()


@pytest.fixture
async def hurt_rig(own_server: PostgresServer, tmp_path: Path) -> AsyncIterator[Rig]:
    """Real programs on a PostgreSQL that may be hurt."""

    def created() -> str | None:
        try:
            return own_server.create_database()
        except PostgresUnavailable:  # it still recovers from the last test
            return None

    made = Rig(own_server.url(await wait_until(created, PATIENCE, what="a server that has recovered")), tmp_path)
    await made.app.aopen()
    yield made
    await made.close()
