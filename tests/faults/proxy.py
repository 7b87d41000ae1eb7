"""A TCP proxy that can cut, refuse, swallow or drop a program's traffic to its database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from urllib.parse import urlsplit, urlunsplit

from tests.listening import serving


class Pair:
    """One connection of a program, and ours to the database for it."""

    def __init__(self, program: asyncio.StreamWriter, database: asyncio.StreamWriter) -> None:
        self.sides = (program, database)
        #: Half-open: both sockets live, and what arrives is thrown away.
        self.deaf = False
        #: Whether the program has asked for wake-ups on it.
        self.listens = False

    def __iter__(self) -> Iterator[asyncio.StreamWriter]:
        return iter(self.sides)

    def heard(self, data: bytes) -> None:
        """Look at what the program says."""
        if b"LISTEN " in data:
            self.listens = True

    def abort(self) -> None:
        """Break both sides."""
        for side in self.sides:
            side.transport.abort()


class Proxy:
    """Forwards to a database until it is told otherwise.

    Args:
        url: the database.
        host: the address to listen on.
    """

    def __init__(self, url: str, host: str = "127.0.0.1") -> None:
        self._target = urlsplit(url)
        self._host = host
        self._pairs: set[Pair] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._listening = AsyncExitStack()
        self.refusing = False
        self.connections = 0

    @property
    def listeners(self) -> int:
        """How many connections that work have asked for wake-ups."""
        return sum(pair.listens and not pair.deaf for pair in self._pairs)

    async def start(self) -> str:
        """Listen, and return the address through the proxy."""
        port = await self._listening.enter_async_context(serving(self._accept, self._host))
        user = f"{self._target.username}@" if self._target.username else ""
        return urlunsplit(self._target._replace(netloc=f"{user}{self._host}:{port}"))

    def swallow(self) -> None:
        """A black hole: connections stay open, nothing arrives, new ones are accepted and hear nothing."""
        self._flowing.clear()

    def flow(self) -> None:
        """Deliver again, also what was held back."""
        self.refusing = False
        self._flowing.set()

    def cut(self) -> None:
        """Break every connection and refuse new ones."""
        self.refusing = True
        self.abort()

    def abort(self) -> None:
        """Break every connection, and go on."""
        for pair in tuple(self._pairs):
            pair.abort()

    def deafen(self, *, listening: bool) -> int:
        """Leave connections half-open from now on, new ones not; return how many.

        Args:
            listening: only those that asked for wake-ups; otherwise all.
        """
        chosen = [pair for pair in self._pairs if pair.listens or not listening]
        for pair in chosen:
            pair.deaf = True
        return len(chosen)

    async def close(self) -> None:
        self._flowing.set()
        self.cut()
        await self._listening.aclose()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refusing:
            writer.transport.abort()
            return
        self.connections += 1
        try:
            there, back = await asyncio.open_connection(self._target.hostname, self._target.port)
        except OSError:
            writer.transport.abort()
            return
        pair = Pair(writer, back)
        self._pairs.add(pair)
        await asyncio.gather(self._pump(reader, back, pair), self._pump(there, writer, pair))

    async def _held_back(self) -> None:
        """Wait for as long as a piece of traffic is held back."""
        await self._flowing.wait()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, pair: Pair) -> None:
        try:
            while data := await source.read(65_536):
                await self._held_back()
                if sink is pair.sides[1]:
                    pair.heard(data)
                if not pair.deaf:
                    sink.write(data)
                    await sink.drain()
        except (ConnectionError, OSError):
            pass
        finally:
            pair.abort()
            self._pairs.discard(pair)
