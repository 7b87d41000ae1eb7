"""Each verdict of the soak refuses the series that it is there to refuse."""

from __future__ import annotations

import random

import pytest
from tests.soak import verdicts
from tests.soak.verdicts import Histogram, Point, flat


def series(values: list[float]) -> list[Point]:
    return [(5.0 * index, value) for index, value in enumerate(values)]


def noisy(count: int, height: float, noise: float) -> list[float]:
    chance = random.Random(7)
    return [height + chance.uniform(-noise, noise) for _ in range(count)]


@pytest.mark.parametrize(
    ("values", "ok"),
    [
        (noisy(60, 100, 3), True),
        ([value + 0.2 * index for index, value in enumerate(noisy(60, 100, 3))], False),
        (noisy(30, 100, 1) + noisy(30, 112, 1), False),
        (noisy(48, 100, 0.1) + noisy(12, 112, 0.1), False),
        ([*noisy(30, 100, 1), 400.0, *noisy(30, 100, 1)], True),
        ([value - index for index, value in enumerate(noisy(60, 200, 3))], True),
        (noisy(4, 100, 1), False),
    ],
    ids=["noise", "slow leak", "step halfway", "late step", "one spike", "shrinks", "too few samples"],
)
def test_growth_is_told_from_noise(values: list[float], ok: bool) -> None:
    assert flat("memory", series(values), most=5, unit=" MB").ok is ok


def test_one_leaked_descriptor_in_a_hundred_samples_is_flat_and_one_in_ten_is_not() -> None:
    assert flat("descriptors", series([20.0] * 99 + [21.0]), most=2).ok
    assert not flat("descriptors", series([20.0 + index // 10 for index in range(100)]), most=2).ok


def histogram(*values: float) -> Histogram:
    bounds = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, float("inf"))
    return Histogram(tuple((bound, float(sum(v <= bound for v in values))) for bound in bounds), sum(values))


def test_quantiles_come_out_of_the_right_bucket() -> None:
    seen = histogram(*[0.004] * 98, 0.04, 0.04)
    assert 0.0025 < seen.quantile(0.5) <= 0.005
    assert 0.025 < seen.quantile(0.99) <= 0.05
    assert seen.mean() == pytest.approx(0.00472)
    assert histogram(5.0, 5.0).quantile(0.99) == 0.1, "what is above the last bound is shown as the last bound"
    assert histogram().quantile(0.99) == 0.0


def test_a_window_holds_only_what_came_in_it() -> None:
    early, late = histogram(*[0.002] * 50), histogram(*[0.002] * 50, *[0.02] * 50)
    window = late.since(early)
    assert window.count == 50
    assert 0.01 < window.quantile(0.5) <= 0.025


@pytest.mark.parametrize(
    ("value", "base", "ok"),
    [(0.03, 0.02, True), (0.031, 0.02, False), (0.004, 0.002, True), (0.03, 0.0, False), (0.0, 0.02, False)],
    ids=["at the bound", "above", "below the noise", "no base", "nothing measured"],
)
def test_latency_is_compared_with_its_base(value: float, base: float, ok: bool) -> None:
    assert verdicts.within_ratio("p99", value, base, most=1.5, noise_s=0.003).ok is ok


@pytest.mark.parametrize(
    ("back_at", "ok"), [(130, True), (155, True), (170, False), (None, False)], ids=["soon", "just", "late", "never"]
)
def test_coming_back_late_or_never_is_refused(back_at: float | None, ok: bool) -> None:
    points = [(float(at), 0.01 if back_at is not None and at >= back_at else 0.2) for at in range(0, 300, 5)]
    points[0] = (0.0, 0.01)  # good before the release says nothing
    assert verdicts.recovered("p99", points, 100.0, below=0.02, within_s=60).ok is ok


@pytest.mark.parametrize(
    ("acknowledged", "unknown", "completed", "elsewhere", "violations", "ok"),
    [
        (100, 0, 100, 0, 0, True),
        (100, 5, 103, 0, 0, True),
        (100, 0, 99, 0, 0, False),
        (100, 0, 101, 0, 0, False),
        (100, 0, 100, 1, 0, False),
        (100, 0, 100, 0, 1, False),
        (0, 0, 0, 0, 0, False),
    ],
    ids=["all", "unknown ones", "one lost", "one from nowhere", "one stuck", "in two places", "nothing ran"],
)
def test_the_books_must_balance(
    acknowledged: int, unknown: int, completed: int, elsewhere: int, violations: int, ok: bool
) -> None:
    assert verdicts.nothing_lost(acknowledged, unknown, completed, elsewhere, violations).ok is ok


def test_write_transactions_are_counted_without_wake_ups_and_without_what_idling_costs() -> None:
    assert verdicts.transactions_per_job(430, 100, 30.0, 100, 3).ok
    assert not verdicts.transactions_per_job(460, 100, 30.0, 100, 3).ok
    assert verdicts.transactions_per_job(432, 100, 30.0, 100, 3, looks=2).ok
    assert not verdicts.transactions_per_job(433, 100, 30.0, 100, 3, looks=2).ok
    assert not verdicts.transactions_per_job(0, 0, 0.0, 0, 3).ok
    assert verdicts.at_most("deadlocks", 0, 0).ok
    assert not verdicts.at_most("deadlocks", 1, 0).ok
