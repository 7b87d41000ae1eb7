"""Moves jobs that are due into their lanes, at the moment they are due."""

from __future__ import annotations

from taskflowmq.ports.store import MAX_BATCH
from taskflowmq.scheduler.looper import Looper

#: Shortest pause between turns, however many jobs are due one after another.
SHORTEST_PAUSE = 0.005


class Stager(Looper):
    """Stages due jobs, wakes their queues, and sleeps until the next one is due or the poll interval is over.

    Every node stages: the statement skips rows that another one holds, and a turn would cost a write per poll.
    """

    name = "stager"

    async def turn(self) -> float | None:
        """Stage one batch."""
        staged = await self._store.upkeep.stage_due(MAX_BATCH)
        if staged.queues:
            await self._store.notifier.wake(staged.queues)
        if staged.staged + staged.expired >= MAX_BATCH:
            return 0.0
        if staged.next_due_ms is None:
            return None
        return min(max(staged.next_due_ms / 1000, SHORTEST_PAUSE), self._interval)
