"""What can come instead of a request: each is refused, stores nothing, and is the last of its connection."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
import pytest_asyncio
from tests.server.conftest import listening, new_app
from tests.server.wire import exchange, head, request, statuses

from taskflowmq import TaskFlow
from taskflowmq.server.edge.transport import MAX_FIELDS, MAX_HEAD, MAX_PIPELINED

# One server is enough: no test minds what those before it have stored.
pytestmark = pytest.mark.asyncio(loop_scope="module")

JOB = b'{"task":"anything"}'
POST = "POST /api/v1/jobs HTTP/1.1"
JSON = "Content-Type: application/json"
HOST = "Host: localhost"
CLOSE = "Connection: close"
CHUNKED = "Transfer-Encoding: chunked"
LONG = "a" * (MAX_HEAD + 1)
HIDDEN = request("POST", "/api/v1/jobs", body=JOB)


def post(*fields: str, body: bytes = JOB) -> bytes:
    return head(POST, (HOST, JSON, CLOSE, *fields)) + body


def get(*fields: str, target: str = "/api/v1/jobs", version: str = "HTTP/1.1") -> bytes:
    return head(f"GET {target} {version}", (HOST, CLOSE, *fields))


REFUSED: dict[str, tuple[bytes, int]] = {
    "one long value": (get(f"X: {LONG}"), 431),
    "one long name": (get(f"{LONG}: x"), 431),
    "a long target": (get(target=f"/{LONG}"), 431),
    "many fields": (get(*(f"a{number}: b" for number in range(MAX_FIELDS))), 431),
    "many small fields": (get(*("a: b" for _ in range(MAX_HEAD))), 431),
    "empty lines without end": (b"\r\n" * MAX_HEAD, 431),
    "a long method": (LONG.encode() * 2, 400),
    "no request": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 64, 400),
    "no words": (b"\r\n\r\n \r\n\r\n", 400),
    "no version": (b"GET /api/v1/jobs\r\n\r\n", 505),
    "another version": (get(version="HTTP/2.0"), 505),
    "HTTP/2 without asking": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "no such version": (get(version="HTTP/1.9"), 400),
    "a name of another protocol": (get(version="SIP/2.0"), 400),
    "lines without CR": (get().replace(b"\r\n", b"\n"), 400),
    "a CR alone": (get("X: a\rY: b"), 400),
    "a folded field": (get("X: a\r\n b"), 400),
    "a field folded into a key": (get("X: a\r\n\tX-API-Key: b"), 400),
    "a blank before the colon": (get("X-API-Key : b"), 400),
    "a field without a name": (get(": b"), 400),
    "a field without a colon": (get("X-API-Key"), 400),
    "NUL in a value": (get("X: a\0b"), 400),
    "NUL in a target": (get(target="/api/v1/jobs\0"), 400),
    "a blank in a target": (get(target="/api/v1/jobs /x"), 400),
    "bytes above ASCII in a target": (get(target="/\xff\xfe"), 400),
    "CONNECT": (head("CONNECT localhost:1 HTTP/1.1", (HOST,)), 400),
    "a target that is no path": (get(target="jobs"), 400),
    "a star of another method": (get(target="*"), 400),
    "an address of another scheme": (get(target="ftp://localhost/api/v1/jobs"), 400),
    "an address without a host": (get(target="http:///api/v1/jobs"), 400),
    "an address with a user": (get(target="http://user@localhost/api/v1/jobs"), 400),
    "an address of another host": (get(target="http://evil.example/api/v1/jobs"), 403),
    "two hosts": (get("Host: evil.example"), 400),
    "two keys": (get("X-API-Key: a", "X-API-Key: b"), 400),
    "two types": (post("Content-Type: text/plain", f"Content-Length: {len(JOB)}"), 400),
    "two idempotency keys": (post("Idempotency-Key: a", "Idempotency-Key: b", f"Content-Length: {len(JOB)}"), 400),
    "a foreign origin that is no address": (post("Origin: http://[", f"Content-Length: {len(JOB)}"), 403),
    "a host that is no address": (head("GET /api/v1/jobs HTTP/1.1", ("Host: [", CLOSE)), 403),
    "a length with a sign": (post("Content-Length: +19"), 400),
    "a negative length": (post("Content-Length: -1"), 400),
    "a length that is no number": (post("Content-Length: 0x13"), 400),
    "a length above all numbers": (post(f"Content-Length: {'9' * 30}"), 400),
    "an empty length": (post("Content-Length: "), 400),
    "two lengths": (post("Content-Length: 19", "Content-Length: 18"), 400),
    "two equal lengths": (post("Content-Length: 19", "Content-Length: 19"), 400),
    "a list of lengths": (post("Content-Length: 19, 19"), 400),
    "a length and chunks": (post("Content-Length: 5", CHUNKED, body=b"0\r\n\r\n" + HIDDEN), 400),
    "chunks and a length": (post(CHUNKED, "Content-Length: 5", body=b"0\r\n\r\n" + HIDDEN), 400),
    "chunks of another kind": (post("Transfer-Encoding: xchunked", body=b"0\r\n\r\n" + HIDDEN), 400),
    "chunks and then another coding": (post("Transfer-Encoding: chunked, identity", body=b"0\r\n\r\n" + HIDDEN), 400),
    "a coding that is unknown": (post("Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"), 501),
    "chunks of HTTP/1.0": (post(CHUNKED, body=b"0\r\n\r\n" + HIDDEN).replace(b"HTTP/1.1", b"HTTP/1.0", 1), 400),
    "a chunk without a size": (post(CHUNKED, body=b"\r\nabc\r\n0\r\n\r\n"), 400),
    "a chunk with a sign": (post(CHUNKED, body=b"-1\r\nabc\r\n0\r\n\r\n"), 400),
    "a chunk with a prefix": (post(CHUNKED, body=b"0x3\r\nabc\r\n0\r\n\r\n"), 400),
    "a chunk above all numbers": (post(CHUNKED, body=b"fffffffffffffffff\r\nabc\r\n0\r\n\r\n"), 400),
    "a chunk that is longer than it says": (post(CHUNKED, body=b"1\r\nabc\r\n0\r\n\r\n"), 400),
    "chunks without CR": (post(CHUNKED, body=b"3\nabc\n0\n\n"), 400),
    "an extension without end": (post(CHUNKED, body=b"3;a=" + LONG.encode() * 2), 431),
    "a wait for permission to send what is no chunk": (post(CHUNKED, "Expect: 100-continue", body=b"-1\r\n"), 400),
    "a trailer without end": (post(CHUNKED, body=b"3\r\nabc\r\n0\r\nX: " + LONG.encode() * 3), 431),
    "many trailers": (post(CHUNKED, body=b"3\r\nabc\r\n0\r\n" + b"a: b\r\n" * 3 * MAX_HEAD), 431),
    "a trailer that is no field": (post(CHUNKED, body=b"3\r\nabc\r\n0\r\nX : a\r\n\r\n"), 400),
}  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def app(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TaskFlow]:
    """The app of the server."""
    async with new_app(tmp_path_factory.mktemp("shapes")) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def live(app: TaskFlow) -> AsyncIterator[str]:
    """The address of the server."""
    async with listening(app, body_seconds=60.0) as url:
        yield url


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_no_request_is_refused_and_the_connection_ends(
    name: str, live: str, stored: Callable[[], Any], caplog: pytest.LogCaptureFixture
) -> None:
    sent, expected = REFUSED[name]
    before = await stored()
    answer = await exchange(live, sent)
    assert statuses(answer) == [expected]
    assert b'"code":' in answer
    assert b"nosniff" in answer
    assert b"Traceback" not in answer
    assert await stored() == before
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == []


@pytest.mark.parametrize("name", ["many fields", "one long value", "a trailer without end", "two lengths"])
async def test_the_same_in_small_parts(name: str, live: str) -> None:
    sent, expected = REFUSED[name]
    parts = [sent[start : start + 1_000] for start in range(0, len(sent), 1_000)]
    assert statuses(await exchange(live, *parts)) == [expected]


ACCEPTED: dict[str, tuple[bytes, list[int]]] = {
    "a head of the full size": (get(*("x" * 1_000 + f"{number}: y" for number in range(30))), [200]),
    "an address of this host": (get(target="http://localhost/api/v1/jobs?limit=1"), [200]),
    "an upgrade that does not exist": (get("Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings"), [200]),
    "a websocket": (get("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"), [200]),
    "many chunks": (post(CHUNKED, body=b"".join(b"1\r\n%c\r\n" % byte for byte in JOB) + b"0\r\n\r\n"), [201]),
    "chunks with extensions": (post(CHUNKED, body=b"13;a=b;c=\"d\"\r\n" + JOB + b"\r\n0\r\n\r\n"), [201]),
    "one after the other": (get().replace(CLOSE.encode() + b"\r\n", b"") * 2 + get(), [200, 200, 200]),
    "a body that nobody asked for": (get("Content-Length: 3") + b"abc", [200]),
    "what follows a close": (get() + HIDDEN, [200]),
}  # fmt: skip


@pytest.mark.parametrize("name", ACCEPTED)
async def test_what_is_unusual_and_right_is_served(name: str, live: str) -> None:
    sent, expected = ACCEPTED[name]
    assert statuses(await exchange(live, sent)) == expected


async def test_an_address_without_a_path_is_that_of_the_first_page(live: str) -> None:
    # Where the dashboard has not been built yet, that page says so with 503.
    named, root = await exchange(live, get(target="http://localhost")), await exchange(live, get(target="/"))
    assert statuses(named) == statuses(root)
    assert named.partition(b"\r\n\r\n")[2][:15].lower() == b"<!doctype html>"


async def test_a_trailer_says_nothing(live: str, stored: Callable[[], Any]) -> None:
    trailer = "Content-Type: text/plain\r\nHost: evil.example\r\nOrigin: http://evil.example\r\nIdempotency-Key: a\r\n"
    body = b"13\r\n" + JOB + b"\r\n0\r\n" + trailer.encode() + b"\r\n"
    before = await stored()
    for _ in range(2):
        assert statuses(await exchange(live, post(CHUNKED, body=body))) == [201]
    assert await stored() == before + 2, "the key in the trailer is none"


async def test_requests_without_end_on_one_connection_are_cut_off(live: str) -> None:
    one = head("GET /health/live HTTP/1.1", (HOST,))
    answer = await exchange(live, one * 3_000)
    assert len(statuses(answer)) <= MAX_PIPELINED + 1
    assert set(statuses(answer)) <= {200}


async def test_a_refusal_waits_for_the_answers_before_it(live: str) -> None:
    async with httpx.AsyncClient(base_url=live) as client:
        job = (await client.post("/api/v1/jobs", json={"task": "anything"})).json()["id"]
    long = head(f"GET /api/v1/jobs/{job}?wait=0.3 HTTP/1.1", (HOST,))
    answer = await exchange(live, long, b"GARBAGE\r\n\r\n")
    assert statuses(answer) == [200]
