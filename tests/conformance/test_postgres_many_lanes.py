"""What claims promise, on PostgreSQL, where every number of lanes counts as many: between looks a claim goes only where
something was ready, and lanes are found by jumping from one that has something to the next.
"""

from __future__ import annotations

import pytest

from taskflowmq.stores.postgres import PostgresStore, claims, names
from taskflowmq.testing.conformance import topics
from taskflowmq.testing.conformance.support import NewStore

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

OF_CLAIMS = ("TestClaims", "TestLanes", "TestQueues", "TestRaces", "TestWalk")


@pytest.fixture(autouse=True, params=["looks", "jumps", "jumps over nothing"])
def any_number_is_many(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the few lanes of a test are all claimed from."""
    monkeypatch.setattr(claims, "FEW_LANES", 0)
    if request.cls.__name__ == "TestLanes":  # here new lanes are expected at once, not a look later
        monkeypatch.setattr(claims, "LOOK_S", 0.0)
    if request.param != "looks":
        monkeypatch.setattr(names, "MANY_LANES", 0)
    if request.param == "jumps over nothing":
        monkeypatch.setattr(claims, "MOST_RECENT", 0)


@pytest.fixture
def new_store(postgres_url: str) -> NewStore:
    """Build stores on this test's database."""
    return lambda clock: PostgresStore(postgres_url, clock=clock)


globals().update({name: topics()[name] for name in OF_CLAIMS})
