"""Runs the engine's own upkeep: partitions ahead of time, checkpoints, statistics."""

from __future__ import annotations

from taskflowmq.scheduler.looper import TurnLooper

INTERVAL = 600.0


class Maintainer(TurnLooper):
    """Maintains once per interval for the cluster."""

    name = "maintainer"

    async def turn(self) -> float | None:
        """Maintain, if it is this node's turn."""
        turn = await self._take_turn()
        if turn.taken:
            await self._store.upkeep.maintain()
        return None
