"""What the demo makes up: a seed repeats it, and every job of it can be stored."""

from __future__ import annotations

import itertools

import pytest

from taskflowmq.core.history import DAY_S, MINUTE_S, joined
from taskflowmq.demo.orders import (
    SHARES,
    early_orders,
    failed_orders,
    held_orders,
    hostile_orders,
    orders,
    waiting_orders,
)
from taskflowmq.demo.past import FINE_S, HABITS, past
from taskflowmq.demo.run import EARLY, EARLY_S, SWING, SWING_S, busyness
from taskflowmq.demo.shop import PAUSED, app


def test_a_seed_repeats_the_work_and_another_one_does_not() -> None:
    for made in (lambda seed: list(itertools.islice(orders(seed), 500)), waiting_orders, early_orders):
        assert made(7) == made(7)
        assert made(7) != made(8)


def test_a_seed_repeats_the_day_and_another_one_does_not() -> None:
    assert list(past(7, 3)) == list(past(7, 3))
    assert list(past(7, 3)) != list(past(8, 3))


@pytest.mark.parametrize("seed", range(3))
def test_every_job_can_be_stored(seed: int) -> None:
    made = [*waiting_orders(seed), *early_orders(seed), *itertools.islice(orders(seed), 2_000)]
    made += [*failed_orders(seed, 10), *held_orders(seed)]
    for order in made:
        app.tasks[order.task].using(**order.options).job(**order.args)
    assert {order.task for order in made} == set(app.tasks.names())
    assert {order.options["priority"] for order in made if "priority" in order.options} == {-50}


def test_the_day_has_the_queues_and_shares_of_the_tasks() -> None:
    assert SHARES.keys() == HABITS.keys()
    assert sum(SHARES.values()) == pytest.approx(1)
    assert {task: habit.queue for task, habit in HABITS.items()} == {task: app.tasks[task].queue for task in HABITS}
    assert app.tasks["newsletter.send"].queue == PAUSED


def test_the_day_has_no_gap_and_the_last_hour_has_every_minute() -> None:
    ages = [moment.age_s for moment in past(1, 3)]
    assert (ages[0], ages[-1]) == (DAY_S, MINUTE_S)
    assert {one - other for one, other in itertools.pairwise(ages)} == {5 * MINUTE_S, MINUTE_S}
    assert set(range(MINUTE_S, FINE_S, MINUTE_S)) <= set(ages)


@pytest.mark.parametrize("rate", [0.1, 3, 500])
def test_the_figures_of_the_day_fit_each_other_at_any_rate(rate: float) -> None:
    moments = list(past(1, rate))
    for figures in (row for moment in moments for row in moment.figures.values()):
        assert figures.started == figures.completed + figures.failed
        assert figures.failed == figures.retried + figures.dead
        assert 0 <= figures.dead <= figures.failed
        assert figures.wait_max_us <= figures.wait_us
        assert sum(figures.run[1::2]) == pytest.approx(figures.started, rel=0.5)
    day = joined(row for moment in moments for row in moment.figures.values())
    assert day.started / DAY_S == pytest.approx(0.7 * rate, rel=0.15)
    assert 0 < day.dead < day.retried < day.completed / 20


def test_the_rate_swings_around_what_was_asked_for() -> None:
    assert busyness(EARLY_S / 2) == EARLY
    seconds = [EARLY_S + number for number in range(int(SWING_S))]
    assert sum(map(busyness, seconds)) / SWING_S == pytest.approx(1, abs=0.01)
    assert {round(min(map(busyness, seconds)), 2), round(max(map(busyness, seconds)), 2)} == {1 - SWING, 1 + SWING}


def test_some_arguments_are_hostile() -> None:
    found = hostile_orders()
    text = "".join(order.args["comment"] for order in found)
    for part in ("<script>", "onerror=", "=HYPERLINK", "\u202e", "\u0645", "\r\n", "\x1b[2J"):
        assert part in text
    assert {9_007_199_254_740_993, 9_223_372_036_854_775_807} <= {order.args["account"] for order in found}
    assert max(len(order.args.get("attachment", "")) for order in found) > 195_000
    assert {order.args["order"] % 2 for order in found} == {0, 1}
