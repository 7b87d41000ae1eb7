"""Counting failures by kind, and what a reader may ask of groups."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from taskflowmq.core.error_groups import (
    MOST_GROUPS,
    MOST_KINDS,
    Excess,
    GroupCounts,
    GroupSort,
    Tally,
    check_query,
    check_until,
    excess_of,
    occurrences_of,
)
from taskflowmq.core.errors import InvalidJob
from taskflowmq.core.fingerprint import ErrorKind
from taskflowmq.core.job import Counters, Ended, HeldJob, JobKind, State
from taskflowmq.core.transitions import (
    Crashed,
    Discarded,
    HandedBack,
    Lost,
    Succeeded,
    Transition,
    decide,
    fingerprint_of,
)

NOON = datetime(2031, 5, 6, 12, 0, tzinfo=UTC)


def failure(mark: str, number: int = 1) -> Transition:
    """Return a transition of an attempt that failed so."""
    return Transition(
        job_id=UUID(int=number),
        counters=Counters(),
        to=State.RETRYING,
        ended=Ended.FAILED,
        kind=ErrorKind(mark, "E", "m"),
    )


def test_failures_are_added_up_by_kind_with_their_ages() -> None:
    tally = Tally()
    assert not tally
    for at, number in ((10.0, 3), (11.0, 9), (12.5, 4)):
        tally.add("default", "t", failure("a", number), at)
    tally.add("default", "t", failure("b"), 13.0)
    one, other = tally.take(14.0)
    assert (one.count, one.first_age_ms, one.last_age_ms, one.job_id) == (3, 4_000, 1_500, UUID(int=9))
    assert (other.count, other.first_age_ms, other.last_age_ms) == (1, 1_000, 1_000)
    assert tally.take(15.0) == []


def test_a_process_counts_a_bounded_number_of_kinds() -> None:
    tally = Tally()
    for number in range(MOST_KINDS + 7):
        tally.add("default", "t", failure(f"{number:016x}"))
    tally.add("default", "t", failure(f"{0:016x}"))
    assert tally.left_out == 7
    taken = tally.take()
    assert (len(taken), taken[0].count) == (MOST_KINDS, 2)
    assert tally.left_out == 0


def test_what_was_deleted_is_told_by_what_most_of_it_was() -> None:
    rows = [("a", "E"), ("b", "E"), ("a", "F"), ("b", "E"), ("a", "G")]
    assert excess_of("t", rows) == Excess(tenant="t", count=5, task="b", type="E", alike=2)


def test_as_many_groups_as_are_kept_are_full() -> None:
    assert not GroupCounts(open=MOST_GROUPS - 2, resolved=1).full
    assert GroupCounts(open=MOST_GROUPS - 2, resolved=1, muted=1).full


def test_only_failures_have_a_kind() -> None:
    held = HeldJob(UUID(int=1), 1, Counters(attempt=1, lease_no=1), JobKind("default", "q", "t"))
    quiet = [decide(held, outcome, rand=0) for outcome in (Succeeded(b"1"), HandedBack())]
    assert [change.kind for change in quiet] == [None, None]
    loud = [decide(held, outcome, rand=0) for outcome in (Discarded(b"{}"), Crashed(), Lost())]
    assert [fingerprint_of(change) is not None for change in loud] == [True, False, False]  # of those only one is dead
    assert len(occurrences_of([(held, change) for change in (*quiet, *loud)])) == 3
    unknown = HeldJob(UUID(int=1), 1, Counters())
    assert decide(unknown, Lost(), rand=0).kind is None
    assert occurrences_of([(unknown, decide(unknown, Lost(), rand=0))]) == []


@pytest.mark.parametrize(
    ("wanted", "pointer"),
    [
        ({"state": "closed"}, "/state"),
        ({"sort": "name"}, "/sort"),
        ({"limit": 0}, "/limit"),
        ({"limit": 201}, "/limit"),
        ({"q": "x" * 201}, "/q"),
        ({"q": "a\0b"}, "/q"),
        ({"task": "a b"}, "/task"),
    ],
)
def test_a_wrong_argument_is_named(wanted: dict[str, str], pointer: str) -> None:
    with pytest.raises(InvalidJob) as raised:
        check_query("default", **wanted)
    assert raised.value.errors[0].pointer.endswith(pointer)


def test_a_query_has_defaults() -> None:
    query = check_query("default", q="  ")
    assert (query.state, query.text, query.sort, query.after) == (None, None, GroupSort.LAST, None)


@pytest.mark.parametrize("off", [timedelta(0), timedelta(seconds=-1), timedelta(days=400)])
def test_a_mute_ends_in_the_next_year(off: timedelta) -> None:
    assert check_until(NOON + timedelta(days=1), NOON) == NOON + timedelta(days=1)
    with pytest.raises(InvalidJob):
        check_until(NOON + off, NOON)
    with pytest.raises(InvalidJob):
        check_until((NOON + timedelta(days=1)).replace(tzinfo=None), NOON)
