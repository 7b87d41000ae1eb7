"""Another queue or priority for a job, over REST and from Python."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
import pytest

from taskflowmq import TaskFlow
from taskflowmq.core.errors import InvalidJob, NotWaiting
from taskflowmq.testing import adrain


async def stored(client: httpx.AsyncClient, **more: Any) -> str:
    answer = await client.post("/api/v1/jobs", json={"task": "anything", **more})
    assert answer.status_code == 201, answer.text
    job_id: str = answer.json()["id"]
    return job_id


async def changed(client: httpx.AsyncClient, job_id: Any, **body: Any) -> httpx.Response:
    return await client.patch(f"/api/v1/jobs/{job_id}", json=body)


async def acts(client: httpx.AsyncClient, job_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.get("/api/v1/audit", params={"object": f"job:{job_id}"})).json()[
        "items"
    ]
    return found


async def test_a_pending_job_is_moved_and_the_act_says_from_where_to_where(reader: httpx.AsyncClient) -> None:
    job_id = await stored(reader, queue="mail", priority=5)
    answer = await changed(reader, job_id, queue="imports", priority=-5, reason="the mail server is slow")
    assert answer.status_code == 200, answer.text
    assert [answer.json()[name] for name in ("state", "queue", "priority")] == ["pending", "imports", -5]
    (entry,) = await acts(reader, job_id)
    assert (entry["action"], entry["reason"]) == ("job.move", "the mail server is slow")
    assert entry["before"] == {"state": "pending", "queue": "mail", "priority": 5}
    assert entry["after"] == {"answer": "moved", "queue": "imports", "priority": -5}


@pytest.mark.parametrize("body", [{"queue": "imports"}, {"priority": 7}], ids=["queue", "priority"])
async def test_what_is_not_named_stays_and_where_it_is_already_it_stays(
    reader: httpx.AsyncClient, body: dict[str, Any]
) -> None:
    job_id = await stored(reader, queue="mail", priority=5, delay=600)
    for _ in range(2):
        answer = (await changed(reader, job_id, **body)).json()
        found = {name: answer[name] for name in ("state", "queue", "priority")}
        assert found == {"state": "scheduled", "queue": "mail", "priority": 5, **body}
    assert len(await acts(reader, job_id)) == 1


async def test_time_and_place_change_together_or_not_at_all(reader: httpx.AsyncClient) -> None:
    job_id = await stored(reader, expires_in=6_000)
    refused = await changed(reader, job_id, queue="imports", delay=9_000)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/run_at")
    assert (await reader.get(f"/api/v1/jobs/{job_id}")).json()["queue"] == "default"
    answer = (await changed(reader, job_id, queue="imports", priority=3, delay=3_000)).json()
    assert [answer[name] for name in ("state", "queue", "priority")] == ["scheduled", "imports", 3]
    assert [entry["action"] for entry in await acts(reader, job_id)] == ["job.reschedule", "job.move"]


async def test_what_has_ended_is_refused_with_a_code_of_its_own(app: TaskFlow, reader: httpx.AsyncClient) -> None:
    job_id = await stored(reader)
    await adrain(app)
    for body in ({"queue": "imports"}, {"queue": "imports", "delay": 60}):
        answer = await changed(reader, job_id, **body)
        assert (answer.status_code, answer.json()["code"]) == (409, "job_not_waiting")
        why = f"job {job_id} runs or has ended, so it cannot be moved to another queue or priority"
        assert answer.json()["detail"] == why


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"queue": "not a name"}, "/queue"),
        ({"queue": ""}, "/queue"),
        ({"priority": 101}, "/priority"),
        ({"priority": "high"}, "/priority"),
        ({"queue": "imports", "run_at": "2100-01-01T00:00:00Z", "delay": 5}, "/run_at"),
    ],
)
async def test_a_wrong_place_is_refused(reader: httpx.AsyncClient, body: dict[str, Any], pointer: str) -> None:
    job_id = await stored(reader)
    answer = await changed(reader, job_id, **body)
    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (422, [pointer])
    assert await acts(reader, job_id) == []


async def test_a_request_that_changes_nothing_is_told_what_it_can_change(reader: httpx.AsyncClient) -> None:
    job_id = await stored(reader)
    for body in ({}, {"reason": "none"}, {"queue": None}):
        answer = await changed(reader, job_id, **body)
        assert answer.status_code == 422
        assert "at least one of run_at, delay, queue, priority" in answer.json()["detail"]


async def test_what_is_not_there_is_not_found(reader: httpx.AsyncClient) -> None:
    assert (await changed(reader, uuid4(), queue="imports")).status_code == 404
    assert (await changed(reader, uuid4(), queue="imports", delay=5)).status_code == 404


async def test_python_moves_and_says_what_it_did(app: TaskFlow) -> None:
    handle = await app.asend("anything", {}, delay=60)
    assert await app.jobs.amove(handle.id, queue="imports") == "moved"
    assert await app.jobs.amove(str(handle.id), queue="imports", priority=0) == "unchanged"
    view = await handle.ajob()
    assert (view.queue, view.priority) == ("imports", 0)
    with pytest.raises(InvalidJob, match="queue: this, priority, or both are required"):
        await app.jobs.amove(handle.id)
    await app.jobs.acancel(handle.id)
    with pytest.raises(NotWaiting, match="cannot be moved"):
        await app.jobs.amove(handle.id, priority=5)
