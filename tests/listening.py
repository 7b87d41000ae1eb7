"""A server inside a test that leaves nothing open when the test ends."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
#: Turns of the loop in which a connection that was accepted gets its protocol, and one that was broken off is closed.
TURNS = 5


@asynccontextmanager
async def listening(
    make: Callable[[], asyncio.BaseProtocol], host: str = "127.0.0.1", context: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """Listen for a protocol on a free port, which it gives; at the end no connection is left.

    ``asyncio.Server.close`` ends the listener and leaves its connections: that a client hung up is often not noticed
    before the loop ends, and then the garbage collector tells of the socket in the midst of another test.
    """
    transports: set[asyncio.Transport] = set()

    def made() -> asyncio.BaseProtocol:
        protocol = make()
        connected = protocol.connection_made

        def connection_made(transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.Transport)
            transports.add(transport)
            connected(transport)

        protocol.connection_made = connection_made  # type: ignore[method-assign]
        return protocol

    server = await asyncio.get_running_loop().create_server(made, host, 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await _turns()
        for transport in transports:
            transport.abort()
        await _turns()


@asynccontextmanager
async def serving(serve: Serve, host: str = "127.0.0.1", context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Answer connections on a free port, which it gives; at the end none is left, and no answer is under way."""
    loop = asyncio.get_running_loop()
    answers: set[asyncio.Task[None]] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        answers.add(task)
        try:
            # Until Python 3.12 a stream reports the cancellation of its task as a fault.
            with suppress(asyncio.CancelledError):
                await serve(reader, writer)
        finally:
            answers.discard(task)
            writer.close()

    def make() -> asyncio.BaseProtocol:
        return asyncio.StreamReaderProtocol(asyncio.StreamReader(loop=loop), answer, loop=loop)

    async with listening(make, host, context) as port:
        try:
            yield port
        finally:
            await _turns()
            for task in tuple(answers):
                task.cancel()
            await asyncio.gather(*answers, return_exceptions=True)


async def _turns() -> None:
    for _ in range(TURNS):
        await asyncio.sleep(0)
