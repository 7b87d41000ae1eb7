"""The shape of every duty: do a turn, wait, do it again, whatever happens.

A duty needs no leader. Where two nodes at once would be wasteful, ``take_turn`` decides in one statement who runs it;
where they would be wrong, the store's own statements keep them apart (rows are locked, fences are compared).
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from typing import ClassVar

from taskflowmq.core.errors import StoreUnavailable, TaskFlowError
from taskflowmq.core.outages import outages_of
from taskflowmq.ports.chance import chance
from taskflowmq.ports.clock import Clock
from taskflowmq.ports.store import Store
from taskflowmq.ports.telemetry import Telemetry

log = logging.getLogger("taskflowmq.scheduler")

LONGEST_BACKOFF = 10.0


class Looper(ABC):
    """One duty.

    Args:
        store: an opened store.
        clock: how it waits.
        telemetry: where it counts.
        interval: seconds between turns; ±10 % so that a fleet spreads out.
    """

    name: ClassVar[str]

    def __init__(self, store: Store, clock: Clock, telemetry: Telemetry, interval: float) -> None:
        self._store = store
        self._clock = clock
        self._telemetry = telemetry
        self._interval = interval

    @abstractmethod
    async def turn(self) -> float | None:
        """Do the duty once; return seconds until the next turn, or None for the usual interval."""

    async def run(self) -> None:
        """Take turns until cancelled."""
        errors, outages = 0, outages_of(self._store)
        while True:
            try:
                pause = await self.turn()
                if errors:
                    errors = 0
                    self._say(outages.worked(self.name, self._clock.monotonic()))
            except Exception as error:
                errors += 1
                pause = min(0.1 * 2.0 ** min(errors, 20), LONGEST_BACKOFF)
                self._telemetry.event("duty_failed")
                if isinstance(error, StoreUnavailable):
                    self._say(outages.failed(self.name, error, self._clock.monotonic()))
                else:
                    known = isinstance(error, TaskFlowError)
                    log.warning("the %s: %s: %s", self.name, type(error).__name__, error, exc_info=not known)
            wait = self._interval if pause is None else pause
            await self._clock.sleep(wait * (0.9 + 0.2 * chance.random()) if pause is None else wait)

    def _say(self, line: str | None) -> None:
        if line is not None:
            log.warning("%s", line)

    @property
    def _interval_ms(self) -> int:
        return max(round(self._interval * 1000), 1)
