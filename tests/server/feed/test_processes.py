"""Servers as programs: killed, drained, beside each other, and beside a command that enqueues."""

from __future__ import annotations

import asyncio
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.cli.test_processes import APP, READY_SECONDS, Program
from tests.faults.rig import free_port
from tests.server.feed.viewer import EVENTS, short, viewing

pytestmark = pytest.mark.slow
Start = Callable[..., Program]


@pytest.fixture
def start(tmp_path: Path, url: str) -> Iterator[Start]:
    """Start programs on one store."""
    (tmp_path / "shop.py").write_text(APP)
    programs: list[Program] = []

    def started(*arguments: str) -> Program:
        programs.append(Program(tmp_path, *arguments, TASKFLOW_DATABASE_URL=url))
        return programs[-1]

    yield started
    for program in programs:
        program.close()


@pytest.fixture
async def serve(start: Start) -> AsyncIterator[Callable[..., Any]]:
    """Start servers without duties, on a port, and give clients of them."""
    async with AsyncExitStack() as stack:

        async def serving(port: int = 0) -> tuple[Program, httpx.AsyncClient]:
            program = start("server", "shop:app", "--port", str(port), "--json", "--no-duties")
            client = httpx.AsyncClient(base_url=program.announcement()["url"], timeout=30)
            return program, await stack.enter_async_context(client)

        yield serving


async def enqueue(client: httpx.AsyncClient, **body: Any) -> UUID:
    answer = await client.post("/api/v1/jobs", json={"task": "double", "args": {"n": 1}, **body})
    return UUID(answer.raise_for_status().json()["id"])


async def test_a_server_that_was_killed_is_back_and_serves_the_present(serve: Callable[..., Any]) -> None:
    port = free_port()
    server, client = await serve(port)
    job = await enqueue(client)
    async with viewing(client, ids=short(job)) as viewer:
        await viewer.job(job, "pending")
        server.process.kill()
        with pytest.raises(httpx.HTTPError):
            await viewer.until("bye")
    server.process.wait(READY_SECONDS)
    _, other = await serve()
    await other.post(f"/api/v1/jobs/{job}/cancel")
    async with viewing(other, ids=short(job)) as viewer:
        await viewer.job(job, "cancelled")
    _, again = await serve(port)
    async with viewing(again, ids=short(job)) as viewer:
        await viewer.job(job, "cancelled")


async def test_a_server_with_open_streams_ends_when_it_is_told_to(serve: Callable[..., Any]) -> None:
    server, client = await serve()
    async with viewing(client, stats=1) as first, viewing(client, stats=1) as second:
        await first.until("stats")
        server.process.send_signal(signal.SIGTERM)
        for viewer in (first, second):
            assert (await viewer.until("bye"))["after_ms"] > 0
            assert await viewer.next() == ("end", None)
    assert server.process.wait(READY_SECONDS) == 0
    assert "Cancel" not in server.errors()


async def test_what_a_command_and_another_server_do_is_seen(serve: Callable[..., Any], start: Start) -> None:
    (_, first), (_, second) = await serve(), await serve()
    async with viewing(first, page="queue=default&top=", stats=1) as viewer:
        await viewer.until("stats")
        program = start("enqueue", "double", '{"n": 1}', "--json")
        assert program.process.wait(READY_SECONDS) == 0, program.errors()
        (found,) = (await viewer.until("page", lambda page: page["new"]))["new"]
        await second.post(f"/api/v1/jobs/{found}/cancel")
        await viewer.until("stats", lambda stats: stats["states"]["cancelled"] == 1)


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
async def test_curl_reads_a_stream(serve: Callable[..., Any]) -> None:
    _, client = await serve()
    address = f"{client.base_url}{EVENTS}"
    curl = await asyncio.create_subprocess_exec(
        *("curl", "-sN", "-G", address, "--data-urlencode", "page=state=dead&queue=mail"), stdout=subprocess.PIPE
    )
    assert curl.stdout is not None
    async with asyncio.timeout(READY_SECONDS):
        lines = [await curl.stdout.readline() for _ in range(6)]
    curl.terminate()
    await curl.communicate()
    assert lines[1] == b"event: hello\n"
    assert lines[5] == b'data: {"page":"state=dead&queue=mail","new":[],"exact":true}\n'
