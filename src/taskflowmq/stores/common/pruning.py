"""How ended jobs past their retention are found: by walking ids, because completed ones have no index of their own.

A job ends after its id was made, so everything past retention lies below one id, which moves with time. Below it are
also jobs that stay: dead ones, which are kept longer, and jobs that ended late. So each walk remembers how far it came
and continues from there. Once per hundredth of the retention it begins again, for the jobs that ended late.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

import msgspec

from taskflowmq.core.retention import DAY_MS, NEVER, QueueRetention, Retention

#: Ended jobs that one call reads: a first stretch, then ever larger ones as long as nothing is found.
STRETCH, LONGEST, STRETCHES = 1_000, 16_000, 8
_GROWTH = 4
#: A job that ended late is deleted at most this part of its retention later than it could be.
_PASSES = 100
_LOWEST = UUID(int=0)
#: Jobs that are dropped by days may be kept this much longer.
LATE_MS = 3 * DAY_MS


class Stretch(NamedTuple):
    """Some ended jobs in id order: those that may be deleted, how many were read, and the last of them."""

    due: list[UUID]
    looked: int
    last: UUID | None


class Walk:
    """The position in the ended jobs of one state. A process keeps it; losing it costs only a longer search."""

    def __init__(self) -> None:
        self._at = _LOWEST
        self._began_ms = 0
        self._through = True

    async def next_due(
        self, look: Callable[[UUID, int], Awaitable[Stretch]], *, now_ms: int, kept_ms: int, most: int
    ) -> list[UUID]:
        """Continue where the last call stopped, and return jobs that are past their retention, at most ``most``.

        If none are returned, none are left for now, or they lie behind many that stay: the next call continues.
        """
        if self._through and not 0 <= now_ms - self._began_ms < kept_ms // _PASSES:
            self._at, self._began_ms = _LOWEST, now_ms
        size = STRETCH
        for _ in range(STRETCHES):
            seen = await look(self._at, size)
            due = seen.due[:most]
            whole = len(due) == len(seen.due)
            self._at = (seen.last if whole else due[-1]) or self._at
            self._through = whole and seen.looked < size
            if due or self._through:
                return due
            size = min(_GROWTH * size, LONGEST)
        return []


class Rule(NamedTuple):
    """Which ended jobs are deleted: those of one state past an age, of all lanes but some, or of some lanes only."""

    state: str
    kept_ms: int
    lanes: tuple[int, ...] = ()
    only: bool = False
    counted: bool = False

    @property
    def key(self) -> tuple[object, ...]:
        """The key of its walk. If jobs are kept by number, their age limit moves, and the walk stays the same."""
        return (self.state, "counted") if self.counted else (self.state, self.kept_ms, self.only)


class Walks:
    """One walk per rule."""

    def __init__(self) -> None:
        self._walks: dict[tuple[object, ...], Walk] = {}

    def of(self, rule: Rule) -> Walk:
        """Return the walk of a rule."""
        return self._walks.setdefault(rule.key, Walk())


#: state → lane → its retention in milliseconds, or NEVER.
Exceptions = Mapping[str, Mapping[int, int]]


def read_exceptions(rows: Iterable[tuple[int, str]]) -> dict[str, dict[int, int]]:
    """Return the lanes whose queues have a retention of their own, from rows of list_retentions."""
    found: dict[str, dict[int, int]] = {}
    for lane, text in rows:
        own = msgspec.json.decode(text, type=QueueRetention)
        for state, kept in (("completed", own.completed_ms), ("cancelled", own.cancelled_ms), ("dead", own.dead_ms)):
            if kept is not None:
                found.setdefault(state, {})[lane] = kept
    return found


def rules_of(retention: Retention, exceptions: Exceptions, counted_ms: int | None) -> list[Rule]:
    """Return which jobs are deleted, given the retention of all queues and that of some.

    Args:
        retention: of all queues.
        exceptions: the lanes of queues that have one of their own.
        counted_ms: how long ago the newest ended job beyond the number to keep was made; None if there is none.
    """
    rules = []
    for state, kept in _ages(retention).items():
        own = exceptions.get(state, {})
        longer = [lane for lane, age in own.items() if age == NEVER or (kept is not None and age > kept)]
        if kept is not None:
            rules.append(Rule(state, kept, tuple(sorted(longer))))
        if counted_ms is not None and state != "dead" and (kept is None or counted_ms < kept):
            rules.append(Rule(state, counted_ms, tuple(sorted(own)), counted=True))
        differing = sorted(age for age in set(own.values()) if age not in (NEVER, kept))
        for age in differing:
            of_this_age = tuple(sorted(lane for lane in own if own[lane] == age))
            rules.append(Rule(state, age, of_this_age, only=True))
    return rules


def longest_of(retention: Retention, exceptions: Exceptions) -> Retention:
    """Return the longest retention of all queues: whole days may be dropped when it is over."""
    longest: dict[str, int | None] = {}
    for state, kept in _ages(retention).items():
        ages = [*exceptions.get(state, {}).values()]
        never = kept is None or NEVER in ages
        longest[f"{state}_ms"] = None if never else max([*ages, kept or 0])
    return Retention(**longest)


def history_ms(longest: Retention) -> int | None:
    """Return how long the store knows where an attempt ran, after its worker ended; None: without limit.

    As long as jobs are kept, whose days may be dropped late.
    """
    ages = _ages(longest).values()
    known = [age for age in ages if age is not None]
    return max(known) + LATE_MS if len(known) == len(ages) else None


def _ages(retention: Retention) -> dict[str, int | None]:
    return {
        "completed": retention.completed_ms,
        "cancelled": retention.cancelled_ms,
        "dead": retention.dead_ms,
    }
