"""Forced races on PostgreSQL: every duel at a row lock, and those that only this engine has."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.races.arena import PostgresArena, deadlocks
from tests.races.duels import Duels

from taskflowmq.stores.postgres import PostgresOptions, PostgresStore
from taskflowmq.testing.conformance.support import NewStore, Rig

pytestmark = pytest.mark.postgres

#: A statement under a short lock timeout is tried again until it is let go, however slow the machine is.
PATIENT = PostgresOptions(tries=50)


@pytest.fixture(autouse=True)
async def no_deadlock(reused_postgres_url: str) -> AsyncIterator[None]:
    """PostgreSQL itself says that there was none, also none that was tried again."""
    before = await deadlocks(reused_postgres_url)
    yield
    assert await deadlocks(reused_postgres_url) == before


@pytest.fixture
def new_store(reused_postgres_url: str) -> NewStore:
    """Build stores on this test's database."""
    return lambda clock: PostgresStore(reused_postgres_url, PATIENT, clock=clock)


@pytest.fixture
def arena(reused_postgres_url: str, rig: Rig, other: Rig) -> PostgresArena:
    """Where the two stores meet."""
    return PostgresArena(reused_postgres_url, (rig, other))


class TestDuels(Duels):
    """Every duel, at the row where the two statements meet."""
