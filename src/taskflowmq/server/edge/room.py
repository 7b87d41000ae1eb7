"""How many requests a server has in progress: writes, reads and waits have a room each, so that none blocks the others.

What must stay true: a write is refused for other writes only, and never waits for a read; a wait for a job's end holds
nothing that a read needs, and ends when its client disconnects; no caller can take the whole room for waits, and no
address of visitors, who show no key, all turns or the whole room for reads.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from taskflowmq.server.edge.body import Bodies, Receive, unless_gone
from taskflowmq.server.edge.problems import Problem, overloaded
from taskflowmq.server.settings import ServerSettings

#: Reads that the store works on at once: fewer than a store has connections, so that some are left for writes.
READS_AT_ONCE = 4
#: Of them, those of one address of visitors; and how many it may have in progress, those that wait for a turn included.
VISITOR_AT_ONCE, MOST_OF_VISITOR = 2, 24

T = TypeVar("T")


class _Visitor:
    """The reads of one address of visitors."""

    def __init__(self) -> None:
        self.reads = 0
        self.turns = asyncio.Semaphore(VISITOR_AT_ONCE)


class Room:
    """Counts what is in progress in one server.

    Args:
        settings: the server's settings.
    """

    def __init__(self, settings: ServerSettings) -> None:
        self.most = settings.max_in_flight
        self.most_waits = settings.max_waits
        self.most_waits_each = settings.max_waits_each
        self.writes = 0
        self.reads = 0
        self.turns = asyncio.Semaphore(READS_AT_ONCE)
        self.waits: Counter[str] = Counter()
        self.visitors: dict[str, _Visitor] = {}
        self.bodies = Bodies(settings.max_bodies)


class Seat:
    """The holdings of one read: its seat among the reads, and its turn.

    Args:
        room: the room.
        receive: the ASGI callable, which says when the client disconnects.
        caller: who reads.
        is_visitor: whether the caller is an address of visitors.
    """

    __slots__ = ("_caller", "_held", "_receive", "_room", "_visitor")

    def __init__(self, room: Room, receive: Receive, caller: str, *, is_visitor: bool = False) -> None:
        self._room = room
        self._receive = receive
        self._caller = caller
        self._visitor = (room.visitors.get(caller) or _Visitor()) if is_visitor else None
        #: The turns that it has: among the visitor's own reads, then among all.
        self._held: list[asyncio.Semaphore] = []

    async def __aenter__(self) -> Seat:
        """Wait for the turn.

        Raises:
            Problem: 503, too many reads are in progress; 429, too many of one address of visitors.
            ClientGone: the client disconnected meanwhile.
        """
        if self._visitor is not None and self._visitor.reads >= MOST_OF_VISITOR:
            detail = f"{MOST_OF_VISITOR} requests of this address are in progress. Wait for their answers, and repeat"
            raise Problem(429, "too_many_requests", detail, headers=(("Retry-After", "1"),))
        if self._room.reads >= self._room.most:
            raise overloaded()
        self._count(1)
        try:
            await self.take_turn()
        except BaseException:
            self._leave()
            raise
        return self

    async def __aexit__(self, *_: Any) -> None:
        """Release all of it."""
        self._leave()

    def _leave(self) -> None:
        self._count(-1)
        self._give_turn_back()

    def _count(self, change: int) -> None:
        self._room.reads += change
        if self._visitor is not None:
            self._visitor.reads += change
            if self._visitor.reads:
                self._room.visitors[self._caller] = self._visitor
            else:
                del self._room.visitors[self._caller]

    async def waiting(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Return the result of ``work``; while it waits, it has a seat among the waits and none among the reads.

        Raises:
            Problem: 503, too many wait, or too many of this caller.
            ClientGone: the client disconnected; the work was cancelled.
        """
        room = self._room
        if room.waits.total() >= room.most_waits or room.waits[self._caller] >= room.most_waits_each:
            raise overloaded()
        room.waits[self._caller] += 1
        room.reads -= 1
        self._give_turn_back()
        try:
            return await unless_gone(self._receive, work())
        finally:
            room.reads += 1
            room.waits[self._caller] -= 1
            if not room.waits[self._caller]:
                del room.waits[self._caller]

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Take a turn for a part of what a seat among the waits is for, and give it back."""
        async with self._room.turns:
            yield

    async def take_turn(self) -> None:
        """Wait for the turn.

        Raises:
            ClientGone: the client disconnected meanwhile.
        """
        own = () if self._visitor is None else (self._visitor.turns,)
        for turns in (*own, self._room.turns):
            if turns.locked():
                await unless_gone(self._receive, turns.acquire())
            else:
                await turns.acquire()  # returns at once
            self._held.append(turns)

    def _give_turn_back(self) -> None:
        while self._held:
            self._held.pop().release()
