"""How many requests a server has in progress: writes, reads and waits have a room each, so that none blocks the others.

What must stay true: a write is refused for other writes only, and never waits for a read; a wait for a job's end holds
nothing that a read needs, and ends when its client disconnects; no caller can take the whole room for waits.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from taskflowmq.server.edge.body import Bodies, Receive, unless_gone
from taskflowmq.server.edge.problems import overloaded
from taskflowmq.server.settings import ServerSettings

#: Reads that the store works on at once: fewer than a store has connections, so that some are left for writes.
READS_AT_ONCE = 4

T = TypeVar("T")


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
        self.bodies = Bodies(settings.max_bodies)


class Seat:
    """The holdings of one read: its seat among the reads, and its turn.

    Args:
        room: the room.
        receive: the ASGI callable, which says when the client disconnects.
        actor: who reads.
    """

    __slots__ = ("_actor", "_has_turn", "_receive", "_room")

    def __init__(self, room: Room, receive: Receive, actor: str) -> None:
        self._room = room
        self._receive = receive
        self._actor = actor
        self._has_turn = False

    async def __aenter__(self) -> Seat:
        """Wait for the turn.

        Raises:
            Problem: 503, too many reads are in progress.
            ClientGone: the client disconnected meanwhile.
        """
        if self._room.reads >= self._room.most:
            raise overloaded()
        self._room.reads += 1
        try:
            await self.take_turn()
        except BaseException:
            self._room.reads -= 1
            raise
        return self

    async def __aexit__(self, *_: Any) -> None:
        """Release all of it."""
        self._room.reads -= 1
        if self._has_turn:
            self._room.turns.release()

    async def waiting(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Return the result of ``work``; while it waits, it has a seat among the waits and none among the reads.

        Raises:
            Problem: 503, too many wait, or too many of this caller.
            ClientGone: the client disconnected; the work was cancelled.
        """
        room = self._room
        if room.waits.total() >= room.most_waits or room.waits[self._actor] >= room.most_waits_each:
            raise overloaded()
        room.waits[self._actor] += 1
        room.reads -= 1
        self._has_turn = False
        room.turns.release()
        try:
            return await unless_gone(self._receive, work())
        finally:
            room.reads += 1
            room.waits[self._actor] -= 1
            if not room.waits[self._actor]:
                del room.waits[self._actor]

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
        turns = self._room.turns
        if turns.locked():
            await unless_gone(self._receive, turns.acquire())
        else:
            await turns.acquire()  # returns at once
        self._has_turn = True
