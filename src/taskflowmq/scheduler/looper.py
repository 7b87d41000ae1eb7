"""The loop of every duty: take a turn, wait, repeat, whatever happens.

A duty needs no leader. If two nodes at once would be wasteful, ``take_turn`` decides in one statement which one runs
it; if they would be wrong, the store's own statements separate them (rows are locked, fences are compared).
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from typing import ClassVar

from taskflowmq.core.errors import StoreForbidden, StoreUnavailable, TaskFlowError
from taskflowmq.core.outages import outages_of
from taskflowmq.core.redact import redact_text
from taskflowmq.core.validation import clean_text
from taskflowmq.ports.chance import chance
from taskflowmq.ports.clock import Clock
from taskflowmq.ports.store import DutyTurn, Store
from taskflowmq.ports.telemetry import Telemetry
from taskflowmq.scheduler.here import this_process

log = logging.getLogger("taskflowmq.scheduler")

LONGEST_BACKOFF = 10.0
#: Seconds after which a failure that continues is logged again.
_NOTE_EVERY_S = 60.0
_LONGEST_PROBLEM = 500
#: An unreachable store cannot store the failure either; after this many errors it may only refuse this duty.
_MANY_ERRORS = 3


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
        #: Whether the turn was this node's: another one's turn says nothing about whether this duty works.
        self._mine = True
        #: The failure of this duty that the store has; unknown at first: an earlier process may have stored one.
        self._noted: str | None = "unknown"
        self._noted_at = float("-inf")

    @abstractmethod
    async def turn(self) -> float | None:
        """Run the duty once; return seconds until the next turn, or None for the usual interval."""

    async def run(self) -> None:
        """Take turns until cancelled."""
        errors, outages = 0, outages_of(self._store)
        while True:
            self._mine = True
            try:
                pause = await self.turn()
                if errors and self._mine:
                    errors = 0
                    self._say(outages.worked(self.name, self._clock.monotonic()))
                if self._mine:
                    await self._works()
            except Exception as error:  # noqa: BLE001 - said and noted below; the duty continues
                errors += 1
                pause = min(0.1 * 2.0 ** min(errors, 20), LONGEST_BACKOFF)
                self._telemetry.event("duty_failed")
                if _is_outage(error):
                    self._say(outages.failed(self.name, error, self._clock.monotonic()))
                if not _is_outage(error) or errors >= _MANY_ERRORS:
                    await self._fails(error)
            wait = self._interval if pause is None else pause
            await self._clock.sleep(wait * (0.9 + 0.2 * chance.random()) if pause is None else wait)

    def _say(self, line: str | None) -> None:
        if line is not None:
            log.warning("%s", line)

    async def _works(self) -> None:
        """Have the store forget that this duty failed."""
        if self._noted is not None:
            await self._store.upkeep.note_success(self.name)
            self._noted = None

    async def _fails(self, error: Exception) -> None:
        """Report why the duty fails: in the log if the reason is new, in the store for ``taskflow doctor``."""
        problem = clean_text(redact_text(f"{type(error).__name__}: {error}"), _LONGEST_PROBLEM)
        now = self._clock.monotonic()
        if problem == self._noted and now - self._noted_at < _NOTE_EVERY_S:
            log.debug("the %s still fails: %s", self.name, problem)
            return
        if not _is_outage(error):
            log.warning("the %s: %s", self.name, problem, exc_info=not isinstance(error, TaskFlowError))
        self._noted, self._noted_at = problem, now
        try:
            await self._store.upkeep.note_failure(self.name, problem)
        except TaskFlowError as also:
            # Most often the store itself failed; then the log has the error.
            log.debug("the failure of the %s could not be stored: %s", self.name, also)


class TurnLooper(Looper):
    """A duty that nodes take turns in: one of them has it at a time. A duty of any other class runs on every node."""

    async def _take_turn(self, *, once_ms: int | None = None, lease_ms: int | None = None) -> DutyTurn:
        """Decide whether this node runs the duty now.

        Args:
            once_ms: within which one node takes the turn; None: the interval.
            lease_ms: as of ``take_turn`` of the store.
        """
        within = max(round(self._interval * 1000), 1) if once_ms is None else once_ms
        turn = await self._store.upkeep.take_turn(self.name, within, lease_ms=lease_ms, by=this_process())
        self._mine = turn.taken
        return turn


def _is_outage(error: Exception) -> bool:
    """Tell whether other loops of the process fail for the same reason."""
    return isinstance(error, StoreUnavailable) and not isinstance(error, StoreForbidden)
