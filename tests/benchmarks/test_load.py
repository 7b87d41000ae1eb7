"""The load generator: what it sends, what it reads, where it stops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from tests.listening import serving

from benchmarks.compare import load
from benchmarks.compare.load import BadAnswer, request_of, send_all
from benchmarks.compare.measures import rest

BODY = b'{"task":"job"}'
CREATED = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}"


@asynccontextmanager
async def server(answer: Callable[[int], list[bytes]]) -> AsyncIterator[str]:
    """Answer the n-th request with some parts, written apart; no parts hang up."""
    seen = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal seen
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                assert await reader.readexactly(len(BODY)) == BODY
                seen += 1
                parts = answer(seen)
                if not parts:
                    break
                for part in parts:
                    writer.write(part)
                    await writer.drain()
                    await asyncio.sleep(0.001)
        except asyncio.IncompleteReadError:
            pass

    async with serving(serve) as port:
        yield f"http://127.0.0.1:{port}/api/v1/jobs"


async def test_every_request_of_the_budget_is_sent_once_and_answered() -> None:
    async with server(lambda _: [CREATED]) as url:
        figures = await send_all(url, BODY, count=50, seconds=10.0, connections=4)

    assert (figures["answers"], figures["created"], figures["others"]) == (50, 50, 0)
    assert 0 < figures["p50_ms"] <= figures["p99_ms"] < 1e3 * figures["seconds"]


async def test_an_answer_may_come_in_pieces() -> None:
    pieces = [CREATED[:20], CREATED[20:44], CREATED[44:]]
    async with server(lambda _: pieces) as url:
        figures = await send_all(url, BODY, count=6, seconds=10.0, connections=2)

    assert figures["created"] == 6


async def test_other_answers_are_told_apart() -> None:
    busy = b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n"
    async with server(lambda number: [busy if number % 2 else CREATED]) as url:
        figures = await send_all(url, BODY, count=10, seconds=10.0, connections=1)

    assert (figures["created"], figures["others"]) == (5, 5)


async def test_time_ends_it_too() -> None:
    async with server(lambda _: [CREATED]) as url:
        figures = await send_all(url, BODY, count=10_000_000, seconds=0.1, connections=2)

    assert figures["seconds"] < 60.0
    assert figures["answers"] < 10_000_000


@pytest.mark.parametrize(
    ("answer", "why"),
    [([], "hung up"), ([b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n"], "without its length")],
)
async def test_what_cannot_be_read_ends_it(answer: list[bytes], why: str) -> None:
    async with server(lambda _: answer) as url:
        with pytest.raises(BadAnswer, match=why):
            await send_all(url, BODY, count=2, seconds=10.0, connections=1)


@pytest.mark.parametrize("url", ["http://192.0.2.1/x", "https://127.0.0.1/x", "http:///x"])
def test_only_this_machine_is_loaded(url: str) -> None:
    with pytest.raises(ValueError, match="loopback"):
        request_of(url, BODY)


def test_a_request_says_how_long_its_body_is() -> None:
    head, _, body = request_of("http://127.0.0.1:8000/api", BODY).partition(load._END_OF_HEAD)

    assert head.splitlines()[0] == b"POST /api HTTP/1.1"
    assert b"Content-Length: 14" in head.splitlines()
    assert body == BODY


def test_answers_whose_jobs_are_not_stored_are_noted() -> None:
    assert rest.missing(10, 10) == ""
    assert rest.missing(10, 12) == ""
    assert rest.missing(1_010, 10) == "1,000 of 1,010 jobs are not stored"
