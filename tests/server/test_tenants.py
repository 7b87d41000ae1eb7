"""Two servers of one store, each for its tenant: neither shows or changes what is the other's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from tests.server.conftest import connected, declare

from taskflowmq import TaskFlow
from taskflowmq.telemetry.prometheus import PrometheusTelemetry


async def _served(folder: Path, tenant: str) -> AsyncIterator[httpx.AsyncClient]:
    app = TaskFlow(f"sqlite:///{folder}/jobs.db", tenant=tenant, telemetry=PrometheusTelemetry(), store_timeout=60)
    declare(app)
    async with app, connected(app) as client:
        yield client


@pytest.fixture
async def blue(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of one tenant's server."""
    async for client in _served(tmp_path, "blue"):
        yield client


@pytest.fixture
async def red(tmp_path: Path, blue: httpx.AsyncClient) -> AsyncIterator[httpx.AsyncClient]:
    """A client of another tenant's server, on the same store."""
    async for client in _served(tmp_path, "red"):
        yield client


async def store(client: httpx.AsyncClient, count: int) -> list[str]:
    """Store some jobs and return their ids."""
    body = {"task": "greet", "args": {"name": "Ada"}}
    answers = [await client.post("/api/v1/jobs", json=body) for _ in range(count)]
    return [answer.json()["id"] for answer in answers]


async def test_counts_queues_tasks_and_jobs_are_those_of_the_requests_tenant(
    blue: httpx.AsyncClient, red: httpx.AsyncClient
) -> None:
    ids = {blue: await store(blue, 3), red: await store(red, 2)}
    assert (await red.post("/api/v1/jobs", json={"task": "anything", "queue": "own"})).status_code == 201
    for client, count, queues in ((blue, 3, ["greetings"]), (red, 3, ["greetings", "own"])):
        stats = (await client.get("/api/v1/jobs/stats")).json()
        assert (stats["states"]["pending"], sorted(stats["queues"])) == (count, queues)
        listed = (await client.get("/api/v1/queues")).json()["items"]
        assert [queue["name"] for queue in listed] == queues
        jobs = (await client.get("/api/v1/jobs")).json()["items"]
        assert len(jobs) == count
        assert {job["tenant"] for job in jobs} == {"blue" if client is blue else "red"}
    for path in ("", "/retry", "/cancel"):
        strange = f"/api/v1/jobs/{ids[red][0]}{path}"
        answer = await (blue.post(strange) if path else blue.get(strange))
        assert answer.status_code == 404
    assert (await blue.delete(f"/api/v1/jobs/{ids[red][0]}")).status_code == 404


async def test_a_pause_is_the_tenants(blue: httpx.AsyncClient, red: httpx.AsyncClient) -> None:
    await store(blue, 1)
    assert (await red.post("/api/v1/queues/greetings/pause")).status_code == 404
    await store(red, 1)
    assert (await red.post("/api/v1/queues/greetings/pause")).json()["paused"] is True
    paused = [(await client.get("/api/v1/queues")).json()["items"][0]["paused"] for client in (blue, red)]
    assert paused == [False, True]
    assert (await red.post("/api/v1/queues/greetings/resume")).json()["paused"] is False


async def test_tasks_that_other_programs_announced_are_listed_within_the_tenant(
    tmp_path: Path, blue: httpx.AsyncClient, red: httpx.AsyncClient
) -> None:
    async with TaskFlow(f"sqlite:///{tmp_path}/jobs.db", tenant="red", store_timeout=60) as program:
        program.task(name="elsewhere", queue="far")(lambda: None)
        await program.asend("elsewhere")
    listed = [[task["name"] for task in (await one.get("/api/v1/tasks")).json()["items"]] for one in (blue, red)]
    assert listed == [["anything", "greet", "hopeless"], ["anything", "elsewhere", "greet", "hopeless"]]
    answers = [await one.post("/api/v1/jobs", json={"task": "elsewhere"}) for one in (blue, red)]
    assert [answer.status_code for answer in answers] == [422, 201]
    assert answers[1].json()["queue"] == "far"


async def test_metrics_are_of_the_whole_store(blue: httpx.AsyncClient, red: httpx.AsyncClient) -> None:
    await store(blue, 3)
    await store(red, 2)
    for client in (blue, red):
        page = (await client.get("/metrics")).text
        assert 'taskflow_queue_size{queue="greetings",state="pending"} 5.0' in page
        assert "blue" not in page
