"""Counts per state: exact while they are small; once they are large, no caller waits long for them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Container, Iterable
from functools import partial

import msgspec

from taskflowmq.core.errors import StoreUnavailable
from taskflowmq.core.job import QueueRef
from taskflowmq.ports.store import QueueView, StoreStats

#: Counts up to this are exact, and cost at most this much.
EXACT_BELOW = 10_000
#: An answer with a larger count is good for this long.
KEPT_S = 2.0
#: Counting to the end may take at most one part in this many of the time.
SHARE = 20
#: If there is an older count: how long an answer waits for the one in progress, and how old the older one may be.
PATIENCE_S, OLDEST_S = 0.02, 600.0
#: Of this many tenants at most the last counts are remembered.
MOST_TENANTS = 1_000
log = logging.getLogger("taskflowmq.store")

#: Counts the states of a tenant, or of all (None), up to a number, or to the end (None).
Count = Callable[[str | None, int | None], Awaitable[StoreStats]]


class Counts:
    """Answers how many jobs a tenant has, and how many there are.

    Args:
        count: counts in the store.
    """

    def __init__(self, count: Count) -> None:
        self._look = count
        self._counts: dict[str | None, _Counted] = {}

    async def count(self, tenant: str) -> StoreStats:
        """Return a tenant's counts per state and queue."""
        return await self._of(tenant).count()

    async def count_all(self) -> StoreStats:
        """Return the installation's counts per state, and per queue of every tenant."""
        return await self._of(None).count()

    def forget(self) -> None:
        """Count again for the next answers: a queue was changed."""
        for counted in self._counts.values():
            counted.forget()

    async def close(self) -> None:
        """Stop counting."""
        for counted in list(self._counts.values()):
            await counted.close()

    def _of(self, tenant: str | None) -> _Counted:
        counted = self._counts.get(tenant)
        if counted is None:
            if len(self._counts) >= MOST_TENANTS:
                idle = next((name for name, one in self._counts.items() if not one.is_busy), None)
                self._counts.pop(idle, None)
            counted = self._counts[tenant] = _Counted(partial(self._look, tenant))
        return counted


class _Counted:
    """The counts of one tenant, or of all.

    Counts up to :data:`EXACT_BELOW` are made for every answer. Larger ones are counted to the end at intervals, beside
    the answers: callers meanwhile get the count before, and ``as_of`` says from when it is.

    Args:
        count: counts every state up to a number, or to the end.
    """

    def __init__(self, count: Callable[[int | None], Awaitable[StoreStats]]) -> None:
        self._look = count
        self._answer: StoreStats | None = None
        self._answered = float("-inf")
        self._whole: StoreStats | None = None
        self._began = self._took = float("-inf")
        self._recount: asyncio.Task[StoreStats] | None = None

    @property
    def is_busy(self) -> bool:
        """Whether everything is being counted."""
        return self._recount is not None and not self._recount.done()

    async def count(self) -> StoreStats:
        """Return counts per state and queue."""
        if self._answer is not None and time.monotonic() - self._answered < KEPT_S:
            return self._answer
        few = await self._look(EXACT_BELOW + 1)
        if all(count <= EXACT_BELOW for count in few.states.values()):
            self._answer = None
            return few
        self._answer = answer = _merged(few, await self._counted())
        self._answered = time.monotonic()
        return answer

    def forget(self) -> None:
        """Count again for the next answer: a queue was changed."""
        self._answer = None

    async def close(self) -> None:
        """Stop counting."""
        if self._recount is not None and self._recount.get_loop() is asyncio.get_running_loop():
            self._recount.cancel()
            await asyncio.wait([self._recount])
        self._recount = None

    async def _counted(self) -> StoreStats:
        """Return a recent count to the end."""
        age = time.monotonic() - self._began
        if self._whole is not None and age < max(KEPT_S, SHARE * self._took):
            return self._whole
        if self._recount is None or self._recount.done():
            self._recount = asyncio.create_task(self._count_all(), name="taskflow-count")
            self._recount.add_done_callback(_noted)
        if self._recount.get_loop() is not asyncio.get_running_loop():
            return self._whole or await self._count_all()  # another loop counts
        found = None if age > OLDEST_S else self._whole
        await asyncio.wait([self._recount], timeout=None if found is None else PATIENCE_S)
        if found is not None and not self._recount.done():
            return found
        if self._recount.cancelled():
            raise StoreUnavailable("the store is being closed")
        return self._recount.result()

    async def _count_all(self) -> StoreStats:
        began = time.monotonic()
        self._whole = whole = await self._look(None)
        self._began, self._took = began, time.monotonic() - began
        return whole


def _noted(recount: asyncio.Task[StoreStats]) -> None:
    # Callers that wait for a count get the error. Those with an older one do not, and the next answer counts again.
    if not recount.cancelled() and (error := recount.exception()) is not None:
        log.debug("counting jobs failed: %s", error)


def _merged(few: StoreStats, whole: StoreStats) -> StoreStats:
    """Return the fresh counts; where one reached its limit, the older count to the end."""
    large = {state for state, count in few.states.items() if count > EXACT_BELOW}
    # The fresh count is a lower bound: the older one may be below it.
    states = {state: max(n, whole.states.get(state, 0)) if state in large else n for state, n in few.states.items()}
    older = {_ref(view): view for view in whole.queues}
    queues = [_queue(view, older.pop(_ref(view), None), large) for view in few.queues]
    # A queue of which no job was counted this time was left out as empty.
    empty = {_ref(view): msgspec.structs.replace(view, states={}) for view in older.values()}
    queues += [view for ref, found in empty.items() if (view := _queue(found, older[ref], large)).states]
    queues.sort(key=lambda view: (view.name, view.tenant))
    return StoreStats(states=states, queues=queues, as_of=whole.as_of, exact=False, xid_age=few.xid_age)


def listed(views: Iterable[QueueView], used: Container[QueueRef]) -> list[QueueView]:
    """Return the queues that are shown: those in use, and those with a live job."""
    return [view for view in views if _ref(view) in used or view.states]


def _ref(view: QueueView) -> QueueRef:
    return QueueRef(view.tenant, view.name)


def _queue(view: QueueView, older: QueueView | None, large: set[str]) -> QueueView:
    if older is None:
        return view
    states = {state: n for state, n in view.states.items() if state not in large}
    states |= {state: n for state, n in older.states.items() if state in large}
    return msgspec.structs.replace(view, states=states)
