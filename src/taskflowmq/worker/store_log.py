"""Logs that a store is unreachable, and that it is back: once for all loops of a process."""

from __future__ import annotations

import logging

from taskflowmq.core.errors import StoreUnavailable
from taskflowmq.core.outages import outages_of
from taskflowmq.ports.clock import Clock
from taskflowmq.ports.store import Store

log = logging.getLogger("taskflowmq.store")


class StoreLog:
    """The reports of one loop about its store.

    Args:
        store: the store.
        clock: time.
        who: the loop, in a word or two: "claims".
    """

    def __init__(self, store: Store, clock: Clock, who: str) -> None:
        self._outages = outages_of(store)
        self._clock = clock
        self._who = who
        self._failing = False

    def failed(self, error: BaseException) -> bool:
        """Take an error; False if it is not an outage, so that the loop must log it itself."""
        if not isinstance(error, StoreUnavailable):
            return False
        self._failing = True
        line = self._outages.failed(self._who, error, self._clock.monotonic())
        if line is not None:
            log.warning("%s", line)
        return True

    def worked(self) -> None:
        """Take a success; costs nothing unless the call before failed."""
        if self._failing:
            self._failing = False
            line = self._outages.worked(self._who, self._clock.monotonic())
            if line is not None:
                log.warning("%s", line)
