"""Queues, as far as both engines do the same."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from taskflowmq.core.job import QueueRef
from taskflowmq.core.pauses import Pause, read_pause
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


def paused_of(rows: Iterable[Any]) -> dict[QueueRef, Pause]:
    """Return the paused queues from their rows: tenant, name, time, who and why."""
    found = ((QueueRef(tenant, name), read_pause(paused_at, stored)) for tenant, name, paused_at, stored in rows)
    return {queue: pause for queue, pause in found if pause is not None}
