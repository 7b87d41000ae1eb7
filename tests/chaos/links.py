"""Connections that misbehave: the loopback proxy of the fault tests, and two more ways to hurt."""

from __future__ import annotations

import asyncio
import contextlib

from tests.faults.proxy import Proxy


class Link(Proxy):
    """One program's way to its database, or the clients' way to a server."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._delay = 0.0
        #: Set while nothing is held back: ends the waits of a delay that is over.
        self._prompt = asyncio.Event()
        self._prompt.set()
        self._deaf: set[asyncio.StreamWriter] = set()

    def slow_down(self, seconds: float) -> None:
        """Deliver each piece this much later, one after the other."""
        self._delay = seconds
        self._prompt.clear()

    def half_open(self) -> None:
        """The other end is gone and nobody says so: open connections stay, and lead nowhere from now on."""
        self._deaf |= {side for pair in self._pairs for side in pair}

    def heal(self) -> None:
        """Deliver again. What is half open stays so, until its owner gives it up."""
        self._delay = 0.0
        self._prompt.set()
        self.flow()

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, pair: tuple[asyncio.StreamWriter, ...]
    ) -> None:
        try:
            while data := await source.read(65_536):
                await self._flowing.wait()
                await self._hold_back()
                if sink not in self._deaf:
                    sink.write(data)
                    await sink.drain()
        except (ConnectionError, OSError):
            pass
        finally:
            # The end of one side of a half-open connection is no news to the other.
            if self._deaf.isdisjoint(pair):
                for side in pair:
                    side.transport.abort()
                self._pairs.discard(pair)

    async def _hold_back(self) -> None:
        if self._delay:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._delay):
                    await self._prompt.wait()
