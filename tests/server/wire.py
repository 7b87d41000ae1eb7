"""Raw bytes to a server and back: what no HTTP client would send."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")


@asynccontextmanager
async def dialled(url: str) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Connect to a server, and hang up at the end."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port, limit=2**20)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def exchange(url: str, *parts: bytes, seconds: float = 20.0) -> bytes:
    """Send parts, each in a packet of its own, and return everything until the server closes the connection."""
    async with asyncio.timeout(seconds), dialled(url) as (reader, writer):
        with contextlib.suppress(ConnectionError):
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(0)
        return await everything(reader)


async def everything(reader: asyncio.StreamReader) -> bytes:
    """Return what comes until the other side closes the connection, or breaks it."""
    got = b""
    with contextlib.suppress(ConnectionError):
        while part := await reader.read(65_536):
            got += part
    return got


def statuses(answer: bytes) -> list[int]:
    """Return the statuses of the answers in what came."""
    return [int(status) for status in _STATUS.findall(answer)]


def request(method: str, target: str, *fields: str, body: bytes = b"") -> bytes:
    """Return a request of this host that ends its connection."""
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost", "Connection: close", *fields]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def head(first: str, fields: Sequence[str] = ()) -> bytes:
    """Return a head as it is given, without a field of its own."""
    return "\r\n".join([first, *fields, "", ""]).encode("latin-1")
