"""The same API over PostgreSQL: one walk through what its routes ask of a store."""

from __future__ import annotations

import httpx
import pytest
from tests.server.conftest import connected, declare

from taskflowmq import TaskFlow
from taskflowmq.telemetry.prometheus import PrometheusTelemetry

pytestmark = pytest.mark.postgres


async def test_a_walk_through_the_routes(postgres_url: str) -> None:
    app = TaskFlow(postgres_url, telemetry=PrometheusTelemetry())
    declare(app)
    async with app, connected(app) as client:
        job = await _stored_once(client)
        await app.worker().arun_until_idle()
        done = (await client.get(f"/api/v1/jobs/{job}", params={"wait": 5})).json()
        assert (done["state"], done["result"]) == ("completed", "hello Ada")
        assert [attempt["outcome"] for attempt in done["attempts"]] == ["completed"]
        assert (await client.post(f"/api/v1/jobs/{job}/cancel")).status_code == 409
        assert (await client.delete(f"/api/v1/jobs/{job}")).status_code == 204
        stats = (await client.get("/api/v1/jobs/stats")).json()
        assert stats["states"].get("completed", 0) == 0
        assert (await client.get("/health/ready")).status_code == 200
        assert (
            'taskflow_jobs_completed_total{queue="greetings",task="greet"} 1.0' in (await client.get("/metrics")).text
        )


async def _stored_once(client: httpx.AsyncClient) -> str:
    body = {"task": "greet", "args": {"name": "Ada"}}
    answers = [await client.post("/api/v1/jobs", json=body, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    (listed,) = (await client.get("/api/v1/jobs", params={"queue": "greetings"})).json()["items"]
    assert {answer.json()["id"] for answer in answers} == {listed["id"]}
    job_id: str = listed["id"]
    return job_id
