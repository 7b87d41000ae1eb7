"""The feed of one server process: its streams, and the ticks that serve them while there are any."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from taskflowmq.core.errors import TaskFlowError
from taskflowmq.core.feed import Pace, why_resync
from taskflowmq.core.outages import Outages
from taskflowmq.ports.background import Background
from taskflowmq.ports.chance import chance
from taskflowmq.server.edge.problems import Problem
from taskflowmq.server.feed.limits import FeedLimits
from taskflowmq.server.feed.questions import Questions, Sources
from taskflowmq.server.feed.stream import Clock, Stream

log = logging.getLogger("taskflowmq.server")

#: When a client that found no room may ask again, in seconds.
_RETRY_S = 10
_WHO = "live feed"


class Feed:
    """Serves the streams of one process.

    Args:
        sources: answer its questions.
        limits: its limits.
        now: monotonic seconds.
    """

    def __init__(self, sources: Sources, limits: FeedLimits | None = None, now: Clock = time.monotonic) -> None:
        self.limits = limits or FeedLimits()
        self.now = now
        self._sources = sources
        self._streams: dict[Stream, None] = {}
        self._of_callers: Counter[str] = Counter()
        self._pace = Pace()
        self._outages = Outages()
        self._is_down = self._is_draining = False
        self._answered_at = float("-inf")
        self._ticking = Background(self._tick_while_watched, "taskflow-feed")
        self._sooner = asyncio.Event()
        self._empty = asyncio.Event()

    def __len__(self) -> int:
        """Return how many streams are open."""
        return len(self._streams)

    @contextmanager
    def joined(self, stream: Stream) -> Iterator[None]:
        """Serve a stream while the body runs.

        Raises:
            Problem: 503, there are too many, or the server is stopping.
        """
        self._check_room(stream.caller)
        self._streams[stream] = None
        self._of_callers[stream.caller] += 1
        self._empty.clear()
        self.ring()
        self._ticking.start()
        try:
            yield
        finally:
            del self._streams[stream]
            self._of_callers[stream.caller] -= 1
            if not self._of_callers[stream.caller]:
                del self._of_callers[stream.caller]
            if not self._streams:
                self._empty.set()
                self._sooner.set()

    def _check_room(self, caller: str) -> None:
        limits = self.limits
        if self._is_draining:
            raise _no_room("The server is stopping")
        if len(self._streams) >= limits.most:
            raise _no_room(f"This process serves {limits.most} streams already")
        if self._of_callers[caller] >= limits.most_each:
            raise _no_room(f"This caller has {limits.most_each} streams already")

    def ring(self) -> None:
        """Look at the store soon: something was written."""
        if self._streams and not self._pace.is_rung:
            self._pace.ring()
            self._sooner.set()

    def is_current(self) -> bool:
        """Tell whether the store has answered recently."""
        return self.now() - self._answered_at < self.limits.current_s

    def open(self) -> None:
        """Accept streams."""
        self._is_draining = False

    async def drain(self) -> None:
        """Accept no more streams, and end those that are open; clients come back within some seconds."""
        self._is_draining = True
        for stream in self._streams:
            stream.end(int(chance.uniform(0.05, 1.0) * self.limits.bye_s * 1000))
        if self._streams:
            with suppress(TimeoutError):
                async with asyncio.timeout(self.limits.drain_s):
                    await self._empty.wait()
        for stream in self._streams:
            stream.abandon()

    async def close(self) -> None:
        """End all streams, and ask nothing more."""
        await self.drain()
        await self._ticking.stop()

    # -- ticks

    async def _tick_while_watched(self) -> None:
        while self._streams:  # a stream may come while the last run ends
            questions = None
            bell = asyncio.create_task(self._hear_bell(), name="taskflow-feed-bell")
            try:
                while self._streams:
                    await self._pause()
                    if self._streams:
                        questions = await self._tick(questions)
            finally:
                bell.cancel()
                await asyncio.wait([bell])

    async def _pause(self) -> None:
        while self._streams and (left := self._pace.next_at - self.now()) > 0:
            self._sooner.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._sooner.wait()

    async def _tick(self, questions: Questions | None) -> Questions | None:
        """Ask and tell; return what the next tick begins with: nothing if the answers did not come."""
        self._pace.begin()
        streams, began = tuple(self._streams), self.now()
        try:
            questions = questions or Questions(self._sources, self.limits, self.now)
            told = await questions.ask(streams)
        except Exception as error:  # noqa: BLE001 - the next tick asks again; it is logged, and sent to the streams
            self._failed(error)
            # A store that refuses at once is not asked four times a second.
            self._pace.end(self.now() - began, self.now(), rest_s=self.limits.again_s)
            return None
        took = self.now() - began
        self._worked(began)
        for stream, news in told.items():
            reason = why_resync(news.changes, took) if stream.is_served else None
            if reason is None:
                stream.tell(news.jobs, news.pages, news.values, news.details, news.logs, news.inspections)
            else:
                stream.resync(reason)
                stream.tell({}, {}, news.values, news.details, news.logs, news.inspections)
            stream.is_served = True
        self._pace.end(took, self.now())
        return questions

    def _failed(self, error: Exception) -> None:
        line = self._outages.failed(_WHO, error, self.now())
        if line is not None:
            log.warning("%s", line, exc_info=None if isinstance(error, TaskFlowError) else error)
        for stream in self._streams:
            stream.snapshot_again()
            if not self._is_down:
                stream.resync("interrupted")
        self._is_down = True

    def _worked(self, began: float) -> None:
        self._answered_at = began
        if not self._is_down:
            return
        self._is_down = False
        line = self._outages.worked(_WHO, self.now())
        if line is not None:
            log.warning("%s", line)
        for stream in self._streams:
            stream.resync("restored")

    async def _hear_bell(self) -> None:
        try:
            async with self._sources.bell() as heard:
                async for _ in heard:
                    self.ring()
        except TaskFlowError as error:
            log.debug("the live feed hears no wake-ups, and polls the store at intervals: %s", error)


def _no_room(detail: str) -> Problem:
    return Problem(503, "too_many_streams", detail, headers=(("Retry-After", str(_RETRY_S)),))
