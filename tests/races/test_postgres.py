"""Forced races on PostgreSQL: every duel at a row lock, and those that only this engine has."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.races.arena import PostgresArena, deadlocks
from tests.races.postgres_duels import PostgresDuels

from taskflowmq.stores.postgres import PostgresOptions, PostgresStore
from taskflowmq.testing.conformance.support import NewStore, Rig

#: `make test-fast` has the duels on SQLite.
pytestmark = [pytest.mark.postgres, pytest.mark.slow]

#: A statement under a short lock timeout is tried again until it is let go, however slow the machine is.
PATIENT = PostgresOptions(tries=50)


@pytest.fixture
def direct_url(postgres_url: str) -> str:
    """The address of this test's database."""
    return postgres_url


@pytest.fixture(autouse=True)
async def expected_deadlocks(direct_url: str) -> AsyncIterator[list[int]]:
    """PostgreSQL itself says that there was none, also none that was tried again, but those that a test put here."""
    before = await deadlocks(direct_url)
    expected: list[int] = []
    yield expected
    assert await deadlocks(direct_url) == before + len(expected)


@pytest.fixture
def new_store(direct_url: str) -> NewStore:
    """Build stores on this test's database."""
    return lambda clock: PostgresStore(direct_url, PATIENT, clock=clock)


@pytest.fixture
def arena(direct_url: str, rig: Rig, other: Rig) -> PostgresArena:
    """Where the two stores meet."""
    return PostgresArena(direct_url, (rig, other))


class TestDuels(PostgresDuels):
    """Every duel, at the row where the two statements meet."""
