"""Figures can be added up in any order, and percentiles of them are right within the stated error."""

from __future__ import annotations

import math
from itertools import accumulate, pairwise
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskflowmq.core.history import (
    BOUNDS,
    BUCKETS,
    COUNTS,
    ERROR,
    FIRST_S,
    LAST_S,
    QUANTILES,
    RATIO,
    Durations,
    Figures,
    Total,
    arrived,
    count_end,
    decode_list,
    encode,
    joined,
)
from taskflowmq.core.job import ClaimedJob
from taskflowmq.core.transitions import (
    Crashed,
    Discarded,
    Failed,
    HandedBack,
    Lost,
    Outcome,
    Snoozed,
    Stopped,
    Succeeded,
    TimedOut,
    decide,
)
from taskflowmq.testing.conformance.support import NOON

ERROR_JSON = b'{"type":"E","message":"m","traceback":""}'
#: Microseconds: two digits below the first bucket, beyond the last one.
durations = st.lists(st.integers(0, 8 * 10**9).map(lambda us: us / 1e6) | st.sampled_from(BOUNDS), max_size=20)


def measured(waits: list[float], runs: list[float], **counts: int) -> Figures:
    total = Total()
    total.wait.take(waits)
    total.run.take(runs)
    for name, count in counts.items():
        total.count(name, count)
    return total.figures()


few = st.lists(st.sampled_from((*BOUNDS, 0.0, 1e-6, 5.5, 1e5)), max_size=4)
#: How often each may be drawn is no matter here: one number, multiplied, is drawn faster than one per count.
figures = st.builds(
    lambda waits, runs, n: measured(waits, runs, **{name: n * place for place, name in enumerate(COUNTS, -2)}),
    few,
    few,
    st.integers(0, 10**6),
)


def test_the_buckets_are_fixed_and_reach_from_a_millisecond_to_an_hour() -> None:
    assert len(BOUNDS) == BUCKETS == 40
    assert (BOUNDS[0], BOUNDS[-1]) == (FIRST_S, LAST_S)
    assert all(b / a == pytest.approx(RATIO) for a, b in pairwise(BOUNDS))
    # Stored figures are counted by these numbers: another bound would change what old ones say.
    assert [round(bound * 1e6) for bound in BOUNDS[:5]] == [1000, 1473, 2169, 3194, 4704]
    assert ERROR < 0.214


@given(durations)
def test_every_duration_is_in_the_bucket_of_its_bounds(seconds: list[float]) -> None:
    taken = Durations()
    taken.take(seconds)
    slowly = [0] * (BUCKETS + 1)
    for one in seconds:
        slowly[next((n for n, bound in enumerate(BOUNDS) if one <= bound), BUCKETS)] += 1
    assert taken.counts == slowly
    assert taken.total == len(seconds)
    assert taken.longest_us == int(1e6 * max(seconds, default=0) + 0.5)


@given(durations.filter(bool), st.sampled_from([*QUANTILES, 0.01, 1.0]))
def test_a_percentile_is_right_within_the_error(seconds: list[float], part: float) -> None:
    taken = Durations()
    taken.take(seconds)
    (found,) = taken.percentiles((part,))
    true = sorted(seconds)[max(math.ceil(part * len(seconds)), 1) - 1]
    assert found is not None
    assert found <= max(seconds) + 1e-6
    if true <= FIRST_S:
        assert abs(found - true) <= FIRST_S
    elif true <= LAST_S:
        assert true / (1 + ERROR) - 2e-6 <= found <= true * (1 + ERROR) + 2e-6
    else:
        assert found >= LAST_S


def test_nothing_measured_has_no_percentile() -> None:
    assert Durations().percentiles() == (None, None, None)


@given(st.lists(figures, max_size=5), st.randoms())
def test_figures_add_up_in_any_order_and_grouping(parts: list[Figures], random: st.DataObject) -> None:
    whole = joined(parts)
    cut = len(parts) // 2
    assert joined([joined(parts[:cut]), joined(parts[cut:])]) == whole
    shuffled = list(parts)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert joined(shuffled) == whole
    assert all(getattr(whole, name) == sum(getattr(part, name) for part in parts) for name in COUNTS)


@given(st.lists(figures, max_size=3))
def test_figures_come_back_as_they_were_stored(parts: list[Figures]) -> None:
    assert decode_list(b"[" + b",".join(encode(part) for part in parts) + b"]") == parts


def test_what_happened_once_is_stored_in_few_bytes() -> None:
    assert encode(measured([0.004], [0.02], started=1, completed=1)) == (
        b'{"started":1,"completed":1,"wait":[4,1],"wait_us":4000,"wait_max_us":4000,"run":[8,1],"run_us":20000,'
        b'"run_max_us":20000}'
    )


def test_fields_of_a_later_version_are_left_out() -> None:
    assert decode_list(b'[{"started":2,"invented":[1]}]') == [Figures(started=2)]


HELD = ClaimedJob(
    UUID(int=7), "t", b"{}", "q", 0, "default", 0.1, (), 1, 2, 0, 0, 3, NOON, NOON, None, 3, None
)  # fmt: skip


@pytest.mark.parametrize(
    ("outcome", "job", "counts"),
    [
        (Succeeded(), HELD, {"completed": 1}),
        (HandedBack(), HELD, {"returned": 1}),
        (Failed(ERROR_JSON), HELD, {"failed": 1, "retried": 1}),
        (Failed(ERROR_JSON, retry=False), HELD, {"failed": 1, "dead": 1}),
        (TimedOut(ERROR_JSON), HELD, {"failed": 1, "timed_out": 1, "retried": 1}),
        (Crashed(), HELD, {"failed": 1, "crashed": 1, "retried": 1}),
        (Crashed(), msgspec.structs.replace(HELD, crashes=2), {"failed": 1, "crashed": 1, "dead": 1}),
        (Lost(), HELD, {"failed": 1, "lost": 1, "retried": 1}),
        (Discarded(ERROR_JSON), HELD, {"failed": 1, "dead": 1}),
        (Snoozed(5), HELD, {"snoozed": 1}),
        (Stopped(by_handler=False), HELD, {"cancelled": 1}),
    ],
)
def test_each_end_of_an_attempt_is_counted(outcome: Outcome, job: ClaimedJob, counts: dict[str, int]) -> None:
    change = decide(job, outcome, rand=0.0)
    total = Total()
    count_end(total, change)
    assert {name: total[name] for name in COUNTS if total[name]} == counts
    assert total.failed_job == (HELD.id if "failed" in counts else None)


def test_arrivals_are_what_left_the_backlog_and_its_growth() -> None:
    assert arrived([10, 0, 5], [0, 0, 1], [0, 2, 0], [0, 4, 4, 0]) == [14, 2, 0]


def test_arrivals_are_unknown_where_the_backlog_was_not_counted() -> None:
    assert arrived([1, 1, 1], [0] * 3, [0] * 3, [0, None, 0, 0]) == [None, None, 1]


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=30))
def test_arrivals_are_exact_where_the_figures_are(steps: list[tuple[int, int]]) -> None:
    """Jobs arrive, and some of those that are there start."""
    backlog, started = [0], []
    for came, wanted in steps:
        started.append(min(wanted, backlog[-1] + came))
        backlog.append(backlog[-1] + came - started[-1])
    zeros = [0] * len(steps)
    assert arrived(started, zeros, zeros, backlog) == [came for came, _ in steps]


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(-9, 9)), min_size=1, max_size=30))
def test_arrivals_are_never_negative_and_add_up_while_figures_come_late(steps: list[tuple[int, int]]) -> None:
    """The backlog was counted some seconds beside the figures: sums differ by at most what is still owed."""
    started = [count for count, _ in steps]
    backlog: list[int | None] = [0, *[9 + shift for _, shift in steps]]
    zeros = [0] * len(steps)
    found = arrived(started, zeros, zeros, backlog)
    assert all(count is not None and count >= 0 for count in found)
    true = list(accumulate(started))[-1] + (backlog[-1] or 0)
    assert 0 <= sum(count or 0 for count in found) - true <= 18
