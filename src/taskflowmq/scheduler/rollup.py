"""Keeps the history of jobs: counts the backlog as each minute begins, joins what was counted per minute and hour."""

from __future__ import annotations

import logging

from taskflowmq.core.error_groups import MOST_GROUPS, excess_line
from taskflowmq.core.history import HistoryKept
from taskflowmq.ports.chance import chance
from taskflowmq.ports.clock import Clock
from taskflowmq.ports.store import MAX_BATCH, Store
from taskflowmq.ports.telemetry import Telemetry
from taskflowmq.scheduler.looper import TurnLooper

log = logging.getLogger("taskflowmq.scheduler")

INTERVAL = 60.0
#: Seconds of a minute over which the nodes of a fleet spread their turns, and within which only one takes it.
_SPREAD = 2.0
_ONCE_MS = 5_000
#: Most joins of one turn, ten minutes or an hour each; more only wait after a time without a duty.
JOINS = 50
#: Seconds between deletions of what is old.
PRUNE_EVERY = 3_600.0
#: Most groups of errors of a tenant that one turn deletes: after an upgrade there may be millions.
EXCESS = 50_000
#: A count of the backlog may take one part in this many of the time: it reads every ready job.
SHARE = 20


class RollUp(TurnLooper):
    """Counts and joins once per minute for the cluster, at the beginning of the minute.

    Args:
        store, clock, telemetry, interval: as for every duty.
        kept: how long figures are kept.
    """

    name = "rollup"

    def __init__(
        self,
        store: Store,
        clock: Clock,
        telemetry: Telemetry,
        interval: float = INTERVAL,
        *,
        kept: HistoryKept | None = None,
    ) -> None:
        super().__init__(store, clock, telemetry, interval)
        self._kept = kept or HistoryKept()
        self._prune_at = self._count_at = float("-inf")

    async def turn(self) -> float | None:
        """Count, join and delete what is due; return seconds until the next minute has begun."""
        turn = await self._take_turn(once_ms=_ONCE_MS)
        if not turn.taken:
            return self._rest(1000 * self._interval - (turn.gap_ms or 0))
        until_next = await self._count()
        for part in (self._store.history, self._store.errors):
            for _ in range(JOINS):
                if not await part.roll_up(self._kept):
                    break
        if self._clock.monotonic() >= self._prune_at:
            for part in (self._store.history, self._store.errors):
                while await part.prune(self._kept, MAX_BATCH) >= MAX_BATCH:
                    pass
            self._prune_at = self._clock.monotonic() + PRUNE_EVERY
        # Each time, not once an hour: a program whose messages differ each time makes thousands of groups in a minute.
        for excess in await self._store.errors.delete_excess(MOST_GROUPS, EXCESS):
            log.warning("%s", excess_line(excess))
        return self._rest(until_next)

    async def _count(self) -> float:
        """Count the backlog, unless that takes too long to be done each minute; return ms to the next minute."""
        began = self._clock.monotonic()
        if began < self._count_at:
            passed = (await self._store.history.now()).timestamp() % self._interval
            return 1000 * (self._interval - passed)
        until_next = await self._store.history.count_backlog()
        self._count_at = began + SHARE * (self._clock.monotonic() - began)
        return until_next

    def _rest(self, ms: float) -> float:
        """Return seconds to wait: until a moment of the next minute's beginning that other nodes do not share."""
        return min(max(ms / 1000, 0.0), self._interval) + _SPREAD * chance.random()
