"""Deletes what is past its retention."""

from __future__ import annotations

from taskflowmq.ports.clock import Clock
from taskflowmq.ports.store import MAX_BATCH, Retention, Store
from taskflowmq.ports.telemetry import Telemetry
from taskflowmq.scheduler.looper import TurnLooper

INTERVAL = 60.0
#: Most batches of one turn; more waits for the next, so that claims keep the database to themselves.
BATCHES = 50


class Pruner(TurnLooper):
    """Prunes in batches, once per interval for the cluster.

    Args:
        store, clock, telemetry, interval: as for every duty.
        retention: how long ended jobs and the audit are kept.
    """

    name = "pruner"

    def __init__(
        self,
        store: Store,
        clock: Clock,
        telemetry: Telemetry,
        interval: float = INTERVAL,
        *,
        retention: Retention | None = None,
    ) -> None:
        super().__init__(store, clock, telemetry, interval)
        self._retention = retention or Retention()

    async def turn(self) -> float | None:
        """Prune until nothing is left, or enough was done for one turn."""
        turn = await self._take_turn()
        if turn.taken:
            for _ in range(BATCHES):
                if await self._store.upkeep.prune(self._retention, MAX_BATCH) == 0:
                    break
            await self._prune_audit()
        return None

    async def _prune_audit(self) -> None:
        age_ms = self._retention.audit_ms
        if age_ms is None:
            return
        for _ in range(BATCHES):
            if await self._store.audit.prune(age_ms, MAX_BATCH) < MAX_BATCH:
                return
