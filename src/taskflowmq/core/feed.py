"""The live feed: what moves of a job, what has changed since the last tick, and when the next tick comes.

A tick is one round of questions for everything that open streams show. Nothing here asks or waits. Times are monotonic
seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from datetime import datetime
from uuid import UUID

import msgspec

from taskflowmq.core.job import Reason, State

#: From one tick to the next, in seconds: at least, at least if something was written, and at most.
TICK_S, EDGE_S, LONGEST_S = 0.25, 0.1, 2.0
#: Ticks take at most one part in this many of the time, unless each takes a twentieth of :data:`LONGEST_S`.
SHARE = 20
#: The rest that a long tick demands is spread: each pause takes one part in this many of what is owed. Every other
#: second a tick counts jobs too; after that one alone, rows would stand still for twenty times as long.
SPREAD = 4
#: A store that says that nothing was written is asked all the same after this long: leases end without a write, and a
#: commit that waits for a replica becomes visible without another.
ANYWAY_S = 15.0
#: Ids of a page that are looked at.
PAGE_IDS = 100
#: More changes in one tick, or a longer tick, are not shown one by one.
MOST_CHANGES, SLOW_TICK_S = 500, 5.0


class JobProbe(msgspec.Struct, frozen=True, gc=False):
    """The fields of a job that change during its life, but for its result and its error."""

    id: UUID
    state: State
    reason: Reason | None
    round: int
    attempt: int
    lease_no: int
    run_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    worker: str | None
    raw_progress: bytes | None
    cancel_requested_at: datetime | None
    queue: str
    priority: int


class PageProbe(msgspec.Struct, frozen=True, gc=False):
    """The beginning of a list: ids, newest first.

    Attributes:
        ids: of the newest jobs that fit.
        reached: the id below which nothing was searched; None if the search came to its end.
    """

    ids: tuple[UUID, ...]
    reached: UUID | None


class PageNews(msgspec.Struct, frozen=True, gc=False):
    """What a list begins with that its reader does not hold.

    Attributes:
        new: ids, newest first.
        exact: whether these are all.
    """

    new: tuple[UUID, ...]
    exact: bool

    def says_more_than(self, other: PageNews | None) -> bool:
        """Tell whether a reader of ``other`` learns something: of a page that is full of new jobs, only that it is."""
        if other is None:
            return True
        full = len(self.new) == len(other.new) == PAGE_IDS and not self.exact and not other.exact
        return self != other and not full


class Pace:
    """When the next tick comes."""

    def __init__(self) -> None:
        self._ended = float("-inf")
        self._owed = self._least = 0.0
        self.is_rung = False

    def ring(self) -> None:
        """Take note that something was written: the next tick comes early."""
        self.is_rung = True

    def begin(self) -> None:
        """Begin a tick: what was written before is seen by it."""
        self.is_rung = False

    def end(self, took_s: float, now: float, rest_s: float = 0.0) -> None:
        """End a tick.

        Args:
            took_s: for how long it asked.
            now: when.
            rest_s: the shortest pause after it.
        """
        rested = now - took_s - self._ended
        owed = max(self._owed - rested, 0.0) + SHARE * took_s
        self._owed, self._ended, self._least = min(owed, SPREAD * LONGEST_S), now, rest_s

    @property
    def next_at(self) -> float:
        """When the next tick is due, as far as is known now."""
        least = EDGE_S if self.is_rung else TICK_S
        return self._ended + min(max(self._owed / SPREAD, self._least, least), LONGEST_S)


class Changes:
    """Whether a tick must ask, by the store's revision.

    Args:
        visible_after_s: how long after a change of the revision the commit that changed it may be invisible.
    """

    def __init__(self, visible_after_s: float) -> None:
        self._visible_after = visible_after_s
        self._revision: str | None = None
        self._until = self._asked = float("-inf")

    def must_ask(self, revision: str | None, now: float) -> bool:
        """Tell whether something may have become visible since the last time that this was true.

        Args:
            revision: the store's, read now; None: unknown.
            now: when.
        """
        moved = revision is None or revision != self._revision
        if moved:
            self._revision, self._until = revision, now + self._visible_after
        # The last question about a commit is asked when it must be visible, not before.
        if not moved and self._asked >= self._until and now - self._asked < ANYWAY_S:
            return False
        self._asked = now
        return True


class Throttle:
    """A question that is asked again only after something was written, and at most once per ``seconds``."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._stale = True
        self._asked = float("-inf")

    def wrote(self) -> None:
        """Take note that the answer may be another one now."""
        self._stale = True

    def is_due(self, now: float) -> bool:
        """Tell whether to ask now; if so, this counts as asked."""
        if not self._stale or now - self._asked < self._seconds:
            return False
        self._stale, self._asked = False, now
        return True


def differing(
    before: Mapping[UUID, JobProbe | None], asked: Iterable[UUID], found: Iterable[JobProbe]
) -> dict[UUID, JobProbe | None]:
    """Return the jobs that are not as they were, by id; None for a job that is gone.

    Args:
        before: what was known of jobs, None for a job that was not there.
        asked: the ids that were probed.
        found: the jobs of them that exist.
    """
    now: dict[UUID, JobProbe | None] = dict.fromkeys(asked)
    now.update((probe.id, probe) for probe in found)
    return {job_id: probe for job_id, probe in now.items() if job_id not in before or before[job_id] != probe}


def held_at_first(page: PageProbe, top: UUID | None) -> frozenset[UUID]:
    """Return the ids of a page that its reader holds when a stream begins: those not above ``top``; None means all."""
    return frozenset(job_id for job_id in page.ids if top is None or job_id <= top)


def news_of(page: PageProbe, held: Set[UUID], top: UUID | None) -> PageNews:
    """Return what a reader lacks of a page.

    Args:
        page: as it is now.
        held: what the reader held of it in the beginning.
        top: the newest id that the reader holds, None if that is unknown.
    """
    new = tuple(job_id for job_id in page.ids if job_id not in held)
    newest = max(held, default=None) if top is None else top
    searched = page.reached is None or (newest is not None and page.reached <= newest)
    return PageNews(new, searched and len(new) < PAGE_IDS)


def why_resync(changes: int, took_s: float) -> str | None:
    """Return why a reader must ask for its lists again instead of following a tick; None if it need not."""
    if took_s > SLOW_TICK_S:
        return "slow"
    return "many_changes" if changes > MOST_CHANGES else None
