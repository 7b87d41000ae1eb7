"""What the shop did in the last 24 hours, as figures of its history: a seed repeats it. Pure.

The day has a tide, one incident of its webhooks, and one newsletter that filled the mail queue.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from typing import NamedTuple

from taskflowmq.core.history import DAY_S, HOUR_S, MINUTE_S, Durations, Figures
from taskflowmq.core.job import DEFAULT_TENANT, JobKind
from taskflowmq.demo.orders import SHARES

#: Charts of the last hour have a point per minute, those before one per five minutes at the most.
FINE_S, COARSE_STEP_S = 70 * MINUTE_S, 5 * MINUTE_S
#: Durations that are drawn for one row; they stand for all of its jobs.
_DRAWN = 20


class Habit(NamedTuple):
    """How jobs of a task behave.

    Args:
        queue: their queue.
        seconds: the median of how long they run.
        fails: share of the attempts that fail.
        dies: share of the jobs that end dead.
    """

    queue: str
    seconds: float
    fails: float
    dies: float


HABITS = {
    "mail.send": Habit("mail", 0.2, 0.015, 0.0),
    "webhook.deliver": Habit("webhooks", 0.45, 0.06, 0.012),
    "payment.capture": Habit("payments", 0.32, 0.025, 0.004),
    "image.resize": Habit("media", 2.0, 0.003, 0.003),
    "search.index": Habit("search", 0.06, 0.006, 0.003),
    "inventory.sync": Habit("inventory", 2.2, 0.0, 0.0),
    "report.build": Habit("reports", 18.0, 0.08, 0.01),
    "reminder.send": Habit("mail", 0.1, 0.0, 0.0),
}


class Moment(NamedTuple):
    """What happened in a span of time that ended some seconds ago."""

    age_s: int
    figures: dict[JobKind, Figures]


def past(seed: int, rate: float) -> Iterator[Moment]:
    """Return the figures of a day, the oldest first.

    Args:
        seed: the same one gives the same day.
        rate: jobs per second now.
    """
    dice = random.Random(f"past {seed}")
    age = DAY_S
    while age >= MINUTE_S:
        step = COARSE_STEP_S if age > FINE_S else MINUTE_S
        jobs = rate * step * _tide(age) * dice.gauss(1, 0.08)
        wait = 0.008 * _tide(age) * dice.lognormvariate(0, 0.4)
        found = ((task, _row(dice, task, jobs * SHARES[task], age, wait)) for task in HABITS)
        yield Moment(age, {_kind(task): row for task, row in found if row is not None})
        age -= step


def _kind(task: str) -> JobKind:
    return JobKind(DEFAULT_TENANT, HABITS[task].queue, task)


def _tide(age_s: int) -> float:
    """Return how busy the shop was, compared with now."""
    return 0.68 + 0.32 * math.cos(2 * math.pi * age_s / DAY_S)


def _row(dice: random.Random, task: str, expected: float, age_s: int, usual_wait: float) -> Figures | None:
    habit = HABITS[task]
    in_incident = task == "webhook.deliver" and 3 * HOUR_S < age_s <= 3.5 * HOUR_S
    in_rush = task == "mail.send" and 9 * HOUR_S < age_s <= 9.6 * HOUR_S
    jobs = _about(dice, expected * (2.5 if in_rush else 1))
    if jobs == 0:
        return None
    dead = min(_about(dice, jobs * (0.25 if in_incident else habit.dies)), jobs)
    failed = max(_about(dice, jobs * (0.55 if in_incident else habit.fails)), dead)
    wait = 1.6 if in_rush else 0.25 if in_incident else usual_wait
    waits, runs = _durations(dice, jobs + failed - dead, wait), _durations(dice, jobs + failed - dead, habit.seconds)
    return Figures(
        started=jobs + failed - dead,
        failed=failed,
        retried=failed - dead,
        completed=jobs - dead,
        dead=dead,
        wait=waits.sparse(),
        wait_us=waits.sum_us,
        wait_max_us=waits.longest_us,
        run=runs.sparse(),
        run_us=runs.sum_us,
        run_max_us=runs.longest_us,
    )


def _about(dice: random.Random, expected: float) -> int:
    """Return a whole number near the expected one; of many, the mean is that."""
    whole = int(max(dice.gauss(expected, math.sqrt(expected) / 2), 0)) if expected > 20 else int(expected)
    return whole if expected > 20 else whole + (dice.random() < expected - whole)


def _durations(dice: random.Random, count: int, median: float) -> Durations:
    """Return durations around a median; from a number on, each that is drawn counts several times."""
    times = max(count // _DRAWN, 1)
    found = Durations()
    found.take([dice.lognormvariate(math.log(median), 0.5) for _ in range(count // times)])
    found.counts = [times * one for one in found.counts]
    found.sum_us *= times
    return found
