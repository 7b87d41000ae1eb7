"""The order in which lanes are scanned: nothing overtakes a more urgent priority, and no queue or share starves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskflowmq.core.lanes import Turns


class Lane(NamedTuple):
    """A lane as the order sees it."""

    queue: str
    priority: int = 0
    share: str = ""
    tenant_id: int = 1


lanes = st.builds(Lane, st.sampled_from("abcd"), st.integers(-1, 1), st.sampled_from(("", "x", "y")), st.just(1))
lanes_of_tenants = st.builds(Lane, st.sampled_from("ab"), st.integers(-1, 1), st.just(""), st.integers(1, 3))
some_lanes = st.lists(lanes, unique=True, max_size=12)
limits = st.integers(1, 9)
#: What arrives before each claim, and how many jobs it takes.
histories = st.lists(st.tuples(st.dictionaries(lanes, st.integers(1, 20), max_size=4), limits), max_size=40)
histories_of_tenants = st.lists(
    st.tuples(st.dictionaries(lanes_of_tenants, st.integers(1, 20), max_size=4), limits), max_size=40
)


def claim(turns: Turns, ready: Counter[Lane], limit: int, found: Iterable[Lane] | None = None) -> Counter[Lane]:
    """Take jobs as an engine does: lane after lane, until there are enough."""
    taken: Counter[Lane] = Counter()
    for lane in turns.order([lane for lane in (ready if found is None else found) if ready[lane]]):
        count = min(ready[lane], limit - taken.total())
        if count:
            taken[lane] = count
    ready.subtract(taken)
    turns.took(taken.items())
    return taken


def firsts(turns: Turns, lanes: Sequence[Lane], count: int) -> str:
    """Return the queues of so many claims of one job from lanes that never run dry."""
    ready = Counter(dict.fromkeys(lanes, 1000))
    return "".join(lane.queue for _ in range(count) for lane in claim(turns, ready, 1))


def test_no_lanes_and_one_lane() -> None:
    assert Turns().order([]) == []
    assert Turns().order([Lane("a")]) == [Lane("a")]


def test_queues_take_turns() -> None:
    assert firsts(Turns(), [Lane("b"), Lane("c"), Lane("a")], 7) == "abcabca"


def test_shares_take_turns_within_the_turns_of_their_queue() -> None:
    mine = [Lane("a", 0, ""), Lane("a", 0, "x"), Lane("b")]
    turns, ready = Turns(), Counter(dict.fromkeys(mine, 1000))
    taken = [lane for _ in range(8) for lane in claim(turns, ready, 1)]
    assert taken == [mine[0], mine[2], mine[1], mine[2]] * 2


def test_a_share_that_appears_later_is_next() -> None:
    turns, old = Turns(), Lane("a", 0, "")
    ready = Counter({old: 1000, Lane("b"): 1000})
    for _ in range(10):
        claim(turns, ready, 1)
    ready[Lane("a", 0, "x")] = 1000
    taken = Counter(lane for _ in range(40) for lane in claim(turns, ready, 1))
    assert taken[old] == taken[Lane("a", 0, "x")] == taken[Lane("b")] / 2 == 10


def test_a_queue_that_was_idle_makes_up_for_nothing() -> None:
    turns = Turns()
    assert firsts(turns, [Lane("a"), Lane("b")], 100).count("a") == 50
    assert firsts(turns, [Lane("a"), Lane("b"), Lane("c")], 9).count("c") == 3


def test_what_is_remembered_does_not_grow_with_the_names_that_were_seen() -> None:
    turns = Turns()
    for number in range(1000):
        claim(turns, Counter({Lane("steady"): 100, Lane(f"queue-{number}"): 1}), 7)
    (kept,) = turns._queues.values()
    assert len(kept) < 10
    assert max(kept.values()) <= 7
    assert turns._tenants == {}


def test_tenants_take_turns_however_many_queues_they_have() -> None:
    mine = [Lane("a"), Lane("b"), Lane("c"), Lane("a", tenant_id=2)]
    turns, ready = Turns(), Counter(dict.fromkeys(mine, 1000))
    taken = [lane for _ in range(6) for lane in claim(turns, ready, 1)]
    assert taken == [mine[0], mine[3], mine[1], mine[3], mine[2], mine[3]]


def test_a_tenant_that_was_idle_makes_up_for_nothing() -> None:
    turns, one, two = Turns(), Lane("a", tenant_id=1), Lane("a", tenant_id=2)
    ready = Counter({one: 1000, two: 1})
    for _ in range(50):
        claim(turns, ready, 1)
    ready[two] = 1000
    assert Counter(lane for _ in range(10) for lane in claim(turns, ready, 1)) == {one: 5, two: 5}


def test_what_is_remembered_does_not_grow_with_the_tenants_that_were_seen() -> None:
    turns = Turns()
    for number in range(1000):
        claim(turns, Counter({Lane("a"): 100, Lane("a", tenant_id=2 + number): 1}), 7)
    assert len(turns._tenants[0]) < 10
    assert max(turns._tenants[0].values()) <= 7


@given(histories_of_tenants, limits)
def test_of_two_tenants_with_jobs_none_gets_ahead_by_more_than_a_claim(
    history: list[tuple[dict[Lane, int], int]], most: int
) -> None:
    turns, mine = Turns(), (Lane("full", tenant_id=8), Lane("full", tenant_id=9))
    ready, taken = Counter(dict.fromkeys(mine, 10_000)), Counter[Lane]()
    for arrivals, limit in history:
        ready.update(arrivals)
        taken.update(claim(turns, ready, min(limit, most)))
        assert abs(taken[mine[0]] - taken[mine[1]]) <= most


@given(some_lanes, histories)
def test_every_lane_once_and_by_priority(lanes: list[Lane], history: list[tuple[dict[Lane, int], int]]) -> None:
    turns, ready = Turns(), Counter[Lane]()
    for arrivals, limit in history:
        ready.update(arrivals)
        claim(turns, ready, limit)
    order = turns.order(lanes)
    assert Counter(order) == Counter(lanes)
    assert [lane.priority for lane in order] == sorted(lane.priority for lane in lanes)
    # The lanes of one queue follow each other, so that a queue has one turn however it is divided.
    seen = [lane[:2] for lane in order]
    assert len({*seen}) == sum(one != before for one, before in zip(seen, [None, *seen], strict=False))


@given(st.data(), some_lanes, histories)
def test_the_order_in_which_lanes_are_given_makes_no_difference(
    data: st.DataObject, lanes: list[Lane], history: list[tuple[dict[Lane, int], int]]
) -> None:
    turns, ready = Turns(), Counter[Lane]()
    for arrivals, limit in history:
        ready.update(arrivals)
        claim(turns, ready, limit)
    assert turns.order(lanes) == turns.order(data.draw(st.permutations(lanes)))


@given(histories, limits)
def test_of_two_queues_with_jobs_none_gets_ahead_by_more_than_a_claim(
    history: list[tuple[dict[Lane, int], int]], most: int
) -> None:
    """Whatever others do, in their priority and before it."""
    turns, mine = Turns(), (Lane("full-1"), Lane("full-2"))
    ready, taken = Counter(dict.fromkeys(mine, 10_000)), Counter[Lane]()
    for arrivals, limit in history:
        ready.update(arrivals)
        taken.update(claim(turns, ready, min(limit, most)))
        assert abs(taken[mine[0]] - taken[mine[1]]) <= most


@given(histories, limits)
def test_of_two_shares_with_jobs_none_gets_ahead_by_more_than_a_claim(
    history: list[tuple[dict[Lane, int], int]], most: int
) -> None:
    turns, mine = Turns(), (Lane("a", 0, "full-1"), Lane("a", 0, "full-2"))
    ready, taken = Counter(dict.fromkeys(mine, 10_000)), Counter[Lane]()
    for arrivals, limit in history:
        ready.update(arrivals)
        taken.update(claim(turns, ready, min(limit, most)))
        assert abs(taken[mine[0]] - taken[mine[1]]) <= most


@given(histories, st.integers(1, 4))
def test_nothing_starves(history: list[tuple[dict[Lane, int], int]], newcomers: int) -> None:
    """A lone job of the last name is taken once each lane beside it had its turn, however many come after it."""
    turns, ready = Turns(), Counter[Lane]()
    for arrivals, limit in history:
        ready.update(arrivals)
        claim(turns, ready, limit)
    ready = Counter({Lane(name): 10_000 for name in "abcd"[:newcomers]})
    lone = Lane("z")
    ready[lone] = 1
    taken = [lane for _ in range(newcomers + 1) for lane in claim(turns, ready, 1)]
    assert lone in taken


@pytest.mark.parametrize("spent", [Lane("a", -1), Lane("b", -1)])
def test_claims_of_another_priority_take_no_turn_away(spent: Lane) -> None:
    turns, ready = Turns(), Counter({Lane("a"): 100, Lane("b"): 100})
    taken = Counter[str]()
    for _ in range(10):
        ready[spent] += 1
        assert list(claim(turns, ready, 1)) == [spent]
        taken.update(lane.queue for lane in claim(turns, ready, 1))
    assert taken == {"a": 5, "b": 5}
