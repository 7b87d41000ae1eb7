"""Partitions by creation day: made ahead of time, dropped when they are past retention or nothing is left in them.

Both need a lock on the parent table for an instant. They wait a second for it at most, and otherwise leave the work to
the next turn: jobs come before upkeep.
"""

from __future__ import annotations

import logging
import time
from datetime import date, datetime
from typing import Any

from taskflowmq.ports.store import Retention
from taskflowmq.stores.postgres import errors
from taskflowmq.stores.postgres.queries import q

DAYS_AHEAD = 3
#: Most jobs that move to the default partitions when their day is dropped.
MOST_SURVIVORS = 10_000
#: A day that could not be dropped is checked again after this long: the check reads all of it.
LOOK_AGAIN_S = 900.0
#: Jobs with a shorter retention are deleted in batches: dropping whole days may be two days late.
_SHORTEST_MS = 3 * 86_400_000
_PARENTS = ("job", "outcome")
_log = logging.getLogger("taskflowmq.stores.postgres")


async def maintain(conn: Any, now: datetime | None) -> None:
    """Make the partitions of the coming days, and drop empty ones that are over; each in its own transaction."""
    for parent in _PARENTS:
        for ahead in range(DAYS_AHEAD + 1):
            await _quietly(conn, q.create_partition, now, parent, ahead)
    for row in await conn.fetch(q.list_old_partitions, now):
        await _quietly(conn, q.drop_partition, row["parent"], row["day"])


class Retirement:
    """Drops the partitions of days whose jobs are past retention, as long as few must survive."""

    def __init__(self) -> None:
        self._refused: dict[date, float] = {}
        #: Until when days are left to batches because this role may not drop them, and why.
        self._denied_until = 0.0
        self._denial: Exception | None = None

    async def retire(self, conn: Any, now: datetime | None, retention: Retention) -> tuple[int, date | None]:
        """Drop what can be dropped.

        Returns:
            how many jobs were deleted, and the first day that batches should skip because it will be dropped later.
        """
        kept = (retention.completed_ms, retention.cancelled_ms, retention.dead_ms)
        shortest = min((one for one in kept if one is not None), default=0)
        if shortest < _SHORTEST_MS or time.monotonic() < self._denied_until:
            return 0, None
        try:
            return await self._retire(conn, now, kept, shortest)
        except Exception as error:
            if errors.code_of(error) != errors.DENIED:
                raise
            # Batches do the work, more slowly; the missing right is reported once they have done theirs.
            self._denied_until, self._denial = time.monotonic() + LOOK_AGAIN_S, errors.translate(error)
            return 0, None

    def complain(self) -> None:
        """Raise, once, the error that denied this role to drop the partitions of a day.

        Raises:
            StoreForbidden: it is not granted.
        """
        denial, self._denial = self._denial, None
        if denial is not None:
            raise denial

    async def _retire(
        self, conn: Any, now: datetime | None, kept: tuple[int | None, ...], shortest: int
    ) -> tuple[int, date | None]:
        deleted = 0
        for row in await conn.fetch(q.list_past_days, now, shortest):
            day = row["day"]
            if not row["past"]:
                return deleted, day
            if self._refused.get(day, 0.0) <= time.monotonic():
                gone = await _quietly(conn, q.retire_day, day, now, *kept, MOST_SURVIVORS)
                deleted += gone or 0
                if gone is None:
                    self._refused[day] = time.monotonic() + LOOK_AGAIN_S
        return deleted, None


async def _quietly(conn: Any, statement: str, *args: Any) -> Any:
    try:
        return await conn.fetchval(statement, *args)
    except Exception as error:
        if errors.code_of(error) != errors.LOCK_TIMEOUT:
            raise
        _log.info("partition upkeep was postponed to its next run: its tables are in use")
        return None
