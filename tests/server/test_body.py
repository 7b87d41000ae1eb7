"""Limits on a real socket: a body is cut off before it is buffered, and a slow one does not stay (F43, S29)."""

from __future__ import annotations

import asyncio
import contextlib
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

MIB = 1024 * 1024
GIB = 1024 * MIB


async def _connect(live: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    url = urlsplit(live)
    return await asyncio.open_connection(url.hostname, url.port)


def _head(path: str, *headers: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json", *headers]
    return "\r\n".join([*lines, "", ""]).encode()


async def _status(reader: asyncio.StreamReader) -> int:
    return int((await reader.readline()).split()[1])


async def _send_chunks(writer: asyncio.StreamWriter, total: int) -> int:
    """Send chunked data until the other side hangs up; return how many bytes it took."""
    part = b"x" * (256 * 1024)
    sent = 0
    with contextlib.suppress(ConnectionError):
        while sent < total:
            writer.write(b"%x\r\n%s\r\n" % (len(part), part))
            await writer.drain()
            sent += len(part)
    return sent


@pytest.mark.parametrize(("path", "limit"), [("/api/v1/jobs", MIB), ("/api/v1/jobs/bulk", 16 * MIB)])
async def test_a_gigabyte_of_chunks_is_cut_off_early(live: str, path: str, limit: int) -> None:
    before = psutil.Process().memory_info().rss
    reader, writer = await _connect(live)
    writer.write(_head(path, "Transfer-Encoding: chunked"))
    sending = asyncio.create_task(_send_chunks(writer, GIB))
    assert await _status(reader) == 413
    sent = await sending
    writer.close()
    # Beyond the limit only what the sockets hold was taken.
    assert sent < limit + 32 * MIB
    assert psutil.Process().memory_info().rss - before < 50 * MIB


async def test_a_declared_length_above_the_limit_is_refused_unread(live: str) -> None:
    reader, writer = await _connect(live)
    writer.write(_head("/api/v1/jobs", f"Content-Length: {GIB}"))
    assert await _status(reader) == 413
    answer = (await reader.read()).lower()
    assert b"connection: close" in answer
    assert b'"code":"too_large"' in answer
    writer.close()


async def test_a_body_that_trickles_is_answered_408_and_others_are_served(hasty: str) -> None:
    reader, writer = await _connect(hasty)
    writer.write(_head("/api/v1/jobs", "Content-Length: 1000") + b'{"task"')
    async with httpx.AsyncClient(base_url=hasty) as other:
        assert (await other.post("/api/v1/jobs", json={"task": "anything"})).status_code == 201
    assert await _status(reader) == 408
    writer.close()


@pytest.mark.parametrize(("server", "pause", "status"), [("live", 0.1, 201), ("hasty", 60, 408)])
async def test_a_body_that_comes_after_its_head_has_its_time_and_no_more(
    live: str, hasty: str, server: str, pause: float, status: int
) -> None:
    body = b'{"task":"anything"}'
    reader, writer = await _connect({"live": live, "hasty": hasty}[server])
    writer.write(_head("/api/v1/jobs", f"Content-Length: {len(body)}"))
    await writer.drain()
    async with asyncio.timeout(90):
        answer = asyncio.create_task(_status(reader))
        await asyncio.wait([answer], timeout=pause)
        writer.write(body)
        assert await answer == status
    writer.close()


async def test_a_body_of_the_full_size_is_read(live: str) -> None:
    body = b'{"jobs": [{"task": "anything"}]}'
    padded = body + b" " * (16 * MIB - len(body))
    async with httpx.AsyncClient(base_url=live) as client:
        answer = await client.post("/api/v1/jobs/bulk", content=padded, headers={"content-type": "application/json"})
        assert answer.status_code == 201
        small = await client.post("/api/v1/jobs", content=padded, headers={"content-type": "application/json"})
        assert small.status_code == 413


@pytest.mark.parametrize("begun", [b"", b'{"task": "anything"'])
async def test_a_client_that_hangs_up_leaves_nothing_behind(live: str, begun: bytes) -> None:
    _, writer = await _connect(live)
    writer.write(_head("/api/v1/jobs", "Content-Length: 100") + begun)
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    async with httpx.AsyncClient(base_url=live) as client:
        assert (await client.get("/api/v1/jobs")).json()["items"] == []
