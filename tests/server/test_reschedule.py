"""Another time for a job, over REST."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from taskflowmq import TaskFlow
from taskflowmq.testing import adrain


async def stored(client: httpx.AsyncClient, **more: Any) -> str:
    answer = await client.post("/api/v1/jobs", json={"task": "anything", **more})
    assert answer.status_code == 201, answer.text
    job_id: str = answer.json()["id"]
    return job_id


async def changed(client: httpx.AsyncClient, job_id: Any, **body: Any) -> httpx.Response:
    return await client.patch(f"/api/v1/jobs/{job_id}", json=body)


async def test_a_pending_job_is_put_off_to_a_time_and_back(reader: httpx.AsyncClient) -> None:
    job_id, at = await stored(reader), datetime(2100, 1, 1, 7, tzinfo=UTC)
    answer = await changed(reader, job_id, run_at="2100-01-01T08:00:00+01:00", reason="after the night run")
    assert answer.status_code == 200, answer.text
    assert (answer.json()["state"], datetime.fromisoformat(answer.json()["run_at"])) == ("scheduled", at)
    (entry,) = (await reader.get("/api/v1/audit", params={"object": f"job:{job_id}"})).json()["items"]
    assert (entry["action"], entry["reason"]) == ("job.reschedule", "after the night run")
    assert entry["before"] == {"state": "pending", "queue": "default"}
    assert datetime.fromisoformat(entry["after"]["run_at"]) == at
    assert (await changed(reader, job_id, run_at="2001-01-01T00:00:00Z")).json()["state"] == "pending"


async def test_a_delay_counts_from_now(reader: httpx.AsyncClient) -> None:
    job_id = await stored(reader, delay=9_000)
    answer = (await changed(reader, job_id, delay=3_600)).json()
    left = datetime.fromisoformat(answer["run_at"]) - datetime.now(UTC)
    assert answer["state"] == "scheduled"
    assert timedelta(minutes=50) < left <= timedelta(minutes=60)
    assert (await changed(reader, job_id, delay=0)).json()["state"] == "pending"


async def test_what_has_ended_is_refused_with_a_code_of_its_own(app: TaskFlow, reader: httpx.AsyncClient) -> None:
    job_id = await stored(reader)
    await adrain(app)
    answer = await changed(reader, job_id, delay=60)
    assert (answer.status_code, answer.json()["code"]) == (409, "job_not_waiting")
    assert answer.json()["detail"] == f"job {job_id} runs or has ended, so it cannot be rescheduled"


async def test_a_time_at_which_the_job_is_expired_is_refused(reader: httpx.AsyncClient) -> None:
    job_id = await stored(reader, expires_in=6_000)
    answer = await changed(reader, job_id, delay=9_000)
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert error["pointer"] == "/run_at"
    assert "the job expires at" in error["detail"]
    assert (await changed(reader, job_id, delay=3_000)).status_code == 200


@pytest.mark.parametrize(
    "body",
    [{}, {"run_at": "2100-01-01T00:00:00Z", "delay": 5}, {"run_at": "2100-01-01T00:00:00"}, {"delay": -1}, {"at": 5}],
    ids=["nothing", "both", "no zone", "negative", "unknown"],
)
async def test_a_request_that_says_no_single_time_is_refused(reader: httpx.AsyncClient, body: dict[str, Any]) -> None:
    job_id = await stored(reader)
    assert (await changed(reader, job_id, **body)).status_code == 422
    assert (await reader.get(f"/api/v1/jobs/{job_id}")).json()["state"] == "pending"


async def test_what_is_not_there_is_not_found(reader: httpx.AsyncClient) -> None:
    assert (await changed(reader, uuid4(), delay=5)).status_code == 404
    assert (await changed(reader, "7", delay=5)).status_code == 404


async def test_python_reschedules_and_says_what_it_did(app: TaskFlow) -> None:
    handle = await app.asend("anything", {}, delay=60)
    assert await app.jobs.areschedule(handle.id, datetime(2100, 1, 1, tzinfo=UTC)) == "rescheduled"
    assert (await handle.ajob()).run_at == datetime(2100, 1, 1, tzinfo=UTC)
    assert await app.jobs.areschedule(str(handle.id), delay=timedelta(0)) == "due_now"
    assert await handle.astate() == "pending"
