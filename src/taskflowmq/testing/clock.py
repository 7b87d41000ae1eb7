"""A clock that the test advances."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import threading
from datetime import UTC, datetime, timedelta

from taskflowmq.core.directives import Duration
from taskflowmq.core.errors import InvalidJob


class VirtualClock:
    """Time for tests (a ``ports.clock.Clock``): it stands still until :meth:`advance`.

    Sleepers wake in the order of their times, each seeing the clock at its own time.

    Args:
        start: aware datetime to begin with; now, by default.
    """

    def __init__(self, start: datetime | None = None) -> None:
        begin = start or datetime.now(UTC)
        if begin.utcoffset() is None:
            raise InvalidJob.at("/start", "must be an aware datetime")
        self._start = begin.astimezone(UTC)
        self._elapsed = timedelta()
        self._order = itertools.count()
        self._sleepers: list[tuple[timedelta, int, asyncio.Future[None]]] = []
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """Return the time in UTC."""
        return self._start + self._elapsed

    def monotonic(self) -> float:
        """Return seconds since the clock was made."""
        return self._elapsed.total_seconds()

    def time_ns(self) -> int:
        """Return nanoseconds since 1970, for the making of ids."""
        return (self.now() - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock has been moved that far; zero only lets others run."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        with self._lock:
            until = self._elapsed + timedelta(seconds=seconds)
            heapq.heappush(self._sleepers, (until, next(self._order), woken))
        await woken

    def advance(self, by: Duration) -> None:
        """Move the clock forward and wake the tasks whose sleep ends by then.

        Args:
            by: seconds or a timedelta, at least 0.
        """
        step = by if isinstance(by, timedelta) else timedelta(seconds=by)
        if step < timedelta():
            raise InvalidJob.at("/by", "a clock does not go back")
        target = self._elapsed + step
        while (due := self._next_due(target)) is not None:
            _wake(due)
        self._elapsed = target

    def _next_due(self, target: timedelta) -> asyncio.Future[None] | None:
        with self._lock:
            if not self._sleepers or self._sleepers[0][0] > target:
                return None
            self._elapsed, _, woken = heapq.heappop(self._sleepers)
            return woken


def _wake(sleeper: asyncio.Future[None]) -> None:
    loop = sleeper.get_loop()
    if not loop.is_closed():
        loop.call_soon_threadsafe(_finish, sleeper)


def _finish(sleeper: asyncio.Future[None]) -> None:
    if not sleeper.done():
        sleeper.set_result(None)
