"""What an unmatched fence means: the store's knowledge of it against the transition that was to be written."""

from __future__ import annotations

from typing import Any

import pytest
from tests.stores.postgres.conftest import new_job

from taskflowmq.core.job import Counters, HeldJob
from taskflowmq.core.transitions import (
    Crashed,
    Discarded,
    Failed,
    HandedBack,
    Lost,
    Outcome,
    Snoozed,
    Succeeded,
    decide,
)
from taskflowmq.ports.store import Settled
from taskflowmq.stores.postgres.settling import judge

NOTHING: dict[str, Any] = {
    "outcome_lease": None,
    "outcome_state": None,
    "ended": None,
    "place_lease": None,
    "running": None,
}


@pytest.mark.parametrize(
    ("outcome", "known", "verdict"),
    [
        (Succeeded(), {"outcome_lease": 4, "outcome_state": "completed"}, Settled.REPLAYED),
        (Succeeded(), {"outcome_lease": 4, "outcome_state": "dead", "ended": "lost"}, Settled.STALE),
        (Succeeded(), {"outcome_lease": 5, "outcome_state": "completed"}, Settled.STALE),
        (Succeeded(), {"place_lease": 4, "running": False, "ended": "lost"}, Settled.STALE),
        (Succeeded(), {"place_lease": 5, "running": True}, Settled.STALE),
        (Succeeded(), {"place_lease": 4, "running": True}, None),
        (Succeeded(), {}, Settled.STALE),
        (Failed(b"{}"), {"place_lease": 4, "running": False, "ended": "failed"}, Settled.REPLAYED),
        (Failed(b"{}"), {"place_lease": 5, "running": True, "ended": "failed"}, Settled.REPLAYED),
        (Failed(b"{}"), {"place_lease": 5, "running": True, "ended": "lost"}, Settled.STALE),
        (Failed(b"{}"), {"outcome_lease": 4, "outcome_state": "cancelled", "ended": "failed"}, Settled.REPLAYED),
        (Discarded(b"{}"), {"place_lease": 4, "running": False, "ended": "discarded"}, Settled.REPLAYED),
        (Snoozed(5), {"place_lease": 4, "running": False, "ended": "snoozed"}, Settled.REPLAYED),
        (HandedBack(), {"place_lease": 4, "running": False}, Settled.REPLAYED),
        (HandedBack(), {"place_lease": 6, "running": True}, Settled.REPLAYED),
        (HandedBack(), {"place_lease": 4, "running": False, "ended": "lost"}, Settled.STALE),
        (HandedBack(), {"outcome_lease": 4, "outcome_state": "cancelled"}, Settled.REPLAYED),
        (HandedBack(), {"outcome_lease": 4, "outcome_state": "cancelled", "ended": "cancelled"}, Settled.STALE),
        (Lost(), {"outcome_lease": 4, "outcome_state": "completed"}, Settled.STALE),
        (Crashed(), {"place_lease": 4, "running": False, "ended": "crashed"}, Settled.REPLAYED),
    ],
)
def test_a_fence_that_matched_nothing(outcome: Outcome, known: dict[str, Any], verdict: Settled | None) -> None:
    held = HeldJob(new_job().id, 3, Counters(attempt=1, lease_no=4))
    assert judge(decide(held, outcome, rand=0.5), NOTHING | known) == verdict
