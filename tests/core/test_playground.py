"""Which jobs a stress test enqueues and when, and how what became of them is added up."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskflowmq import InvalidJob
from taskflowmq.core.feed import JobProbe
from taskflowmq.core.job import State
from taskflowmq.core.playground import MOST_JOBS, MOST_POINTS, Kind, Order, Tally, plan

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ALL = dict.fromkeys(Kind, 1)


def order(**fields: Any) -> Order:
    return Order(**{"rate": 10.0, "seconds": 10.0, "mix": ALL, "fail": 0.0, **fields})


def probe(job: int, state: State, attempt: int, **fields: Any) -> JobProbe:
    given: dict[str, Any] = {
        "reason": None, "round": 1, "lease_no": attempt, "run_at": NOON, "started_at": None, "finished_at": None,
        "worker": None, "raw_progress": None, "cancel_requested_at": None, "queue": "default",
        "priority": 0,
    }  # fmt: skip
    return JobProbe(id=UUID(int=job), state=state, attempt=attempt, **{**given, **fields})


def test_the_clock_says_how_many_jobs_are_due() -> None:
    one = order(rate=2.5, seconds=4)
    assert (one.total, [one.due(at) for at in (0, 0.39, 0.4, 2, 3.99, 4, 60)]) == (10, [0, 0, 1, 5, 9, 10, 10])
    assert order(rate=0.1, seconds=1).total == 1


def test_too_many_jobs_and_none_of_any_kind_are_refused() -> None:
    assert order(rate=1000, seconds=100).check().total == MOST_JOBS
    with pytest.raises(InvalidJob, match="rate: times seconds is 100,100 jobs") as refused:
        order(rate=1001, seconds=100).check()
    assert refused.value.errors[0].pointer == "/rate"
    with pytest.raises(InvalidJob, match="mix: must give at least one kind"):
        order(mix=dict.fromkeys(Kind, 0)).check()


@given(jobs=st.integers(1, 300), fail=st.sampled_from((0.0, 0.02, 0.1, 1 / 3, 0.5, 0.9, 1.0)))
def test_exactly_the_share_that_was_asked_for_fails(jobs: int, fail: float) -> None:
    made = list(plan(order(rate=jobs, seconds=1, fail=fail), "seed"))
    assert [one.number for one in made] == list(range(1, jobs + 1))
    assert abs(sum(one.fails for one in made) - jobs * fail) < 1


def test_kinds_come_by_their_weights_and_a_seed_repeats_them() -> None:
    one = order(rate=1000, seconds=4, mix={Kind.QUICK: 6, Kind.SLOW: 2, Kind.CPU: 0, Kind.RETRIED: 2})
    kinds = Counter(planned.kind for planned in plan(one, "a"))
    assert set(kinds) == {Kind.QUICK, Kind.SLOW, Kind.RETRIED}
    assert 2_100 < kinds[Kind.QUICK] < 2_700
    assert 600 < kinds[Kind.SLOW] < 1_000
    assert list(plan(one, "a")) == list(plan(one, "a")) != list(plan(one, "b"))


def test_a_job_counts_once_with_its_failed_attempts_its_wait_and_its_run() -> None:
    tally = Tally()
    ids = [UUID(int=number) for number in range(1, 5)]
    tally.add(ids)
    started = NOON + timedelta(milliseconds=10)
    seen = [
        probe(1, State.RUNNING, 1, started_at=started, worker="w"),
        probe(2, State.RETRYING, 1),
        probe(3, State.PENDING, 0),
    ]
    assert tally.take(ids, seen) is True
    assert (tally.running, tally.waiting, tally.failed, tally.gone) == (1, 2, 1, 1)
    assert tally.take(ids[:3], seen) is False
    ended = {"started_at": started, "finished_at": started + timedelta(seconds=2), "worker": "w"}
    last = [
        probe(1, State.COMPLETED, 1, **ended),
        probe(2, State.DEAD, 3, **ended),
        probe(3, State.CANCELLED, 0, finished_at=NOON),
    ]
    assert tally.take(ids[:3], last) is True
    assert tally.take(ids[:3], last) is False
    assert (tally.open, tally.running, tally.waiting, tally.failed) == (0, 0, 0, 3)
    assert tally.ended == {State.COMPLETED: 1, State.DEAD: 1, State.CANCELLED: 1}
    assert (tally.by_worker, tally.waits.total, tally.runs.total) == ({"w": 2}, 1, 2)


def test_what_runs_and_the_oldest_are_looked_at_first_and_every_job_in_its_turn() -> None:
    tally = Tally()
    ids = [UUID(int=number) for number in range(1, 101)]
    tally.add(ids)
    tally.take(ids[70:71], [probe(71, State.RUNNING, 1, started_at=NOON)])
    asked = [tally.next_ids(10) for _ in range(30)]
    assert all(len(one) <= 10 and ids[70] in one and ids[0] in one for one in asked)
    assert {job for one in asked for job in one} == set(ids)


def test_points_are_thinned_and_keep_the_first_and_the_last() -> None:
    tally = Tally()
    for second in range(1, 10 * MOST_POINTS):
        tally.add([UUID(int=second)])
        tally.mark(float(second))
    assert MOST_POINTS / 2 <= len(tally.points) <= MOST_POINTS
    assert (tally.points[0].seconds, tally.points[-1].seconds) == (0.0, 10.0 * MOST_POINTS - 1)
    assert all(point.enqueued == point.seconds for point in tally.points)


def test_the_throughput_is_that_of_the_last_seconds() -> None:
    tally = Tally()
    assert tally.throughput(0) is None
    for second in range(1, 11):
        done = UUID(int=second)
        tally.add([done])
        # From the sixth second on nothing ends any more.
        if second < 6:
            tally.take([done], [probe(second, State.COMPLETED, 1, started_at=NOON, finished_at=NOON)])
        tally.mark(float(second))
    assert tally.throughput(10.0) == 0
    assert tally.ended[State.COMPLETED] == 5
