"""Pages of lists, for both engines: through which ids a list searches, how many at a time, and for how long."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol, TypeVar
from uuid import UUID

from taskflowmq.core.ids import lowest_id
from taskflowmq.core.job import FINAL, JobFilter, Page, Sort, State
from taskflowmq.ports.store import FIRST_LOOK, MAX_PAGE_BYTES, PAGE_SLICE

#: An id carries the time at which its program made it; ``created_at`` is the store's time when it stored the job. Lists
#: by time search this much further on both sides; a job whose two times differ by more may be missing from them. (Ids
#: may be a day off. Searching a day of other jobs for the few that are would make every list by time slow.)
APART = timedelta(minutes=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_LOWEST, _HIGHEST = UUID(int=0), UUID(int=2**128 - 1)
_LAST_MS = 2**48 - 1

#: The first window is what a page takes if all fit; each that follows is so much larger, up to the largest: other reads
#: of the store wait for a window on SQLite, and about 30 ms for this one.
_GROWTH, LARGEST = 8, 20_000
#: Where each job of a window is read and decided by the process, and how many of them at once: the loop waits so long.
LARGEST_READ, READ_SLICE = 4_000, 500


class Viewed(Protocol):
    """What is the same of a job and of a row of a list."""

    @property
    def id(self) -> UUID: ...  # noqa: D102 - the names of JobView
    @property
    def state(self) -> State: ...  # noqa: D102
    @property
    def worker(self) -> str | None: ...  # noqa: D102
    @property
    def finished_at(self) -> datetime | None: ...  # noqa: D102
    @property
    def weight(self) -> int: ...  # noqa: D102


V = TypeVar("V", bound=Viewed)


class Stretch(NamedTuple):
    """Ids behind ``start``, in the order of a list, and not beyond ``end``: below and not below it for the newest
    first, above and below it for the oldest first.
    """

    start: UUID
    end: UUID


class Found(NamedTuple):
    """Ids that fit, in the order of the list, if possible one more than a page takes."""

    ids: list[UUID]
    #: Where the search ended; None: at the end of the list.
    last: UUID | None
    #: How many ids were examined.
    looked: int


class Window(NamedTuple):
    """What was found among some ids: those that fit, in the order of the list, how many there were, and the last."""

    fit: list[UUID]
    looked: int
    last: UUID | None


#: Reads a window: of a stretch, up to this many ids; returns up to this many that fit.
Find = Callable[[Stretch, int, int], Awaitable[Window]]
#: Reads jobs of the filter's tenant by their ids, in the order of ids.
Read = Callable[[str, Sequence[UUID]], Awaitable[list[V]]]


def states_of(query: JobFilter) -> tuple[State, ...] | None:
    """Return the states that jobs of a filter can have, none for any state; None if no job can fit."""
    possible = frozenset(State)
    if query.worker is not None:
        possible &= FINAL | {State.RUNNING}
    if query.finished_after is not None or query.finished_before is not None:
        possible &= FINAL
    if len(possible) == len(State):
        return query.states
    return tuple(state for state in State if state in possible and (not query.states or state in query.states)) or None


def stretch_of(query: JobFilter, before: UUID | None) -> Stretch:
    """Return through which ids a list searches, behind the page that ended with ``before``."""
    lowest, below = _LOWEST, _HIGHEST
    if query.created_after is not None:
        lowest = _id_at(_ms(query.created_after) - APART // _MILLISECOND)
    # What finished before a time was created before it.
    times = [at for at in (query.created_before, query.finished_before) if at is not None]
    if times:
        below = _id_at(_ms(min(times)) + APART // _MILLISECOND + 1)
    if query.sort is Sort.NEWEST:
        return Stretch(below if before is None else min(before, below), lowest)
    first = UUID(int=max(lowest.int - 1, 0))
    return Stretch(first if before is None else max(before, first), below)


def windows(
    limit: int, seconds: float, clock: Callable[[], float] = time.monotonic, largest: int = LARGEST
) -> Iterator[int]:
    """Yield how many ids to read, one window after the other, until the time is over.

    Args:
        limit: jobs of the page.
        seconds: how long to search; there is one window in any case.
        clock: monotonic seconds.
        largest: most ids of a window, but for the first.
    """
    until = clock() + seconds
    size = max(limit + 1, FIRST_LOOK)
    while True:
        began = clock()
        yield size
        now = clock()
        # No larger than what the time that is left is enough for.
        affordable = int((until - now) * size / max(now - began, 1e-4))
        if affordable < FIRST_LOOK:
            return
        size = min(_GROWTH * size, max(largest, limit + 1), affordable)


async def read_page(
    query: JobFilter, limit: int, stretch: Stretch, sizes: Iterator[int], find: Find, read: Read[V]
) -> Page[V]:
    """Return one page of a list.

    Args:
        query: which jobs.
        limit: most jobs on the page.
        stretch: where to search.
        sizes: of the windows, until the search shall end.
        find: finds ids.
        read: reads what the page shows of them.
    """
    found, last, looked = await search(limit, stretch, sizes, find)
    complete = last is None or len(found) >= limit
    items: list[V] = []
    shown = size = 0
    while shown < min(limit, len(found)):
        part = found[shown : min(shown + PAGE_SLICE, limit)]
        views = await read(query.tenant, part)
        if query.sort is Sort.NEWEST:
            views.reverse()
        count = _that_fit(views, size)
        # A job may have moved between the statements: only jobs that the filter asked for are shown.
        items += [view for view in views[:count] if _still_fits(query, view)]
        if count < len(views):
            return Page(items, views[count - 1].id if count else found[shown - 1], looked, True)
        size += sum(view.weight for view in views)
        shown += len(part)
    return Page(items, found[shown - 1] if shown < len(found) else last, looked, complete)


async def search(limit: int, stretch: Stretch, sizes: Iterator[int], find: Find) -> Found:
    """Return the ids of a page; arguments as for :func:`read_page`."""
    found: list[UUID] = []
    looked = 0
    for size in sizes:
        window = await find(stretch, size, limit + 1 - len(found))
        found += window.fit
        looked += window.looked
        if len(found) > limit:
            break
        if window.looked < size or window.last is None:
            return Found(found, None, looked)
        stretch = stretch._replace(start=window.last)
    return Found(found, stretch.start, looked)


def _still_fits(query: JobFilter, view: Viewed) -> bool:
    if query.states and view.state not in query.states:
        return False
    if query.worker is not None and view.worker != str(query.worker):
        return False
    after, before, at = query.finished_after, query.finished_before, view.finished_at
    if after is None and before is None:
        return True
    return at is not None and (after is None or at >= after) and (before is None or at < before)


def _that_fit(views: Sequence[Viewed], held: int) -> int:
    """Return how many jobs still fit on a page that has ``held`` bytes already; its first job always fits."""
    count = 0
    for view in views:
        held += view.weight
        if held > MAX_PAGE_BYTES and held > view.weight:
            break
        count += 1
    return count


def _id_at(at_ms: int) -> UUID:
    return lowest_id(min(max(at_ms, 0), _LAST_MS))


def _ms(at: datetime) -> int:
    return (at - _EPOCH) // _MILLISECOND
