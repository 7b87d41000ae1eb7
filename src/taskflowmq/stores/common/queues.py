"""Queues, as far as both engines do the same."""

from __future__ import annotations

from taskflowmq.ports.store import QueueView
from taskflowmq.stores.common.counting import Counts


class CommonQueues:
    """Base of the queues of both engines.

    Args:
        stats: the counts, of which a list of queues is a part.
    """

    def __init__(self, stats: Counts) -> None:
        self._stats = stats

    async def list_queues(self, tenant: str) -> list[QueueView]:
        """Return every queue of a tenant that is in use, by name."""
        return (await self._stats.count(tenant)).queues
