"""The real clock. Everything in the worker takes a :class:`~taskflowmq.ports.clock.Clock`.

Only wiring names this one.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime


class SystemClock:
    """Time of this machine: monotonic for measuring, wall time for labels."""

    #: Return seconds that never go back; the same line for all processes of this machine.
    monotonic = staticmethod(time.monotonic)

    def now(self) -> datetime:
        """Return the wall time in UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)
