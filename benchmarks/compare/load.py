"""``python -m benchmarks.compare.load URL``: sends one ready-made POST over and over and says how fast it is answered.

As little work per request as Python allows, because it shares the machine with the server: the request is bytes that
were made before, and of an answer only the status and the length are read. Loopback only; bounded in count and time.
"""

from __future__ import annotations

import argparse
import asyncio
import ipaddress
import json
import re
import sys
import time
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urlsplit

import uvloop

from benchmarks.compare import counters

CREATED = 201
HTTP_PORT = 80
MOST_CONNECTIONS = 1_000
CONNECT_S = 10.0
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_END_OF_HEAD = b"\r\n\r\n"
_STATUS = slice(9, 12)


class BadAnswer(RuntimeError):
    """The server sent what this program cannot read, or hung up."""


@dataclass
class Round:
    """Requests that share a budget of count and time."""

    request: bytes
    #: How many may still be sent.
    budget: int
    until: float
    seconds: list[float] = field(default_factory=list)
    #: Answers by status.
    statuses: dict[int, int] = field(default_factory=dict)

    def next(self, now: float) -> bool:
        """Take one request out of the budget, if any is left."""
        if self.budget <= 0 or now >= self.until:
            return False
        self.budget -= 1
        return True


class Connection(asyncio.Protocol):
    """One connection that stays open: a request, its answer, the next request."""

    def __init__(self, requests: Round) -> None:
        self._round = requests
        self._held = b""
        self._sent = 0.0
        self._transport: asyncio.Transport | None = None
        #: Ends with the last answer.
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what requests are written to."""
        self._transport = cast("asyncio.Transport", transport)

    def send(self) -> None:
        """Send the next request, or end."""
        self._sent = time.perf_counter()
        if self._transport is not None and self._round.next(self._sent):
            self._transport.write(self._round.request)
        elif not self.done.done():
            self.done.set_result(None)
            self.close()

    def data_received(self, data: bytes) -> None:
        """Read what came; when the answer is whole, note how long it took and go on."""
        self._held = held = self._held + data if self._held else data
        head = held.find(_END_OF_HEAD)
        if head < 0:
            return
        length = _LENGTH.search(held, 0, head)
        if length is None:
            self._fail("an answer without its length")
            return
        if len(held) < head + len(_END_OF_HEAD) + int(length[1]):
            return
        self._held = b""
        self._round.seconds.append(time.perf_counter() - self._sent)
        status = int(held[_STATUS])
        self._round.statuses[status] = self._round.statuses.get(status, 0) + 1
        self.send()

    def connection_lost(self, error: Exception | None) -> None:
        """End; an answer is missing unless all have come."""
        self._fail("the server hung up")

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()

    def _fail(self, why: str) -> None:
        if not self.done.done():
            self.done.set_exception(BadAnswer(why))


def request_of(url: str, body: bytes) -> bytes:
    """Return the bytes of one POST.

    Raises:
        ValueError: the URL does not lead to this machine.
    """
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname or not ipaddress.ip_address(parts.hostname).is_loopback:
        raise ValueError(f"only http on a loopback address: {url!r}")
    lines = [
        f"POST {parts.path or '/'} HTTP/1.1",
        f"Host: {parts.netloc}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join(lines).encode() + _END_OF_HEAD + body


async def send_all(url: str, body: bytes, *, count: int, seconds: float, connections: int) -> dict[str, float]:
    """Send requests until one of the bounds and return figures: rate, percentiles, and what was not created."""
    request, parts = request_of(url, body), urlsplit(url)
    loop = asyncio.get_running_loop()
    requests = Round(request, count, 0.0)
    opened = []
    async with asyncio.timeout(CONNECT_S):
        for _ in range(min(connections, MOST_CONNECTIONS)):
            _, connection = await loop.create_connection(
                lambda: Connection(requests), parts.hostname or "", parts.port or HTTP_PORT
            )
            opened.append(connection)
    begin = time.perf_counter()
    requests.until = begin + seconds
    for connection in opened:
        connection.send()
    try:
        async with asyncio.timeout(seconds + CONNECT_S):
            await asyncio.gather(*(connection.done for connection in opened))
    finally:
        for connection in opened:
            connection.close()
    return _figures(requests, time.perf_counter() - begin)


def _figures(requests: Round, passed: float) -> dict[str, float]:
    ranked = sorted(requests.seconds)
    created = requests.statuses.get(CREATED, 0)
    return {
        "answers": len(ranked),
        "created": created,
        "others": len(ranked) - created,
        "seconds": passed,
        "p50_ms": 1e3 * counters.percentile(ranked, 0.50),
        "p99_ms": 1e3 * counters.percentile(ranked, 0.99),
    }


def main() -> None:
    """Read the body from standard input, send it, print the figures as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare.load", description=__doc__)
    parser.add_argument("url", help="where to send, on this machine")
    parser.add_argument("--count", type=int, default=10_000, help="requests at most")
    parser.add_argument("--seconds", type=float, default=10.0, help="seconds at most")
    parser.add_argument("--connections", type=int, default=64)
    options = parser.parse_args()
    body = sys.stdin.buffer.read()
    bounds = {"count": options.count, "seconds": options.seconds, "connections": options.connections}
    print(json.dumps(uvloop.run(send_all(options.url, body, **bounds))))


if __name__ == "__main__":
    main()
