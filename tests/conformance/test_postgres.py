"""The whole behavioural suite on PostgreSQL."""

from __future__ import annotations

import pytest

from taskflowmq.stores.postgres import PostgresStore
from taskflowmq.testing.conformance import topics
from taskflowmq.testing.conformance.support import NewStore

pytestmark = pytest.mark.postgres


@pytest.fixture
def new_store(postgres_url: str) -> NewStore:
    """Build stores on this test's database."""
    return lambda clock: PostgresStore(postgres_url, clock=clock)


globals().update(topics())
