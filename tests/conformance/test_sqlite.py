"""The whole behavioural suite on SQLite."""

from __future__ import annotations

import pytest

from taskflowmq.stores.sqlite import SqliteStore
from taskflowmq.testing.conformance import topics
from taskflowmq.testing.conformance.support import NewStore


@pytest.fixture
def new_store(sqlite_url: str) -> NewStore:
    """Build stores on this test's file."""
    return lambda clock: SqliteStore(sqlite_url, clock=clock)


globals().update(topics(one_writer=True))
