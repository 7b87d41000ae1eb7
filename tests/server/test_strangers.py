"""What strangers send without a key, or do not read, costs bounded memory and keeps nobody else waiting."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import resource
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
import psutil
import pytest
from tests.server.conftest import KEY
from tests.server.wire import dialled, everything, exchange, head, request, statuses

from taskflowmq import TaskFlow
from taskflowmq.bootstrap.supervise import loop_factory
from taskflowmq.server.app import create_app
from taskflowmq.server.aside import asked_of, serving_aside
from taskflowmq.server.edge.acceptor import Acceptor
from taskflowmq.server.edge.connections import SPARE_CONNECTIONS, ConnectionLimits, Connections
from taskflowmq.server.probes import create_probes
from taskflowmq.server.run import bind, serving
from taskflowmq.server.settings import ServerSettings
from taskflowmq.telemetry.prometheus import PrometheusTelemetry
from taskflowmq.testing.waiting import wait_until

MIB = 1024 * 1024
#: Far above what is seen, far below what was: other tests run at the same time.
LONGEST_WAIT = 5.0
LIVE = head("GET /health/live HTTP/1.1", ("Host: localhost",))


@asynccontextmanager
async def served(app: TaskFlow, **limits: Any) -> AsyncIterator[str]:
    """Serve with keys and chosen limits, and give the address."""
    chosen = ConnectionLimits(**{"look_seconds": 0.05, **limits})
    async with serving(create_app(app, ServerSettings(api_keys=(KEY,))), bind("127.0.0.1", 0), chosen) as url:
        yield url


@asynccontextmanager
async def watched(url: str) -> AsyncIterator[Callable[[], float]]:
    """Probe all the time; give the longest time that a probe has taken."""
    waits = [0.0]

    async def probe() -> None:
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            answer = await exchange(url, request("GET", "/health/live"))
            assert statuses(answer) == [200]
            waits.append(loop.time() - began)
            await asyncio.sleep(0.02)

    probing = asyncio.create_task(probe())
    try:
        yield lambda: max(waits)
    finally:
        probing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await probing


async def pour(url: str, begun: bytes, more: bytes, most: int) -> int:
    """Send without end; return how many bytes were taken until the server hung up."""
    sent = 0
    async with dialled(url) as (_, writer):
        with contextlib.suppress(ConnectionError):
            writer.write(begun)
            while sent < most:
                writer.write(more)
                await writer.drain()
                sent += len(more)
    return sent


BEGUN = b"GET / HTTP/1.1\r\nHost: localhost\r\n"


@pytest.mark.parametrize(
    ("begun", "more"),
    [
        pytest.param(BEGUN + b"X: ", b"a" * 262_144, id="one value"),
        pytest.param(BEGUN, b"a: b\r\n" * 40_000, id="many fields"),
        pytest.param(b"GET /", b"a" * 262_144, id="a target"),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ",
            b"a" * 262_144,
            id="trailer",
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1;x=",
            b"a" * 262_144,
            id="extension",
        ),
        pytest.param(b"", b"\r\n" * 131_072, id="empty lines"),
        pytest.param(b"", LIVE * 4_000, id="requests"),
        pytest.param(BEGUN + b"Content-Length: 99999999999\r\n\r\n", b"a" * 262_144, id="a body that nobody reads"),
    ],
)
async def test_what_has_no_end_is_cut_off_and_costs_no_memory(app: TaskFlow, begun: bytes, more: bytes) -> None:
    async with served(app) as url, watched(url) as longest_wait:
        before = psutil.Process().memory_info().rss
        sent = await asyncio.gather(*(pour(url, begun, more, 64 * MIB) for _ in range(4)))
        assert max(sent) < 64 * MIB
        assert psutil.Process().memory_info().rss - before < 40 * MIB
        assert longest_wait() < LONGEST_WAIT


async def closes(url: str, *sent: bytes) -> bytes:
    """Send, and return what comes until the server closes the connection."""
    return await exchange(url, *sent)


@pytest.mark.slow
async def test_each_silence_ends(app: TaskFlow) -> None:
    async with served(app, head_seconds=0.3, keep_alive_seconds=0.3, linger_seconds=0.1) as url:
        assert await closes(url) == b"", "nothing at all"
        assert statuses(await closes(url, BEGUN)) == [408], "half a head"
        assert statuses(await closes(url, LIVE)) == [200], "no second request"
        assert statuses(await closes(url, LIVE + BEGUN)) == [200, 408], "half a second head"


async def test_a_head_that_trickles_has_its_time_and_no_more(app: TaskFlow) -> None:
    async with served(app, head_seconds=0.3, linger_seconds=0.1) as url, dialled(url) as (reader, writer):
        answer = asyncio.create_task(everything(reader))
        writer.write(BEGUN + b"X: ")
        with contextlib.suppress(ConnectionError):
            while not answer.done():
                writer.write(b"X")
                await asyncio.wait([answer], timeout=0.02)
        assert statuses(await answer) == [408]


async def test_connections_beyond_the_limit_close_the_one_that_was_idle_longest(app: TaskFlow) -> None:
    async with served(app, most=8) as url, AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(dialled(url)) for _ in range(30)]
        for reader, _ in opened[:22]:
            assert await everything(reader) == b""
        assert statuses(await exchange(url, request("GET", "/health/live"))) == [200]
        for reader, writer in opened[24:]:
            writer.write(LIVE)
            assert await reader.readuntil(b"\r\n\r\n")


async def test_probes_are_answered_when_every_place_is_busy_and_others_hear_why_not(app: TaskFlow) -> None:
    job = (await app.asend("anything")).id
    fields = ("Host: localhost", f"X-API-Key: {KEY}")
    long = head(f"GET /api/v1/jobs/{job}?wait=30 HTTP/1.1", fields)
    list_jobs = head("GET /api/v1/jobs HTTP/1.1", fields)
    async with served(app, most=5) as url, AsyncExitStack() as stack:
        for _ in range(5):
            _, writer = await stack.enter_async_context(dialled(url))
            writer.write(LIVE + long)
            await writer.drain()

        async def crowded() -> bool:
            return statuses(await exchange(url, list_jobs)) == [503]

        await wait_until(crowded, 20)  # a connection may be free until the last wait has begun
        for _ in range(SPARE_CONNECTIONS * 2):
            assert statuses(await exchange(url, request("GET", "/health/live"))) == [200]


async def test_one_address_cannot_hold_many_connections_that_ask_nothing(app: TaskFlow) -> None:
    async with served(app, most_new_per_address=3) as url, AsyncExitStack() as stack:
        asked = await stack.enter_async_context(dialled(url))
        asked[1].write(LIVE)
        await asked[0].readuntil(b"}")
        silent = [await stack.enter_async_context(dialled(url)) for _ in range(10)]
        for reader, _ in silent[:7]:
            assert await everything(reader) == b""
        for reader, writer in (asked, *silent[7:]):
            writer.write(LIVE)
            assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 200")


async def test_who_does_not_read_the_answer_is_dropped(app: TaskFlow) -> None:
    text = "x" * 200_000
    for _ in range(40):
        await app.asend("anything", {"value": text})
    ask = head("GET /api/v1/jobs?limit=1000 HTTP/1.1", ("Host: localhost", f"X-API-Key: {KEY}"))
    async with served(app, write_seconds=0.3) as url:
        page = await exchange(url, ask.replace(b"Host", b"Connection: close\r\nHost"))
        assert 3_000_000 < len(page) < 4_200_000
        process = psutil.Process()
        idle = len(process.net_connections())
        async with AsyncExitStack() as stack:
            for _ in range(3):
                reader, writer = await stack.enter_async_context(dialled(url))
                reader._transport.pause_reading()  # type: ignore[attr-defined]
                writer.write(ask * 3)
                await writer.drain()
            await wait_until(lambda: len(process.net_connections()) > idle)
            # Ours stay; the server's ends of them go.
            await wait_until(lambda: len(process.net_connections()) <= idle + 3, 20)


class Peer:
    """A connection that a keeper holds."""

    def __init__(self, peer: str = "::1", unsent: int = 0, took_at: float = 0.0) -> None:
        self.peer = peer
        self.took_at = took_at
        self.size = unsent
        self.dropped = False

    def look(self, now: float) -> None:
        pass

    def drop(self) -> None:
        self.dropped = True

    def unsent(self) -> int:
        return self.size


async def test_above_the_bound_of_unsent_bytes_those_that_take_nothing_go_first() -> None:
    keeper = Connections(ConnectionLimits(most_unsent=100))
    now = asyncio.get_running_loop().time()
    dead, slow, dead_too = (
        Peer(unsent=60, took_at=now - 9),
        Peer(unsent=60, took_at=now),
        Peer(unsent=60, took_at=now - 9),
    )
    for conn in (dead, slow, dead_too):
        keeper.add(conn)
        keeper.stall(conn)
    keeper.close()
    assert (dead.dropped, slow.dropped, dead_too.dropped) == (True, False, True)


class Exhausted:
    """A listening socket of a process that has no descriptor left, twice."""

    def __init__(self) -> None:
        self.sock = bind("127.0.0.1", 0)
        self.failures = 2

    def fileno(self) -> int:
        return self.sock.fileno()

    def accept(self) -> Any:
        if self.failures:
            self.failures -= 1
            raise OSError(errno.EMFILE, "Too many open files")
        return self.sock.accept()


async def test_a_process_without_descriptors_closes_idle_connections_and_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    exhausted, accepted, room = Exhausted(), asyncio.Event(), 0

    def make_room() -> None:
        nonlocal room
        room += 1

    class Taken(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            accepted.set()

    acceptor = Acceptor(exhausted, Taken, make_room)  # type: ignore[arg-type]
    acceptor.start()
    port = exhausted.sock.getsockname()[1]
    async with dialled(f"http://127.0.0.1:{port}"), asyncio.timeout(30):
        await accepted.wait()
    acceptor.close()
    exhausted.sock.close()
    assert room == 2
    assert [record.levelname for record in caplog.records if "cannot accept connections" in record.message] == ["ERROR"]


def test_the_limit_of_open_files_is_raised_as_far_as_it_goes() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    code = (
        "import resource; from taskflowmq.server.files import raise_file_limit, room_for_files\n"
        f"resource.setrlimit(resource.RLIMIT_NOFILE, (256, min({hard}, 2000)))\n"
        "low = room_for_files(); raise_file_limit(); print(resource.getrlimit(resource.RLIMIT_NOFILE)[0], low)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    soft, low = map(int, done.stdout.split())
    assert soft == 2_000
    assert 50 < low < 128


@pytest.mark.slow
async def test_a_flood_at_a_worker_s_probes_does_not_hold_up_its_loop(app: TaskFlow) -> None:
    loop = asyncio.get_running_loop()
    asked = 0

    async def working() -> bool:
        nonlocal asked
        assert asyncio.get_running_loop() is loop
        asked += 1
        return True

    questions = asked_of(loop, working), asked_of(loop, app.store.stats.count_all)
    probes = create_probes(*questions, PrometheusTelemetry(), ServerSettings())
    async with serving_aside(probes, bind("127.0.0.1", 0), loop_factory()) as url:
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", FLOOD, url, "3")
        slowest, began = 0.0, loop.time()
        async with httpx.AsyncClient(base_url=url, timeout=30) as client:
            while process.returncode is None:
                before = loop.time()
                await asyncio.sleep(0.01)
                slowest = max(slowest, loop.time() - before)
            assert (await client.get("/health/ready")).status_code == 200
            assert (await client.get("/metrics")).status_code == 200
        assert slowest < LONGEST_WAIT
        assert 1 <= asked <= loop.time() - began + 2


#: Heads without end and endless readiness probes, from a process of its own.
FLOOD = """
import contextlib, socket, sys, threading, time, urllib.parse
server = urllib.parse.urlsplit(sys.argv[1])
end = time.monotonic() + float(sys.argv[2])
def pour(begun, more):
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection((server.hostname, server.port), timeout=1) as conn:
            conn.sendall(begun)
            while time.monotonic() < end:
                conn.sendall(more)
head = b"GET / HTTP/1.1\\r\\nHost: localhost\\r\\nX: "
ready = b"GET /health/ready HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n"
threads = [threading.Thread(target=pour, args=pair) for pair in [(head, b"a" * 262144)] * 3 + [(b"", ready * 40)] * 3]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


async def test_probes_that_cannot_be_served_say_so_where_they_were_asked_for() -> None:
    async def refuse(*_: Any) -> None:
        raise OSError("no loop")

    def broken() -> asyncio.AbstractEventLoop:
        raise OSError("no loop")

    sock = bind("127.0.0.1", 0)
    probes = create_probes(refuse, refuse, PrometheusTelemetry(), ServerSettings())  # type: ignore[arg-type]
    with pytest.raises(OSError, match="no loop"):
        async with serving_aside(probes, sock, broken):
            pass
    sock.close()
