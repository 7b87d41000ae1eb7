"""Plans are a function of the seed, keep to their time, and leave nothing out."""

from __future__ import annotations

import pytest
from tests.chaos.plan import LANES, QUIET_S, make_plan


@pytest.mark.parametrize("store", LANES)
def test_the_same_seed_makes_the_same_plan(store: str) -> None:
    plans = [make_plan(seed, 60, store, workers=3, servers=2) for seed in (7, 7, 8)]
    assert plans[0] == plans[1] != plans[2]


@pytest.mark.parametrize("store", LANES)
@pytest.mark.parametrize("seed", range(20))
def test_every_fault_is_over_before_the_load_ends_and_lanes_do_not_overlap(store: str, seed: int) -> None:
    for lane in make_plan(seed, 60, store, workers=3, servers=2):
        assert len(lane) > 5
        free = 0.0
        for step in lane:
            assert step.at >= free
            free = step.at + step.lasts
        assert free <= 60 - QUIET_S


@pytest.mark.parametrize("store", LANES)
def test_ten_minutes_hold_every_kind_of_fault(store: str) -> None:
    plan = make_plan(1, 600, store, workers=3, servers=2)
    planned = {step.kind for lane in plan for step in lane}
    assert planned == {sort.kind for lane in LANES[store] for sort in lane.sorts}
    hit = {step.target for lane in plan for step in lane if step.kind.startswith("kill")}
    assert {"worker-0", "worker-1", "worker-2", "server-0", "server-1"} <= hit


def test_a_plan_may_be_of_some_kinds_only() -> None:
    plan = make_plan(1, 60, "postgres", workers=3, servers=2, kinds=frozenset({"freeze"}))
    assert {step.kind for lane in plan for step in lane} == {"freeze"}
