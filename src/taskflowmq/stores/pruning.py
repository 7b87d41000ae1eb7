"""How ended jobs past their retention are found: by walking ids, because completed ones have no index of their own.

A job ends after its id was made, so everything past retention lies below one id, which moves with time. Below it lie
also those that stay: the dead, who are kept longer, and jobs that ended late. So each walk remembers how far it came
and goes on from there. Only once in a hundredth of the retention it begins again, for those that ended late.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple
from uuid import UUID

#: Ended jobs that one call looks at: a first stretch, and ever larger ones as long as nothing is found.
STRETCH, LONGEST, STRETCHES = 1_000, 16_000, 8
_GROWTH = 4
#: A job that ended late is deleted at most this part of its retention later than it could be.
_PASSES = 100
_LOWEST = UUID(int=0)


class Stretch(NamedTuple):
    """Some ended jobs in id order: those that may go, how many were looked at, and the last of them."""

    due: list[UUID]
    looked: int
    last: UUID | None


class Walk:
    """The way through the ended jobs of one state; kept by a process, and a new one only costs a longer look."""

    def __init__(self) -> None:
        self._at = _LOWEST
        self._began_ms = 0
        self._through = True

    async def next_due(
        self, look: Callable[[UUID, int], Awaitable[Stretch]], *, now_ms: int, kept_ms: int, most: int
    ) -> list[UUID]:
        """Look behind where the last call stopped, and return at most so many jobs that are past their retention.

        None are left for now if none are returned, or they lie behind many that stay: the next call goes on.
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


class Walks:
    """One walk per state and retention."""

    def __init__(self) -> None:
        self._walks: dict[tuple[str, int], Walk] = {}

    def of(self, state: str, kept_ms: int) -> Walk:
        """Return the walk of a state."""
        return self._walks.setdefault((state, kept_ms), Walk())
