"""GET /workers, and what operators tell workers over REST."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest

from taskflowmq import TaskFlow
from taskflowmq.core.workers import Command
from taskflowmq.testing.conformance.support import new_worker
from taskflowmq.testing.waiting import wait_until

NOBODY = "019ab2c4-7d1e-7b02-8f11-9a6d3c20b5ef"


async def listed(reader: httpx.AsyncClient) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await reader.get("/api/v1/workers")).json()["items"]
    return items


async def tell(reader: httpx.AsyncClient, worker: str, what: str) -> httpx.Response:
    return await reader.post(f"/api/v1/workers/{worker}/{what}")


async def test_a_worker_shows_slots_load_and_its_jobs(app: TaskFlow, reader: httpx.AsyncClient) -> None:
    gate = asyncio.Event()

    @app.task
    async def waits() -> None:
        await gate.wait()

    jobs = [(await reader.post("/api/v1/jobs", json={"task": "waits"})).json()["id"] for _ in range(5)]
    async with app.worker(concurrency=4, heartbeat=0.05):

        async def busy() -> dict[str, Any] | None:
            [worker] = await listed(reader)
            return worker if worker["busy"] == 4 and worker["load"] else None

        worker = await wait_until(busy)
        assert (worker["state"], worker["slots"]) == ("living", 4)
        assert worker["load"]["rss"] > 1_000_000
        assert set(worker["load"]) == {"cpu", "cpu_seconds", "rss", "at"}
        assert len(worker["jobs"]) == 3
        assert [job["id"] for job in worker["jobs"]] == jobs[:3]
        assert {job["task"] for job in worker["jobs"]} == {"waits"}
        assert worker["command"] is None
        gate.set()
    [worker] = await listed(reader)
    assert (worker["state"], worker["busy"], worker["jobs"]) == ("ended", 0, [])


async def test_drain_resume_and_stop(app: TaskFlow, reader: httpx.AsyncClient) -> None:
    async with app.worker(heartbeat=0.05):
        [found] = await wait_until(lambda: listed(reader))
        for _ in range(2):
            answer = await tell(reader, found["id"], "drain")
            assert answer.status_code == 202, answer.text
            told = answer.json()
            assert (told["state"], told["command"]["do"], told["command"]["by"]) == ("draining", "drain", "local")
        assert (await tell(reader, found["id"], "resume")).json()["state"] == "living"
        assert (await tell(reader, found["id"], "stop")).json()["command"]["do"] == "stop"
        refused = await tell(reader, found["id"], "resume")
        assert (refused.status_code, refused.json()["code"]) == (409, "conflict")

        async def ended() -> bool:
            return [one["state"] for one in await listed(reader)] == ["ended"]

        await wait_until(ended)  # though the program goes on
    refused = await tell(reader, found["id"], "drain")
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")


async def test_workers_that_get_no_command(app: TaskFlow, reader: httpx.AsyncClient) -> None:
    async with app.hub.kept() as session:
        old = new_worker(uuid4(), 60_000)  # of a version that says nothing of commands
        await session.store.workers.register(old)
        refused = await tell(reader, str(old.id), "drain")
        assert (refused.status_code, refused.json()["code"]) == (409, "command_not_supported")
        assert "SIGTERM" in refused.json()["detail"]
        [shown] = await listed(reader)
        assert (shown["slots"], shown["load"], shown["command"]) == (0, None, None)
    for missing in (NOBODY, "x", "x" * 500):
        refused = await tell(reader, missing, "stop")
        assert (refused.status_code, refused.json()["code"]) == (404, "worker_not_found")
    assert (await reader.get(f"/api/v1/workers/{NOBODY}")).status_code in (404, 405)


async def test_a_replacement_shows_that_it_took_the_command_over(app: TaskFlow, reader: httpx.AsyncClient) -> None:
    info = msgspec.json.encode({"queues": [], "concurrency": 3, "commands": ["drain", "resume", "stop"]})
    worker = msgspec.structs.replace(new_worker(UUID(NOBODY), 60_000), info=info, command=Command.DRAIN)
    async with app.hub.kept() as session:
        await session.store.workers.register(worker)
    [shown] = await listed(reader)
    assert (shown["state"], shown["slots"], shown["command"]["by"]) == ("draining", 3, None)


@pytest.mark.parametrize("body", ['{"reason":"x"}', "[1]"])
async def test_commands_take_no_body(reader: httpx.AsyncClient, body: str) -> None:
    refused = await reader.post(f"/api/v1/workers/{NOBODY}/stop", content=body)
    assert refused.status_code in (415, 422)
