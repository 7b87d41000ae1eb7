"""Time and randomness as a port, so that a simulation can drive everything above the store."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """A source of time. Monotonic time measures; wall time only labels and is never compared with the store's."""

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        ...

    def now(self) -> datetime:
        """Return the wall time in UTC, aware."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait; a virtual clock returns when its time has been advanced that far."""
        ...
