"""Streams as connections: clients that take nothing, many at once, and the end of the server."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from tests.server.conftest import KEY
from tests.server.feed.viewer import EVENTS, viewing
from tests.server.wire import dialled, everything, head

from taskflowmq import TaskFlow
from taskflowmq.server.app import create_app
from taskflowmq.server.edge.connections import ConnectionLimits
from taskflowmq.server.edge.cookies import cookie_name
from taskflowmq.server.edge.gate import Gate
from taskflowmq.server.edge.keyring import SESSION_S, Keyring
from taskflowmq.server.feed.feed import Feed
from taskflowmq.server.feed.limits import FeedLimits
from taskflowmq.server.run import ApiServer, base_url, bind
from taskflowmq.server.settings import PublicDemo, ServerSettings, keys_from
from taskflowmq.testing.waiting import wait_until

GET = head(f"GET {EVENTS}?stats=1 HTTP/1.1", ("Host: localhost",))
LARGE = b'"' + b"x" * 1_000_000 + b'"'


@pytest.fixture(params=["sqlite"])
def url(request: pytest.FixtureRequest) -> str:
    """The store makes no difference here."""
    found: str = request.getfixturevalue(f"{request.param}_url")
    return found


class Served:
    """A server on a socket, and its feed."""

    def __init__(self, gate: Gate, limits: ConnectionLimits) -> None:
        sock = bind("127.0.0.1", 0)
        self.url = base_url(sock)
        self.server = ApiServer(gate, sock, limits)
        self.running = asyncio.create_task(self.server.run_until_stopped())
        feed = gate._streams
        assert isinstance(feed, Feed)
        self.gate, self.feed = gate, feed

    def flood(self) -> int:
        """Give every stream more than a client's buffers hold; return how many streams are open."""
        for stream in self.feed._streams:
            stream.tell({}, {}, {"stats": LARGE}, {})
        return len(self.feed)

    async def stop(self) -> None:
        """Stop the server, and wait for its end."""
        self.server.stop()
        async with asyncio.timeout(30):
            await self.running


@pytest.fixture
async def serve_app(app: TaskFlow) -> AsyncIterator[Callable[..., Any]]:
    async with AsyncExitStack() as stack:

        async def start(settings: ServerSettings | None = None, **limits: Any) -> Served:
            served = Served(create_app(app, settings), ConnectionLimits(**{"look_seconds": 0.05, **limits}))
            await served.server.ready.wait()
            stack.push_async_callback(served.stop)
            return served

        yield start


@asynccontextmanager
async def deaf(url: str) -> AsyncIterator[asyncio.StreamReader]:
    """Open a stream, and read nothing of it."""
    address = urlsplit(url)
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, (address.hostname, address.port))
    reader, writer = await asyncio.open_connection(sock=sock, limit=1_024)
    writer.write(GET)
    try:
        yield reader
    finally:
        writer.transport.abort()


@pytest.mark.slow
async def test_a_client_that_takes_nothing_is_dropped_and_the_others_stay(serve_app: Callable[..., Any]) -> None:
    served = await serve_app(stream_seconds=0.2)
    async with httpx.AsyncClient(base_url=served.url) as client, viewing(client, stats=1) as viewer:
        await viewer.until("stats")
        async with deaf(served.url), deaf(served.url):
            await wait_until(lambda: len(served.feed) == 3, 20)

            async def dropped() -> bool:
                left = served.flood()
                await viewer.until("stats", lambda data: isinstance(data, str))
                return left == 1

            await wait_until(dropped, 30)


@pytest.mark.slow
async def test_a_client_that_reads_slowly_is_not_dropped(serve_app: Callable[..., Any]) -> None:
    served = await serve_app(stream_seconds=2.0)
    async with deaf(served.url) as reader:
        await wait_until(lambda: len(served.feed) == 1, 20)
        taken = 0
        async with asyncio.timeout(60):
            while taken < 12_000_000:  # more than all buffers hold
                served.flood()
                part = await reader.read(65_536)
                assert part, f"it was dropped after {taken} bytes"
                taken += len(part)


@pytest.mark.slow
async def test_at_the_end_of_the_server_two_hundred_streams_say_bye_before_its_port_closes(
    serve_app: Callable[..., Any], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = await serve_app(ServerSettings(max_streams=200, max_streams_each=200))
    acceptor = served.server._acceptor
    left_at_close: list[int] = []
    close = acceptor.close
    monkeypatch.setattr(acceptor, "close", lambda: (left_at_close.append(len(served.feed)), close()))
    async with AsyncExitStack() as stack:
        readers = []
        for _ in range(200):
            reader, writer = await stack.enter_async_context(dialled(served.url))
            writer.write(GET)
            readers.append(reader)
        await wait_until(lambda: len(served.feed) == 200, 60)
        async with httpx.AsyncClient(base_url=served.url) as client:
            assert (await client.get(EVENTS)).status_code == 503
            assert (await client.get("/api/v1/queues")).status_code == 200
        stopping = asyncio.create_task(served.stop())
        answers = await asyncio.gather(*(everything(reader) for reader in readers))
        await stopping
    assert left_at_close == [0]
    waits = [
        json.loads(answer.partition(b"event: bye\ndata: ")[2].partition(b"\n")[0])["after_ms"] for answer in answers
    ]
    assert len(set(waits)) > 20, "clients do not come back at the same moment"
    assert all(answer.endswith(b"0\r\n\r\n") for answer in answers)
    assert [record.message for record in caplog.records if record.levelno >= logging.WARNING] == []


@pytest.mark.slow
async def test_a_client_that_takes_nothing_does_not_hold_up_the_end_of_the_server(
    serve_app: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    served = await serve_app()
    async with deaf(served.url):
        await wait_until(lambda: len(served.feed) == 1, 20)
        (stream,) = served.feed._streams

        def blocked() -> bool:
            served.flood()
            return bool(served.server._connections.stalled)

        await wait_until(blocked, 30)
        await served.stop()
        assert stream not in served.feed._streams
    assert [record.message for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_other_servers_see_only_the_delay(app: TaskFlow) -> None:
    """Without our transport, a client that takes nothing is given up by time."""
    gate = create_app(app)
    feed = gate._streams
    assert isinstance(feed, Feed)
    feed.limits = type(feed.limits)(patience_s=0.05)
    sent: list[Any] = []

    async def receive() -> Any:
        if sent:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    scope = {
        "type": "http", "method": "GET", "path": EVENTS, "raw_path": EVENTS.encode(), "query_string": b"",
        "headers": [(b"host", b"localhost")], "client": ("127.0.0.1", 1), "http_version": "1.1", "root_path": "",
        "scheme": "http", "server": ("localhost", 80),
    }  # fmt: skip
    async with asyncio.timeout(20):
        await gate(scope, receive, send)
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert len(feed) == 0


# ------------------------------------------------------------------------------------------------------- sessions


SETTINGS = ServerSettings(api_keys=keys_from({"TASKFLOW_API_KEYS": KEY}), max_streams_each=1)


def signed_in(url: str, at: float) -> httpx.AsyncClient:
    """Return a browser that has signed in at a time."""
    keyring = Keyring(SETTINGS.parsed_keys(), lambda: at)
    known = keyring.find(KEY.encode())
    assert known is not None
    cookies = {cookie_name("", secure=False): keyring.issue(known)[0]}
    return httpx.AsyncClient(base_url=url, cookies=cookies, timeout=30)


async def test_a_stream_ends_with_its_session(serve_app: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    served = await serve_app(SETTINGS)
    served.feed.limits = FeedLimits(comment_s=0.02, recheck_s=0.0)
    async with AsyncExitStack() as stack:
        browser = await stack.enter_async_context(signed_in(served.url, time.time()))
        program = await stack.enter_async_context(httpx.AsyncClient(base_url=served.url, headers={"X-API-Key": KEY}))
        viewer, other = [await stack.enter_async_context(viewing(one, stats=1)) for one in (browser, program)]
        for one in (viewer, other):
            await one.until("stats")
        later = time.time() + SESSION_S + 1
        monkeypatch.setattr(served.gate._guard._keyring, "_now", lambda: later)
        assert await viewer.until("bye") == {"after_ms": 0}
        assert await viewer.next() == ("end", None)
        assert (await browser.get(EVENTS)).status_code == 401
        await wait_until(lambda: len(served.feed) == 1, 20, what="the key's stream to be the only one left")


async def test_each_session_of_a_key_has_streams_of_its_own(serve_app: Callable[..., Any]) -> None:
    served = await serve_app(SETTINGS)
    now = time.time()
    async with AsyncExitStack() as stack:
        browsers = [await stack.enter_async_context(signed_in(served.url, at)) for at in (now, now - 60)]
        for browser in browsers:
            await stack.enter_async_context(viewing(browser))
        assert [(await browser.get(EVENTS)).status_code for browser in browsers] == [503, 503]


async def test_each_address_of_visitors_has_streams_of_its_own(serve_app: Callable[..., Any]) -> None:
    public = PublicDemo(jobs=(("greet", {"name": "visitor"}),))
    served = await serve_app(ServerSettings(public=public, max_streams_each=1, trusted_proxies=("127.0.0.1",)))
    async with AsyncExitStack() as stack:
        visitors = [
            await stack.enter_async_context(
                httpx.AsyncClient(base_url=served.url, headers={"X-Forwarded-For": address}, timeout=30)
            )
            for address in ("198.51.100.7", "198.51.100.8")
        ]
        for visitor in visitors:
            await stack.enter_async_context(viewing(visitor))
        assert [(await visitor.get(EVENTS)).status_code for visitor in visitors] == [503, 503]
