"""The store of a public demonstration goes back to how it began every hour, and its visitors see no error."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from taskflowmq.cli.demo import RESET_S, renewal
from taskflowmq.cli.dev import Run
from taskflowmq.cli.exits import Exit
from taskflowmq.demo.scenes import FAILURES
from taskflowmq.server.run import bind
from taskflowmq.server.settings import PublicDemo, ServerSettings
from taskflowmq.testing import VirtualClock
from taskflowmq.testing.waiting import wait_until
from taskflowmq.worker import WorkerOptions

pytestmark = pytest.mark.slow
PUBLIC = PublicDemo(jobs=(("report.build", {"order": 1, "month": "2026-11", "pages": 3}),))
PATIENCE_S = 120.0


class Demo(NamedTuple):
    """A public demonstration that runs in this process, its workers in others."""

    client: httpx.AsyncClient
    clock: VirtualClock
    folder: Path


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[Demo]:
    clock, url, ends = VirtualClock(), asyncio.get_running_loop().create_future(), list[Callable[[], None]]()
    made = renewal(tmp_path, 1, 3.0, clock)
    parts = (await made.make())._replace(renewal=made)
    options = WorkerOptions(concurrency=4, drain_timeout=1.0)
    run = Run(parts, ServerSettings(public=PUBLIC), options, "text", "warning", url.set_result)
    running = asyncio.create_task(run(bind("127.0.0.1", 0), lambda drain, _: ends.append(drain)))
    await asyncio.wait([running, url], return_when=asyncio.FIRST_COMPLETED)
    assert not running.done(), running
    async with httpx.AsyncClient(base_url=await url, timeout=PATIENCE_S) as client:
        yield Demo(client, clock, tmp_path)
    for end in ends:
        end()
    # The last jobs are handed back to a store that goes.
    assert await running in (Exit.OK, Exit.HANDED_BACK)


@asynccontextmanager
async def visited(client: httpx.AsyncClient) -> AsyncIterator[list[int]]:
    """Read what pages show, all the time; give the statuses of the answers."""
    seen: list[int] = []

    async def visit() -> None:
        while True:
            for path in ("/jobs?q=state:dead", "/queues", "/stats/summary", "/workers"):
                answer = await client.get(f"/api/v1{path}")
                seen.append(answer.status_code)

    visitors = [asyncio.create_task(visit()) for _ in range(3)]
    try:
        yield seen
    finally:
        for one in visitors:
            one.cancel()
        await asyncio.wait(visitors)
        assert [str(one.exception()) for one in visitors if not one.cancelled()] == []


async def states(client: httpx.AsyncClient) -> dict[str, int]:
    found: dict[str, int] = (await client.get("/api/v1/jobs/stats")).json()["states"]
    return found


async def test_every_hour_the_store_is_as_it_began_and_the_server_goes_on(demo: Demo) -> None:
    client, clock, folder = demo
    for hour in (1, 2):
        mine = (await client.post("/api/v1/demo/jobs")).json()["id"]
        assert (await client.get(f"/api/v1/jobs/{mine}")).status_code == 200
        events: list[str] = []

        async def follow(events: list[str] = events) -> None:
            async with client.stream("GET", "/api/v1/events", params={"stats": 1}) as stream:
                events += [line async for line in stream.aiter_lines() if line.startswith("event:")]

        following = asyncio.create_task(follow())
        async with visited(client) as seen:

            async def is_reset(mine: str = mine) -> bool:
                return (await client.get(f"/api/v1/jobs/{mine}")).status_code == 404

            clock.advance(RESET_S)
            await wait_until(is_reset, PATIENCE_S, what=f"reset {hour}")
            # The stream of a visitor ends in order, and the page opens the next one.
            await asyncio.wait_for(following, PATIENCE_S)
            before = len(seen)
            await wait_until(lambda before=before: len(seen) > before + 8, PATIENCE_S)
        assert set(seen) == {200}
        assert events[-1] == "event: bye"
        found = await states(client)
        assert FAILURES <= found["dead"] < FAILURES + 200
        assert (await client.get("/api/v1/jobs", params={"q": "tag:visitor"})).json()["items"] == []
        paused = [one["name"] for one in (await client.get("/api/v1/queues")).json()["items"] if one["paused"]]
        assert paused == ["newsletter"]
        assert (await client.get("/api/v1/jobs", params={"q": "queue:newsletter", "limit": 50})).json()["items"] != []

        def is_gone() -> bool:
            return len(list(folder.iterdir())) == 1

        await wait_until(is_gone, PATIENCE_S, what="the files of the store before are gone")


def test_a_page_is_told_when_the_next_hour_ends(tmp_path: Path) -> None:
    clock = VirtualClock()
    told = renewal(tmp_path, 1, 3.0, clock).settings(ServerSettings(public=PUBLIC)).public
    assert told is not None
    assert (told.resets_at, told.jobs) == (clock.now() + timedelta(hours=1), PUBLIC.jobs)
