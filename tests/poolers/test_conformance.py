"""The whole behavioural suite on PostgreSQL through a transaction-mode pooler (F14): the same results."""

from __future__ import annotations

import pytest

from taskflowmq.stores.postgres import PostgresOptions, PostgresStore
from taskflowmq.testing.conformance import topics
from taskflowmq.testing.conformance.support import NewStore

# Every statement takes two more hops and is planned anew: on a busy machine the long walks take their time.
pytestmark = [pytest.mark.postgres, pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def new_store(pooled_url: str) -> NewStore:
    """Build stores on this test's database, through the pooler."""
    return lambda clock: PostgresStore(pooled_url, PostgresOptions(pooler=True), clock=clock)


# Without TestNotifier: wake-ups are off behind a pooler, see test_switch.py.
globals().update({name: topic for name, topic in topics().items() if name != "TestNotifier"})
