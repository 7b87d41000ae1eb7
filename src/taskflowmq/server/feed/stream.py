"""One stream: what is to be sent to one client, and the sending.

What waits for the client is one value per job, page and kind, never a queue: a client that reads slowly receives the
latest state late, and costs no more memory than one that reads at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from types import MappingProxyType
from uuid import UUID

from taskflowmq.core.feed import JobProbe, PageNews, PageProbe, held_at_first, news_of
from taskflowmq.server.feed.frames import COMMENT, event, frame, hello
from taskflowmq.server.feed.limits import FeedLimits
from taskflowmq.server.feed.wishes import PageWish, Wishes
from taskflowmq.wire.feed import ByeEvent, ResyncEvent, job_moved, page_event

Clock = Callable[[], float]


class PageView:
    """What a client knows of the beginning of a list.

    Args:
        wish: which list.
    """

    def __init__(self, wish: PageWish) -> None:
        self.wish = wish
        self._held: frozenset[UUID] | None = None
        self._told: PageNews | None = None

    def look(self, page: PageProbe) -> PageNews | None:
        """Return what the client must be told of the page as it is now, or None."""
        if self._held is None:
            self._held = held_at_first(page, self.wish.top)
        news = news_of(page, self._held, self.wish.top)
        if not news.says_more_than(self._told):
            return None
        self._told = news
        return news

    def tell_again(self) -> None:
        """Tell the client what it was told before."""
        self._told = None


class Stream:
    """What one client shows, and what it has not been told yet.

    Args:
        wishes: what it shows.
        caller: who reads; a caller has a limited number of streams.
        may_stay: tells whether the caller may still read; None: it may.
        limits: how often something is sent and checked.
        now: monotonic seconds.
    """

    def __init__(
        self, wishes: Wishes, caller: str, may_stay: Callable[[], bool] | None, limits: FeedLimits, now: Clock
    ) -> None:
        self.wishes = wishes
        self.caller = caller
        self.pages = [PageView(wish) for wish in wishes.pages]
        #: Whether it has been told everything once.
        self.is_served = False
        self._may_stay = may_stay
        self._limits = limits
        self._now = now
        self._checked_at = now()
        self._jobs: dict[UUID, JobProbe | None] = {}
        self._pages: dict[str, PageNews] = {}
        self._values: dict[str, bytes] = {}
        self._details: dict[UUID, bytes] = {}
        self._logs: dict[UUID, bytes] = {}
        self._inspections: dict[UUID, bytes] = {}
        self._resync: str | None = None
        self._bye_ms: int | None = None
        self._wake = asyncio.Event()
        self._patience: asyncio.Timeout | None = None

    # -- what is to be sent

    def tell(
        self,
        jobs: Mapping[UUID, JobProbe | None],
        pages: Mapping[str, PageNews],
        values: Mapping[str, bytes],
        details: Mapping[UUID, bytes],
        logs: Mapping[UUID, bytes] = MappingProxyType({}),
        inspections: Mapping[UUID, bytes] = MappingProxyType({}),
    ) -> None:
        """Send these, each instead of what waits in its place.

        Args:
            jobs: what moves of them; None for a job that is gone.
            pages: what lists begin with, by their filters.
            values: JSON by the name of its event.
            details: JSON of jobs.
            logs: JSON of what jobs have logged. A client that has missed some sees that by the place it begins at.
            inspections: JSON of the requests for stacks and profiles of jobs.
        """
        self._jobs.update(jobs)
        self._pages.update(pages)
        self._values.update(values)
        self._details.update(details)
        self._logs.update(logs)
        self._inspections.update(inspections)
        if jobs or pages or values or details or logs or inspections:
            self._wake.set()

    def resync(self, reason: str) -> None:
        """Have the client request its lists again; what waits of them is old then."""
        self._jobs.clear()
        self._pages.clear()
        self._resync = reason
        self._wake.set()

    def snapshot_again(self) -> None:
        """Tell everything again at the next tick."""
        self.is_served = False
        for page in self.pages:
            page.tell_again()

    def end(self, after_ms: int) -> None:
        """End the stream when what waits has been sent.

        Args:
            after_ms: milliseconds that the client waits before it opens another stream.
        """
        self._bye_ms = after_ms
        self._wake.set()

    def take(self) -> bytes:
        """Return all that waits, as bytes to send."""
        parts: list[bytes] = []
        if self._resync is not None:
            parts.append(event("resync", ResyncEvent(reason=self._resync)))
        if self._jobs:
            parts.append(event("jobs", [job_moved(job_id, probe) for job_id, probe in self._jobs.items()]))
        parts += (event("page", page_event(text, news)) for text, news in self._pages.items())
        parts += (frame(kind, value) for kind, value in self._values.items())
        of_jobs = (self._details, self._logs, self._inspections)
        parts += (frame("job", value) for waiting in of_jobs for value in waiting.values())
        if self._bye_ms is not None:
            parts.append(event("bye", ByeEvent(after_ms=self._bye_ms)))
        self._resync = None
        for waiting in (self._jobs, self._pages, self._values, *of_jobs):
            waiting.clear()
        return b"".join(parts)

    # -- sending

    async def send_all(self, send: Callable[[bytes], Awaitable[None]], is_current: Callable[[], bool]) -> None:
        """Send until the stream ends.

        Args:
            send: sends bytes, and returns when more may be sent.
            is_current: whether what was sent is still so: a client that hears nothing shows its data as old.

        Raises:
            TimeoutError: the client was given up.
        """
        try:
            async with asyncio.timeout(None) as self._patience:
                await self._send_all(send, is_current)
        finally:
            self._patience = None

    def abandon(self) -> None:
        """Give up a client that takes nothing: it is not sent what waits."""
        patience, self._patience = self._patience, None
        if patience is not None:
            patience.reschedule(asyncio.get_running_loop().time())

    async def _send_all(self, send: Callable[[bytes], Awaitable[None]], is_current: Callable[[], bool]) -> None:
        await send(hello())
        while True:
            found = await self._has_news()
            if self._bye_ms is not None:
                break
            if found:
                await send(self.take())
            elif is_current():
                await send(COMMENT)
            self._check_caller()
        await send(self.take())

    def _check_caller(self) -> None:
        if self._now() - self._checked_at >= self._limits.recheck_s:
            self._checked_at = self._now()
            if self._may_stay is not None and not self._may_stay():
                self.end(0)

    async def _has_news(self) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._limits.comment_s):
                await self._wake.wait()
        found = self._wake.is_set()
        self._wake.clear()
        return found
