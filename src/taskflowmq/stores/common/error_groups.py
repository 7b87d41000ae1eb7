"""What both engines do alike with groups of errors: which counts are due, and the shape of a group."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from taskflowmq.core.error_groups import (
    TREND_HOURS,
    ErrorGroup,
    Excess,
    GroupPage,
    GroupQuery,
    GroupSort,
    excess_of,
    place_of,
)
from taskflowmq.core.history import HOUR_S, MINUTE_S, SETTLED_S, HistoryKept
from taskflowmq.stores.common.history import MOST_MINUTES, floor_time

#: Groups that are deleted in one transaction.
_PART = 500


class CommonErrors(ABC):
    """The parts that do not differ by engine."""

    async def roll_up(self, kept: HistoryKept) -> int:
        """Join the counts of some minutes that are over, or of an hour that is old enough, each exactly once."""
        now = await self._time()
        over = floor_time(now, MINUTE_S) - timedelta(seconds=SETTLED_S)
        joined = await self._join(MINUTE_S, over, MOST_MINUTES * MINUTE_S, (0,))
        if joined:
            return joined
        old = floor_time(now - timedelta(seconds=kept.minutes_s), HOUR_S)
        return await self._join(HOUR_S, old, HOUR_S, (0, MINUTE_S))

    async def prune(self, kept: HistoryKept, limit: int) -> int:
        """Delete counts that are older than they are kept, and groups without any; return how many rows."""
        return await self._prune(await self._time() - timedelta(seconds=kept.hours_s), limit)

    async def delete_excess(self, most: int, limit: int) -> Sequence[Excess]:
        """Delete groups of each tenant that has more than some number, with their counts."""
        found = []
        for tenant_id, tenant in await self._find_full(most):
            excess = await self._list_excess(tenant_id, most, limit)
            # In parts, so that appends need not wait for all of it.
            for start in range(0, len(excess), _PART):
                await self._delete(tenant_id, [fingerprint for fingerprint, _, _ in excess[start : start + _PART]])
            if excess:
                found.append(excess_of(tenant, [(task, kind) for _, task, kind in excess]))
        return found

    async def list_groups(self, query: GroupQuery) -> GroupPage:
        """Return groups of a tenant, the largest value of the order first."""
        # One more than wanted tells whether there are further ones.
        found = await self._read(msgspec.structs.replace(query, limit=query.limit + 1), None)
        items = found[: query.limit]
        return GroupPage(items, place_of(items[-1], query.sort) if len(found) > len(items) else None)

    async def get(self, tenant: str, fingerprint: str) -> ErrorGroup | None:
        """Return one group, or None."""
        found = await self._read(GroupQuery(tenant=tenant, sort=GroupSort.LAST, limit=1), fingerprint)
        return found[0] if found else None

    @abstractmethod
    async def _time(self) -> datetime:
        """Return the store's time."""

    @abstractmethod
    async def _read(self, query: GroupQuery, fingerprint: str | None) -> list[ErrorGroup]:
        """Return the groups of a query, or the one with a fingerprint."""

    @abstractmethod
    async def _join(self, span_s: int, until: datetime, most_s: int, spans: tuple[int, ...]) -> int:
        """Join counts of the given spans, and rows joined before, into rows of a longer one, in one transaction.

        Args:
            span_s: seconds of the joined rows.
            until: only counts before this time.
            most_s: of the first seconds that hold any.
            spans: of rows that are not joined yet.

        Returns:
            how many rows were joined.
        """

    @abstractmethod
    async def _find_full(self, most: int) -> Sequence[tuple[int, str]]:
        """Return number and name of each tenant with more groups than that."""

    @abstractmethod
    async def _list_excess(self, tenant_id: int, most: int, limit: int) -> Sequence[tuple[str, str, str]]:
        """Return fingerprint, task and type of groups to delete."""

    @abstractmethod
    async def _delete(self, tenant_id: int, fingerprints: Sequence[str]) -> None:
        """Delete groups with their counts, in one transaction."""

    @abstractmethod
    async def _prune(self, until: datetime, limit: int) -> int:
        """Delete what is older than a time."""


_decode_hours = msgspec.json.Decoder(list[tuple[int, int]]).decode


def trend_of(hours: str | None) -> tuple[int, ...]:
    """Return the trend of a group from ``[[hour, count], …]``."""
    counts = [0] * TREND_HOURS
    for hour, count in _decode_hours(hours or "[]"):
        # Beyond the last hour is what was appended by a clock that stepped back since.
        counts[min(max(hour, 0), TREND_HOURS - 1)] += count
    return tuple(counts)


def small_letters(text: str | None) -> str | None:
    """Return text with ASCII letters made small, as both engines do; others have no other case."""
    return None if text is None else text.encode("utf-8", "replace").lower().decode("utf-8", "replace")
