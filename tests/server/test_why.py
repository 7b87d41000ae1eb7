"""Why a job waits, over REST: what has to happen first, and what an operator can do."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx

from taskflowmq import TaskFlow


async def why(client: httpx.AsyncClient, job_id: Any) -> dict[str, Any]:
    answer = await client.get(f"/api/v1/jobs/{job_id}/why")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def stored(client: httpx.AsyncClient, **more: Any) -> str:
    answer = await client.post("/api/v1/jobs", json={"task": "hopeless", "queue": "mail", **more})
    assert answer.status_code == 201, answer.text
    job_id: str = answer.json()["id"]
    return job_id


async def test_a_job_that_nobody_serves_says_how_to_start_a_worker(reader: httpx.AsyncClient) -> None:
    found = await why(reader, await stored(reader))
    [cause] = found["causes"]
    assert (found["waiting"], cause["code"], cause["stuck"]) == (True, "no_worker", True)
    assert "no worker is alive" in cause["text"]
    assert cause["fix"].startswith("start one: taskflow worker")


async def test_a_paused_queue_comes_first_and_says_by_whom_and_why(reader: httpx.AsyncClient) -> None:
    job_id = await stored(reader)
    await reader.post("/api/v1/queues/mail/pause", json={"reason": "provider is down"})
    [cause] = (await why(reader, job_id))["causes"]
    assert (cause["code"], cause["stuck"], cause["fix"]) == ("paused", True, "taskflow queues resume mail")
    assert cause["text"].endswith("by local (provider is down)")
    await reader.post("/api/v1/queues/mail/resume")
    assert (await why(reader, job_id))["causes"][0]["code"] == "no_worker"


async def test_what_has_ended_waits_for_nothing(reader: httpx.AsyncClient) -> None:
    job_id = await stored(reader)
    await reader.post(f"/api/v1/jobs/{job_id}/cancel")
    assert await why(reader, job_id) == {"waiting": False, "causes": []}


async def test_a_job_of_another_tenant_is_not_there(app: TaskFlow, reader: httpx.AsyncClient) -> None:
    assert (await reader.get(f"/api/v1/jobs/{uuid4()}/why")).status_code == 404
    assert (await reader.get("/api/v1/jobs/7/why")).status_code in (404, 422)
