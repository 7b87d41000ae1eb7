"""All connections of one server: how many there may be, how long each may be idle, and which one is closed first.

What must stay true: a client that opens connections and sends nothing cannot keep others out. Connections that wait for
a request can be closed at any time; those with a request in progress are never closed to admit another, and a few
connections beyond the limit are kept for probes.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

import msgspec

from taskflowmq.server.files import room_for_files

MIB = 1024 * 1024
#: Places beyond the limit, for probes.
SPARE_CONNECTIONS = 32
#: How long a peer may take nothing while too many bytes wait, in seconds.
SHORT_PATIENCE = 2.0


class ConnectionLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How much connections may cost. Durations are seconds.

    Args:
        most: connections at once, idle ones included; fewer where the process may not open that many files.
        most_new_per_address: of them, those of one address that have not sent a complete request yet.
        head_seconds: from the first byte of a request, or from the start of the connection, to the end of its head.
        keep_alive_seconds: how long a connection may wait for its next request. Longer than the 60 s of most
            proxies, so that it is they who close it and no request meets a closed connection.
        write_seconds: how long a peer may take nothing of an answer.
        stream_seconds: the same of an answer that does not end by itself.
        linger_seconds: how long a refused peer may continue sending, so that it can read why.
        most_unsent: bytes of answers that wait for slow peers; above it those that take nothing are dropped early.
        look_seconds: how often deadlines are checked.
    """

    most: int = 10_000
    most_new_per_address: int = 512
    head_seconds: float = 10.0
    keep_alive_seconds: float = 75.0
    write_seconds: float = 30.0
    stream_seconds: float = 10.0
    linger_seconds: float = 1.0
    most_unsent: int = 64 * MIB
    look_seconds: float = 1.0


class Held(Protocol):
    """A connection, as its keeper sees it."""

    peer: str
    #: When the peer last took a substantial part of its answer.
    took_at: float

    def look(self, now: float) -> None:
        """Close it if one of its deadlines has passed."""
        ...

    def drop(self) -> None:
        """Close it now, whatever it does."""
        ...

    def unsent(self) -> int:
        """Return how many bytes of answers wait for the peer to read."""
        ...


class Connections:
    """Keeps the connections of one server within their limits.

    Args:
        limits: the limits.
    """

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self._most = max(min(limits.most, room_for_files() - SPARE_CONNECTIONS), 1)
        self._all: dict[Held, None] = {}
        #: Those that can be closed without harm; the one that has waited longest comes first.
        self.idle: dict[Held, None] = {}
        #: By address, those that have not sent a complete request yet.
        self._new: dict[str, dict[Held, None]] = {}
        #: Those whose peer does not read fast enough; the one that has waited longest comes first.
        self.stalled: dict[Held, None] = {}
        self._looking: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._all)

    def add(self, conn: Held) -> bool:
        """Take a connection; if there are too many, close an idle one for it.

        Returns:
            Whether it is within the limit. Beyond the limit it serves probes only.
        """
        self._all[conn] = self.idle[conn] = None
        mine = self._new.setdefault(conn.peer, {})
        mine[conn] = None
        if len(mine) > self.limits.most_new_per_address:
            next(iter(mine)).drop()
        if self._looking is None:
            self._look_later()
        if len(self._all) <= self._most:
            return True
        self.make_room(but=conn)
        if len(self._all) > self._most + SPARE_CONNECTIONS:
            conn.drop()
        return len(self._all) <= self._most

    def make_room(self, but: Held | None = None) -> None:
        """Close the connection that has been idle for longest."""
        for conn in self.idle:
            if conn is not but:
                conn.drop()
                return

    def asked(self, conn: Held) -> None:
        """Record that a connection has sent a complete request."""
        mine = self._new.get(conn.peer)
        if mine is not None:
            mine.pop(conn, None)
            if not mine:
                del self._new[conn.peer]

    def remove(self, conn: Held) -> None:
        """Forget a connection. Idempotent."""
        self._all.pop(conn, None)
        self.idle.pop(conn, None)
        self.stalled.pop(conn, None)
        self.asked(conn)

    def stall(self, conn: Held) -> None:
        """Record that a peer does not read as fast as it sends requests."""
        self.stalled[conn] = None
        self._drop_unread(asyncio.get_running_loop().time())

    def _drop_unread(self, now: float) -> None:
        """Drop connections whose peers take nothing, while too many bytes wait for all peers."""
        unsent = sum(conn.unsent() for conn in self.stalled)
        for conn in list(self.stalled):
            if unsent <= self.limits.most_unsent:
                return
            if now - conn.took_at >= SHORT_PATIENCE:
                unsent -= conn.unsent()
                conn.drop()

    def close(self) -> None:
        """Stop checking deadlines."""
        if self._looking is not None:
            self._looking.cancel()

    def _look_later(self) -> None:
        self._looking = asyncio.get_running_loop().call_later(self.limits.look_seconds, self._look)

    def _look(self) -> None:
        self._looking = None
        now = asyncio.get_running_loop().time()
        for conn in list(self._all):
            conn.look(now)
        self._drop_unread(now)
        if self._all:
            self._look_later()
