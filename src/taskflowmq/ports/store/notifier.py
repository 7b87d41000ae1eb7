"""How idle workers are woken."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from taskflowmq.core.job import QueueRef


class Notifier(Protocol):
    """Sooner than polling, never instead of it. Losing a wake-up costs a poll interval, nothing else."""

    @property
    def enabled(self) -> bool:
        """Whether there are wake-ups at all; without them idle workers claim once per poll interval."""
        ...

    async def wake(self, queues: Collection[QueueRef]) -> None:
        """Tell listeners that these queues have ready jobs; coalesced, never raises.

        A queue that is not stored has no jobs and needs no wake-up.
        """
        ...

    def listen(
        self, tenants: Collection[str], queues: Collection[str]
    ) -> AbstractAsyncContextManager[AsyncIterator[QueueRef | None]]:
        """Yield queues as they become ready, and None when any may be: the channel was cut and is restored.

        Args:
            tenants: names of tenants; none means every tenant.
            queues: names of queues; none means every queue of these tenants.
        """
        ...
