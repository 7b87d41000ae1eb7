"""Cancels ready jobs whose ``expires_at`` has passed. Claims skip them anyway; this duty ends them."""

from __future__ import annotations

from taskflowmq.ports.store import MAX_BATCH
from taskflowmq.scheduler.looper import TurnLooper


class Expirer(TurnLooper):
    """Ends expired jobs in batches, once per interval for the cluster."""

    name = "expirer"

    async def turn(self) -> float | None:
        """Expire until a batch is not full."""
        turn = await self._take_turn()
        if turn.taken:
            while await self._store.upkeep.expire_ready(MAX_BATCH) >= MAX_BATCH:
                pass
        return None
