"""Connections that misbehave: the loopback proxy of the fault tests, which can be slow as well."""

from __future__ import annotations

import asyncio
import contextlib

from tests.faults.proxy import Proxy


class Link(Proxy):
    """One program's way to its database, or the clients' way to a server."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._delay = 0.0
        #: Set while nothing is slow: ends the waits of a delay that is over.
        self._prompt = asyncio.Event()
        self._prompt.set()

    def slow_down(self, seconds: float) -> None:
        """Deliver each piece this much later, one after the other."""
        self._delay = seconds
        self._prompt.clear()

    def half_open(self) -> None:
        """Lead open connections nowhere from now on, without a word to their owners."""
        self.deafen(listening=False)

    def heal(self) -> None:
        """Deliver again. What is half open stays so, until its owner gives it up."""
        self._delay = 0.0
        self._prompt.set()
        self.flow()

    async def _held_back(self) -> None:
        await super()._held_back()
        if self._delay:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._delay):
                    await self._prompt.wait()
