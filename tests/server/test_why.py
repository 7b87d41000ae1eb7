"""Why a job waits, over REST: what has to happen first, and what an operator can do."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
import msgspec

from taskflowmq import TaskFlow
from taskflowmq.core.history import Figures
from taskflowmq.core.job import JobKind
from taskflowmq.testing.conformance.support import new_worker


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
    assert (cause["paused_by"], cause["reason"]) == ("local", "provider is down")
    assert cause["paused_at"] is not None
    await reader.post("/api/v1/queues/mail/resume")
    assert (await why(reader, job_id))["causes"][0]["code"] == "no_worker"


async def test_what_has_ended_waits_for_nothing(reader: httpx.AsyncClient) -> None:
    job_id = await stored(reader)
    await reader.post(f"/api/v1/jobs/{job_id}/cancel")
    nothing = {"waiting": False, "causes": [], "ahead": None, "ahead_exact": True, "eta_seconds": None}
    assert await why(reader, job_id) == nothing


async def test_a_ready_job_tells_its_place_and_what_is_not_known_is_null(reader: httpx.AsyncClient) -> None:
    first, second = await stored(reader), await stored(reader)
    urgent, later = await stored(reader, priority=-1), await stored(reader, delay=3600)
    await stored(reader, priority=1)
    places = [(await why(reader, one))["ahead"] for one in (first, second, urgent, later)]
    assert places == [1, 2, 0, None]
    found = await why(reader, second)
    assert (found["ahead_exact"], found["eta_seconds"]) == (True, None)  # nobody serves it


async def test_the_rate_of_its_queue_says_about_how_long_it_waits(app: TaskFlow, reader: httpx.AsyncClient) -> None:
    ids = [await stored(reader) for _ in range(4)]
    await app.store.history.append(uuid4(), {JobKind("default", "mail", "hopeless"): Figures(started=600)})
    info = msgspec.json.encode({"queues": ["mail"], "tasks": ["hopeless"], "concurrency": 1})
    await app.store.workers.register(msgspec.structs.replace(new_worker(uuid4(), 600_000), info=info))
    found = await why(reader, ids[3])
    assert [cause["code"] for cause in found["causes"]] == ["turn"]
    # 600 claims in the last five minutes and a part of the present one: 1.6 to 2 a second.
    assert found["ahead"] == 3
    assert 1.5 <= found["eta_seconds"] <= 1.9
    assert (await why(reader, ids[0]))["eta_seconds"] == 0


async def test_a_job_of_another_tenant_is_not_there(app: TaskFlow, reader: httpx.AsyncClient) -> None:
    assert (await reader.get(f"/api/v1/jobs/{uuid4()}/why")).status_code == 404
    assert (await reader.get("/api/v1/jobs/7/why")).status_code in (404, 422)
