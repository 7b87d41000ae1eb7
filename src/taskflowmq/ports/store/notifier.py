"""How idle workers are woken."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol


class Notifier(Protocol):
    """Sooner than polling, never instead of it. Losing a wake-up costs a poll interval, nothing else."""

    @property
    def enabled(self) -> bool:
        """Whether there are wake-ups at all; without them idle workers look once per poll interval."""
        ...

    async def wake(self, queues: Sequence[str]) -> None:
        """Tell listeners that these queues have ready jobs; coalesced, never raises.

        A queue that is not stored has no jobs and needs no wake-up.
        """
        ...

    def listen(self, topics: Sequence[str]) -> AbstractAsyncContextManager[AsyncIterator[str]]:
        """Yield queue names as they become ready; no topic means every queue. Heals itself when cut."""
        ...
