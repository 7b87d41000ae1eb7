"""The forced races on PostgreSQL through a transaction-mode pooler (F14): the same winners."""

from __future__ import annotations

import pytest
from tests.races.arena import PostgresArena
from tests.races.postgres_duels import PostgresDuels

from taskflowmq.stores.postgres import PostgresOptions, PostgresStore
from taskflowmq.testing.conformance.support import NewStore, Rig

pytestmark = [pytest.mark.postgres, pytest.mark.slow]


@pytest.fixture
def direct_url(postgres_url: str) -> str:
    """The same database, past the pooler."""
    return postgres_url


@pytest.fixture
def new_store(pooled_url: str) -> NewStore:
    """Build stores on this test's database, through the pooler."""
    return lambda clock: PostgresStore(pooled_url, PostgresOptions(pooler=True, tries=50), clock=clock)


@pytest.fixture
def arena(direct_url: str, rig: Rig, other: Rig) -> PostgresArena:
    """Where the two stores meet; what holds them up is no client of the pooler."""
    return PostgresArena(direct_url, (rig, other))


class TestDuels(PostgresDuels):
    """Every duel. What leads to another session's settings, or needs its own, has no place here."""

    test_a_deadlock_with_a_stranger_is_tried_again = None
    test_a_stricter_default_isolation_changes_nothing = None
