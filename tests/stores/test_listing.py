"""How far the search for a page goes: by the time that it may take, and by what it found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from taskflowmq.core.ids import lowest_id
from taskflowmq.core.job import FINAL, JobFilter, Sort, State
from taskflowmq.ports.store import FIRST_LOOK, SEARCH_S
from taskflowmq.stores.common.listing import (
    LARGEST,
    Stretch,
    Window,
    read_page,
    states_of,
    stretch_of,
    windows,
)

NOON = datetime(2031, 5, 6, 12, 0, tzinfo=UTC)
WORKER = UUID(int=7)


class Watch:
    """Monotonic seconds that pass with the ids that are read."""

    def __init__(self, ids_per_second: float) -> None:
        self.now = 100.0
        self._pace = ids_per_second

    def __call__(self) -> float:
        return self.now

    def read(self, size: int) -> None:
        self.now += size / self._pace


def sizes(limit: int, seconds: float, ids_per_second: float) -> list[int]:
    """Return the windows of a search that finds nothing."""
    watch = Watch(ids_per_second)
    found = []
    for size in windows(limit, seconds, watch):
        found.append(size)
        watch.read(size)
    return found


def test_windows_grow_and_the_last_ends_in_time() -> None:
    found = sizes(50, 0.25, 400_000)
    assert found[:4] == [51, 408, 3264, LARGEST]
    assert sum(found) == pytest.approx(100_000, rel=0.01)


def test_a_slow_store_is_asked_for_less() -> None:
    found = sizes(50, 0.25, 2_000)
    assert found[0] == 51
    assert sum(found) <= 500


@pytest.mark.parametrize(("limit", "first"), [(1, FIRST_LOOK), (200, 201)])
def test_there_is_one_window_in_any_case(limit: int, first: int) -> None:
    assert sizes(limit, 0, 1_000_000) == [first]
    assert sizes(limit, SEARCH_S, 10) == [first]


@pytest.mark.parametrize(
    ("wanted", "states"),
    [
        ({}, ()),
        ({"states": (State.DEAD,)}, (State.DEAD,)),
        ({"worker": WORKER}, {State.RUNNING, *FINAL}),
        ({"worker": WORKER, "states": (State.PENDING, State.RUNNING)}, {State.RUNNING}),
        ({"finished_after": NOON}, FINAL),
        ({"finished_before": NOON, "worker": WORKER, "states": (State.DEAD, State.RUNNING)}, {State.DEAD}),
        ({"finished_after": NOON, "states": (State.RUNNING,)}, None),
        ({"worker": WORKER, "states": (State.PENDING,)}, None),
    ],
)
def test_which_states_can_fit(wanted: dict[str, object], states: Sequence[State] | None) -> None:
    found = states_of(JobFilter(**wanted))  # type: ignore[arg-type]
    assert (None if found is None else set(found)) == (None if states is None else set(states))


def test_what_ended_before_a_time_was_made_before_it() -> None:
    query = JobFilter(finished_before=NOON, created_before=NOON + timedelta(hours=1))
    assert stretch_of(query, None).start == stretch_of(JobFilter(created_before=NOON), None).start


def test_the_oldest_first_begin_where_the_newest_first_end() -> None:
    query = JobFilter(created_after=NOON, created_before=NOON + timedelta(hours=1))
    newest, oldest = stretch_of(query, None), stretch_of(msgspec.structs.replace(query, sort=Sort.OLDEST), None)
    assert (oldest.start.int + 1, oldest.end) == (newest.end.int, newest.start)
    inside = lowest_id(int(NOON.timestamp() * 1000))
    assert stretch_of(query, inside) == Stretch(inside, newest.end)
    assert stretch_of(msgspec.structs.replace(query, sort=Sort.OLDEST), inside) == Stretch(inside, oldest.end)


async def test_a_search_that_ran_out_of_time_continues_behind_what_it_looked_at() -> None:
    async def find(stretch: Stretch, size: int, most: int) -> Window:
        return Window([], size, UUID(int=stretch.start.int - size))

    async def read(tenant: str, ids: Sequence[UUID]) -> list[object]:
        raise AssertionError("nothing fits")

    start = Stretch(UUID(int=10_000), UUID(int=0))
    page = await read_page(JobFilter(), 10, start, iter((50, 400)), find, read)  # type: ignore[arg-type]
    assert (page.items, page.next, page.looked_at, page.complete) == ([], UUID(int=9_550), 450, False)
