"""The application behind a server is exchanged while requests are in progress."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from tests.server.conftest import new_app, started

from taskflowmq import TaskFlow
from taskflowmq.server.app import create_app
from taskflowmq.server.dashboard.files import Files
from taskflowmq.server.edge.switch import Switch
from taskflowmq.testing import adrain
from taskflowmq.testing.waiting import wait_until


@pytest.fixture
async def other(tmp_path: Path) -> AsyncIterator[TaskFlow]:
    """An app on another store."""
    (tmp_path / "other").mkdir()
    async with new_app(tmp_path / "other") as made:
        yield made


async def test_a_request_is_answered_by_the_application_that_it_reached(
    app: TaskFlow, other: TaskFlow, built: Path
) -> None:
    first, second = [create_app(one, files=Files(built)) for one in (app, other)]
    switch = Switch(first)
    transport = httpx.ASGITransport(app=switch, client=("127.0.0.1", 50_000))
    async with started(switch), httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        job = await app.asend("greet", {"name": "Ada"})
        path = f"/api/v1/jobs/{job.id}"
        waiting = asyncio.create_task(client.get(path, params={"wait": 30}))
        await wait_until(lambda: switch.busy(first), what="the request has reached the first application")
        moving = asyncio.create_task(switch.to(second))

        async def is_second() -> bool:
            return (await client.get(path)).status_code == 404

        await wait_until(is_second, what="new requests reach the second application")
        assert not waiting.done()
        assert not moving.done()
        await adrain(app)
        answer = await waiting
        assert (answer.status_code, answer.json()["result"]) == (200, "hello Ada")
        await moving
        assert (await client.get("/health/ready")).status_code == 200


async def test_one_that_cannot_start_does_not_take_the_place(app: TaskFlow, built: Path) -> None:
    first, broken = [create_app(one, files=Files(built)) for one in (app, TaskFlow("sqlite:////nowhere/at/all.db"))]
    switch = Switch(first)
    transport = httpx.ASGITransport(app=switch, client=("127.0.0.1", 50_000))
    async with started(switch), httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        with pytest.raises(Exception, match="nowhere"):
            await switch.to(broken)
        assert (await client.get("/api/v1/jobs")).status_code == 200
