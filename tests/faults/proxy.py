"""A TCP proxy on loopback that can cut, refuse or swallow a program's traffic to its database."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit, urlunsplit


class Proxy:
    """Forwards to a database until it is told otherwise."""

    def __init__(self, url: str) -> None:
        self._target = urlsplit(url)
        self._pairs: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._server: asyncio.Server | None = None
        self.refusing = False
        self.connections = 0

    async def start(self) -> str:
        """Listen, and return the address through the proxy."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        user = f"{self._target.username}@" if self._target.username else ""
        return urlunsplit(self._target._replace(netloc=f"{user}127.0.0.1:{port}"))

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
        for pair in self._pairs:
            for side in pair:
                side.transport.abort()

    async def close(self) -> None:
        self._flowing.set()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._server is not None:
            self._server.close()

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
        pair = (writer, back)
        self._pairs.add(pair)
        for source, sink in ((reader, back), (there, writer)):
            task = asyncio.create_task(self._pump(source, sink, pair))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, pair: tuple[asyncio.StreamWriter, ...]
    ) -> None:
        try:
            while data := await source.read(65_536):
                await self._flowing.wait()
                sink.write(data)
                await sink.drain()
        except (ConnectionError, OSError):
            pass
        finally:
            for side in pair:
                side.transport.abort()
            self._pairs.discard(pair)  # type: ignore[arg-type]
