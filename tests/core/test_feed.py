"""What the live feed decides: when to tick, whether to ask, what has changed."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskflowmq.core import feed
from taskflowmq.core.feed import (
    Changes,
    JobProbe,
    Pace,
    PageNews,
    PageProbe,
    Throttle,
    differing,
    held_at_first,
    news_of,
    why_resync,
)
from taskflowmq.core.job import State

NOON = datetime(2031, 5, 6, 12, 0, tzinfo=UTC)


def probe(number: int, state: State = State.PENDING, lease_no: int = 0) -> JobProbe:
    return JobProbe(UUID(int=number), state, None, 1, 0, lease_no, NOON, None, None, None, None, None, "default", 0)


def ids(*numbers: int) -> tuple[UUID, ...]:
    return tuple(UUID(int=number) for number in numbers)


# ---------------------------------------------------------------------------------------------------------- pace


def pauses(*ticks: float, rest_s: float = 0.0) -> list[float]:
    """Return the pause after each of ticks that take so long and come when they are due."""
    pace, now, found = Pace(), 100.0, []
    for took in ticks:
        now = max(now, pace.next_at)
        pace.begin()
        pace.end(took, now := now + took, rest_s)
        found.append(pytest.approx(pace.next_at - now))
    return found


@pytest.mark.parametrize(("took", "pause"), [(0.0, 0.25), (0.01, 0.25), (0.05, 1.0), (0.1, 2.0), (30.0, 2.0)])
def test_between_ticks_is_twenty_times_what_they_take(took: float, pause: float) -> None:
    assert pauses(*[took] * 40)[-1] == pytest.approx(pause, rel=1e-3)


def test_the_rest_after_one_long_tick_is_spread_over_the_next_ones() -> None:
    assert pauses(0.001, 0.1, 0.001, 0.001, 0.001, 0.001, 0.001) == [0.25, 0.5, 0.38, 0.29, 0.25, 0.25, 0.25]


def test_a_stall_holds_up_no_more_than_some_ticks() -> None:
    found = pauses(60.0, *[0.001] * 9)
    assert found[0] == 2.0
    assert found[-1] == 0.25


def test_after_a_failure_it_rests() -> None:
    assert pauses(0.001, rest_s=2.0) == [2.0]


def test_the_first_tick_comes_at_once() -> None:
    assert Pace().next_at < 0


def test_a_write_brings_the_next_tick_forward_once() -> None:
    pace = Pace()
    pace.end(0.001, 100.0)
    pace.ring()
    assert pace.next_at == pytest.approx(100.1)
    pace.begin()
    pace.end(0.001, 100.1)
    assert pace.next_at == pytest.approx(100.35)


def test_a_write_during_a_tick_brings_the_next_one_forward() -> None:
    pace = Pace()
    pace.begin()
    pace.ring()
    pace.end(0.001, 100.0)
    assert pace.next_at == pytest.approx(100.1)


@given(st.lists(st.tuples(st.floats(0, 0.1), st.booleans()), min_size=1, max_size=50))
def test_ticks_take_a_twentieth_of_the_time_in_the_end_however_often_it_rings(ticks: list[tuple[float, bool]]) -> None:
    pace, now, worked = Pace(), 0.0, 0.0
    for took, rings in ticks:
        now = max(now, pace.next_at)
        pace.begin()
        now += took
        worked += took
        pace.end(took, now)
        if rings:
            pace.ring()
    # What is owed at the end is still to come.
    assert worked <= (pace.next_at + feed.SPREAD * feed.LONGEST_S) / feed.SHARE


# ------------------------------------------------------------------------------------------------------- changes


def test_a_revision_that_stays_is_not_asked_about_until_a_commit_must_be_visible() -> None:
    changes = Changes(visible_after_s=2.0)
    assert changes.must_ask("a", 0.0)
    looks = [(now / 4, changes.must_ask("a", now / 4)) for now in range(1, 20)]
    assert [now for now, asks in looks if asks] == [0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0]
    assert changes.must_ask("b", 5.0)


def test_where_a_commit_is_visible_at_once_one_question_is_enough() -> None:
    changes = Changes(visible_after_s=0.0)
    assert changes.must_ask("a", 0.0)
    assert not changes.must_ask("a", 0.25)
    assert changes.must_ask("b", 0.5)


def test_an_unknown_revision_always_asks() -> None:
    changes = Changes(visible_after_s=0.0)
    assert all(changes.must_ask(None, now) for now in (0.0, 0.25, 0.5))


def test_a_store_that_says_nothing_was_written_is_asked_all_the_same_now_and_then() -> None:
    changes = Changes(visible_after_s=0.0)
    asked = [now for now in range(40) if changes.must_ask("a", float(now))]
    assert asked == [0, 15, 30]


@given(
    st.lists(st.tuples(st.floats(0.01, 3), st.floats(0, 2)), min_size=1, max_size=10),
    st.lists(st.floats(0.05, 2), min_size=80, max_size=80),
)
def test_every_commit_is_seen_by_a_question_soon_after_it_is_visible(
    commits: list[tuple[float, float]], pauses: list[float]
) -> None:
    """A commit moves the revision, and is visible up to two seconds later."""
    moved, at = [], 0.0
    for pause, delay in commits:
        at += pause
        moved.append((at, at + delay))
    changes, now, asked = Changes(visible_after_s=2.0), 0.0, []
    looks = []
    for pause in pauses:
        now += pause
        looks.append(now)
        if changes.must_ask(str(sum(moves <= now for moves, _ in moved)), now):
            asked.append(now)
    for moves, visible in moved:
        # The revision is seen at the first look; the commit is visible two seconds later, and the next look asks.
        seen = next((look for look in looks if look >= moves), None)
        due = None if seen is None else next((look for look in looks if look >= seen + 2), None)
        if due is not None:
            assert any(visible <= question <= due for question in asked)


def test_a_question_is_throttled_and_no_write_is_forgotten() -> None:
    throttle = Throttle(2.0)
    assert throttle.is_due(0.0)
    assert not throttle.is_due(5.0)
    throttle.wrote()
    assert throttle.is_due(5.0)
    throttle.wrote()
    assert not throttle.is_due(6.0)
    assert throttle.is_due(7.0)


# ---------------------------------------------------------------------------------------------------- what differs


def test_the_first_look_at_jobs_gives_all_of_them() -> None:
    found = differing({}, ids(1, 2), [probe(1)])
    assert found == {UUID(int=1): probe(1), UUID(int=2): None}


def test_only_what_moved_and_what_is_gone() -> None:
    before = {UUID(int=n): probe(n) for n in (1, 2, 3)} | {UUID(int=4): None}
    found = differing(before, ids(1, 2, 3, 4), [probe(1), probe(2, State.RUNNING, 1)])
    assert found == {UUID(int=2): probe(2, State.RUNNING, 1), UUID(int=3): None}


states = st.dictionaries(st.integers(1, 8), st.sampled_from([State.PENDING, State.RUNNING, State.DEAD]))


@given(st.lists(states, min_size=1, max_size=8), st.frozensets(st.integers(1, 8)))
def test_who_applies_every_difference_knows_the_jobs_as_they_are(
    history: list[dict[int, State]], watched: frozenset[int]
) -> None:
    known: dict[UUID, JobProbe | None] = {}
    for jobs in history:
        found = [probe(number, state) for number, state in jobs.items() if number in watched]
        changed = differing(known, ids(*watched), found)
        assert all(job_id not in known or known[job_id] != now for job_id, now in changed.items())
        known.update(changed)
        assert {one for one in known.values() if one is not None} == set(found)


def test_new_jobs_of_a_list_are_those_above_the_newest_that_is_held() -> None:
    first = PageProbe(ids(9, 7, 5, 3), None)
    held = held_at_first(first, UUID(int=7))
    assert news_of(first, held, UUID(int=7)) == PageNews(ids(9), exact=True)
    assert news_of(PageProbe(ids(11, 9, 7, 5, 3), None), held, UUID(int=7)) == PageNews(ids(11, 9), exact=True)


def test_a_job_that_comes_into_a_list_below_its_newest_is_new() -> None:
    held = held_at_first(PageProbe(ids(9, 7), None), UUID(int=9))
    assert news_of(PageProbe(ids(9, 8, 7), None), held, UUID(int=9)) == PageNews(ids(8), exact=True)
    assert news_of(PageProbe(ids(9, 7), None), held, UUID(int=9)) == PageNews((), exact=True)


def test_without_the_newest_id_the_first_look_is_what_the_reader_holds() -> None:
    held = held_at_first(PageProbe(ids(9, 7), None), None)
    assert news_of(PageProbe(ids(9, 7), None), held, None) == PageNews((), exact=True)
    assert news_of(PageProbe(ids(10, 9, 7), None), held, None) == PageNews(ids(10), exact=True)


def test_a_reader_of_an_empty_list_lacks_all_of_it() -> None:
    nothing = UUID(int=0)
    held = held_at_first(PageProbe(ids(9, 7), None), nothing)
    assert news_of(PageProbe(ids(9, 7), None), held, nothing) == PageNews(ids(9, 7), exact=True)


def test_a_page_full_of_new_jobs_is_not_exact_and_says_so_once() -> None:
    full = PageProbe(ids(*range(300, 200, -1)), UUID(int=201))
    news = news_of(full, frozenset(), UUID(int=5))
    assert (len(news.new), news.exact) == (feed.PAGE_IDS, False)
    later = news_of(PageProbe(ids(*range(400, 300, -1)), UUID(int=301)), frozenset(), UUID(int=5))
    assert news.says_more_than(None)
    assert not later.says_more_than(news)
    assert PageNews((), exact=True).says_more_than(later)


def test_a_search_that_ended_above_the_newest_that_is_held_is_not_exact() -> None:
    cut = PageProbe(ids(90), UUID(int=50))
    assert not news_of(cut, frozenset(), UUID(int=7)).exact
    assert news_of(cut, frozenset(), UUID(int=50)).exact


@pytest.mark.parametrize(
    ("changes", "took", "reason"),
    [(0, 0.1, None), (500, 5.0, None), (501, 0.1, "many_changes"), (0, 5.1, "slow"), (501, 5.1, "slow")],
)
def test_who_follows_too_much_asks_again(changes: int, took: float, reason: str | None) -> None:
    assert why_resync(changes, took) == reason
