"""Forced races on SQLite: two stores on one file, and two processes."""

from __future__ import annotations

import pytest
from tests.races.arena import SqliteArena
from tests.races.duels import Duels

from taskflowmq.stores.sqlite import SqliteStore
from taskflowmq.testing.conformance.support import NewStore, Rig


@pytest.fixture
def new_store(sqlite_url: str) -> NewStore:
    """Build stores on this test's file."""
    return lambda clock: SqliteStore(sqlite_url, clock=clock)


@pytest.fixture
def arena(sqlite_url: str, rig: Rig, other: Rig) -> SqliteArena:
    """Where the two stores meet."""
    return SqliteArena(sqlite_url.removeprefix("sqlite:///"), (rig, other))


class TestDuels(Duels):
    """Every duel, with the file's one write lock as the place."""

    one_writer = True
