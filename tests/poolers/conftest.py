"""A pooler per test session, in front of the session's PostgreSQL."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.poolers.pgbouncer import Pooler
from tests.rounds import is_long, leave_out
from tools.get_pgbouncer import Program, Unavailable, get

from taskflowmq.testing.postgres import PostgresServer

pytest.register_assert_rewrite("taskflowmq.testing.conformance")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the repetitions of cases of this folder: the few rounds show what a pooler changes."""
    here = Path(__file__).parent
    leave_out(config, items, lambda item: item.path.is_relative_to(here) and is_long(item))


@pytest.fixture(scope="session")
def pgbouncer_program() -> Program:
    """Where PgBouncer is; without it nothing here runs, and says so."""
    try:
        return get()
    except Unavailable as error:
        pytest.skip(f"NOT TESTED: PostgreSQL through a transaction-mode pooler (F14): {error}")


@pytest.fixture(scope="session")
def pooler(pgbouncer_program: Program, postgres_server: PostgresServer) -> Iterator[Pooler]:
    """A PgBouncer in transaction mode."""
    folder = Path(tempfile.mkdtemp(prefix="taskflow-pooler-"))
    folder.chmod(0o755)
    running = Pooler(pgbouncer_program, postgres_server.url("postgres"), folder)
    yield running
    running.stop()
    shutil.rmtree(folder)


@pytest.fixture
def pooled_url(pooler: Pooler, postgres_url: str) -> str:
    """The address of an emptied database, through the pooler."""
    assert pooler.alive, f"PgBouncer ended by itself: {pooler.log[-2000:]}"
    return pooler.url(postgres_url)
