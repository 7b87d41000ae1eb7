"""What both engines do alike with the history of jobs: which figures are due, and how their rows are joined."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from taskflowmq.core.history import HOUR_S, MINUTE_S, SETTLED_S, Figures, HistoryKept, encode
from taskflowmq.core.job import JobKind
from taskflowmq.ports.store import StepFigures

#: Minutes that are joined in one transaction; more only wait after a time without a duty.
MOST_MINUTES = 10
#: How long after its start a minute's backlog may be counted.
SOON_MS = 10_000


class CommonHistory(ABC):
    """The parts of a history that do not differ by engine."""

    @abstractmethod
    async def now(self) -> datetime:
        """Return the time by which figures are appended."""

    async def count_backlog(self) -> int:
        """Store how many jobs of each kind are ready, if the present minute has just begun and was not counted."""
        now = await self.now()
        minute = floor_time(now, MINUTE_S)
        passed = (now - minute) // timedelta(milliseconds=1)
        if passed <= SOON_MS:
            await self._count_backlog(minute)
        return 1000 * MINUTE_S - passed

    async def roll_up(self, kept: HistoryKept) -> int:
        """Join the figures of some minutes that are over, or of an hour that is old enough, each exactly once."""
        now = await self.now()
        over = floor_time(now, MINUTE_S) - timedelta(seconds=SETTLED_S)
        joined = await self._join(MINUTE_S, over, MOST_MINUTES * MINUTE_S, (0,))
        if joined:
            return joined
        return await self._join(
            HOUR_S, floor_time(now - timedelta(seconds=kept.minutes_s), HOUR_S), HOUR_S, (0, MINUTE_S)
        )

    async def prune(self, kept: HistoryKept, limit: int) -> int:
        """Delete what is older than it is kept; return how many rows."""
        now = await self.now()
        until, hours = (now - timedelta(seconds=age) for age in (kept.hours_s, kept.minutes_s))
        return await self._prune(until, hours, limit)

    @abstractmethod
    async def _count_backlog(self, minute: datetime) -> None:
        """Store how many jobs of each kind are ready."""

    @abstractmethod
    async def _join(self, span_s: int, until: datetime, most_s: int, spans: tuple[int, ...]) -> int:
        """Join figures of the given spans, and rows joined before, into rows of a longer one, in one transaction.

        Args:
            span_s: seconds of the joined rows.
            until: only figures before this time.
            most_s: of the first seconds that hold any.
            spans: of rows that are not joined yet.

        Returns:
            how many rows were joined.
        """

    @abstractmethod
    async def _prune(self, until: datetime, hours_until: datetime, limit: int) -> int:
        """Delete what is older than a time, and counts of ready jobs within the hours before the second one."""


def floor_time(at: datetime, span_s: int) -> datetime:
    """Return the start of the span that a time is in."""
    return datetime.fromtimestamp(int(at.timestamp()) // span_s * span_s, UTC)


def as_rows(figures: Mapping[JobKind, Figures]) -> list[tuple[str, str, str, str]]:
    """Return figures as rows to append: tenant, queue, task, counts."""
    return [(*kind, encode(counts).decode()) for kind, counts in figures.items()]


_decode_steps = msgspec.json.Decoder(list[StepFigures]).decode


def read_steps(found: str | None) -> list[StepFigures]:
    """Return what ``read_figures`` answers: [[number, name, span, [figures, …]], …]."""
    return [] if found is None else _decode_steps(found)
