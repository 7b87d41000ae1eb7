"""How far a list searches: through which ids, and through how many at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from taskflowmq.core.ids import lowest_id
from taskflowmq.core.job import JobFilter, JobView
from taskflowmq.ports.store import MAX_PAGE_BYTES

#: An id carries the time at which its program made it; ``created_at`` is the store's time when it stored the job. Lists
#: by time search this much further on both sides; a job whose two times differ by more may be missing from them. (Ids
#: may be a day off. Searching a day of other jobs for the few that are would make every list by time slow.)
APART = timedelta(minutes=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_HIGHEST = UUID(int=2**128 - 1)
_LAST_MS = 2**48 - 1


#: Most ids that are searched for one page: if few fit, the page stays short. The first window is what a page takes if
#: all fit; each that follows is larger.
LOOKED, _GROWTH, _SMALLEST = 5_000, 8, 50


class Bounds(NamedTuple):
    """Ids not below ``lowest``, and below ``below``."""

    lowest: UUID
    below: UUID


def id_bounds(query: JobFilter) -> Bounds:
    """Return between which ids the jobs of a filter lie."""
    lowest, below = UUID(int=0), _HIGHEST
    if query.created_after is not None:
        lowest = _id_at(_ms(query.created_after) - APART // _MILLISECOND)
    if query.created_before is not None:
        below = _id_at(_ms(query.created_before) + APART // _MILLISECOND + 1)
    return Bounds(lowest, below)


def windows(limit: int) -> Iterator[int]:
    """Yield how many ids to read, one window after the other, until enough were read."""
    size, left = max(limit + 1, _SMALLEST), max(limit + 1, LOOKED)
    while left > 0:
        yield size
        left -= size
        size = min(_GROWTH * size, left)


def that_fit(views: Sequence[JobView], held: int) -> int:
    """Return how many jobs still fit on a page.

    Args:
        views: the jobs, in the page's order.
        held: bytes that the page has already; the first job of a page always fits.
    """
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
