"""The purge of a queue, over REST and from Python."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import httpx
import pytest

from taskflowmq import QueueNotFound, TaskFlow
from taskflowmq.bootstrap.duties import bulk_duty, running
from taskflowmq.core.bulk import BulkState
from taskflowmq.core.errors import InvalidJob

PURGE = "/api/v1/queues/mail/purge"


async def stored(client: httpx.AsyncClient, **more: Any) -> str:
    answer = await client.post("/api/v1/jobs", json={"task": "anything", "queue": "mail", **more})
    assert answer.status_code == 201, answer.text
    job_id: str = answer.json()["id"]
    return job_id


async def test_a_purge_is_a_bulk_operation_that_can_be_taken_back(reader: httpx.AsyncClient) -> None:
    job_id = await stored(reader)
    answer = await reader.post(PURGE, json={"confirm": "mail", "reason": "sent twice"})
    assert answer.status_code == 202, answer.text
    bulk = answer.json()
    assert (bulk["action"], bulk["q"]) == ("purge", "queue:mail state:pending,scheduled,retrying")
    assert (bulk["reason"], bulk["state"]) == ("sent twice", "waiting")
    waits = datetime.fromisoformat(bulk["undo_until"]) - datetime.fromisoformat(bulk["created_at"])
    assert waits.total_seconds() == 8
    assert (await reader.post(f"/api/v1/bulk/{bulk['id']}/undo")).json()["state"] == "undone"
    assert (await reader.get(f"/api/v1/jobs/{job_id}")).json()["state"] == "pending"
    items = (await reader.get("/api/v1/audit")).json()["items"]
    assert [(one["action"], one["query"]) for one in items][-1] == ("bulk.purge", bulk["q"])


async def test_the_states_are_those_that_are_named(reader: httpx.AsyncClient) -> None:
    await stored(reader)
    answer = await reader.post(PURGE, json={"confirm": "mail", "states": ["dead", "completed", "dead"]})
    assert answer.json()["q"] == "queue:mail state:dead,completed"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"confirm": "mial"}, "/confirm"),
        ({}, "/confirm"),
        ({"confirm": "mail", "states": ["running"]}, "/states"),
        ({"confirm": "mail", "states": []}, "/states"),
        ({"confirm": "mail", "states": ["done"]}, "/states/0"),
    ],
)
async def test_a_purge_that_is_not_meant_so_is_refused(
    reader: httpx.AsyncClient, body: dict[str, Any], pointer: str
) -> None:
    await stored(reader)
    answer = await reader.post(PURGE, json=body)
    assert answer.status_code == 422
    assert pointer in (answer.json()["errors"][0]["pointer"], "/confirm")
    assert (await reader.get("/api/v1/bulk")).json()["items"] == []


async def test_a_queue_that_is_not_there_is_named_with_the_nearest(reader: httpx.AsyncClient) -> None:
    await stored(reader)
    answer = await reader.post("/api/v1/queues/mial/purge", json={"confirm": "mial"})
    assert (answer.status_code, answer.json()["code"]) == (404, "queue_not_found")
    assert "did you mean 'mail'" in answer.json()["detail"]


async def test_a_slash_in_the_name_is_escaped(reader: httpx.AsyncClient) -> None:
    await stored(reader, queue="eu/mail")
    answer = await reader.post("/api/v1/queues/eu%2Fmail/purge", json={"confirm": "eu/mail"})
    assert answer.json()["q"] == "queue:eu/mail state:pending,scheduled,retrying"


async def test_python_purges_a_queue_to_the_end(app: TaskFlow) -> None:
    waiting = [await app.asend("anything", {}, queue="mail", delay=delay) for delay in (0, 60)]
    other = await app.asend("anything", {})
    async with running([bulk_duty(app.store, 0.05)]):
        bulk = await app.queues.apurge("mail", reason="sent twice")
        bulk = await app.bulks.await_end(bulk.id, timeout=60)
    assert (bulk.state, bulk.done, bulk.counts) == (BulkState.DONE, 2, {"deleted": 2})
    for handle in waiting:
        assert await app.store.jobs.get("default", handle.id) is None
    assert await other.astate() == "pending"


async def test_python_says_what_is_wrong_before_anything_is_done(app: TaskFlow) -> None:
    with pytest.raises(QueueNotFound):
        await app.queues.apurge("mail")
    await app.asend("anything", {}, queue="mail")
    with pytest.raises(InvalidJob, match="states: must name one or more of"):
        await app.queues.apurge("mail", state="running")
    assert await app.bulks.alist() == []
