"""POST /jobs/{job_id}/replay: a new job like another one, and the links between both."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from taskflowmq import InvalidJob, TaskFlow

DIGITS = '{"value": 12345678901234567890.123456789012345}'


async def dead_job(app: TaskFlow, reader: httpx.AsyncClient, **body: Any) -> str:
    job: str = (await reader.post("/api/v1/jobs", json={"task": "hopeless", **body})).json()["id"]
    await app.worker().arun_until_idle()
    return job


async def read(reader: httpx.AsyncClient, job: str) -> dict[str, Any]:
    found: dict[str, Any] = (await reader.get(f"/api/v1/jobs/{job}")).json()
    return found


async def test_a_copy_has_what_its_job_has_and_links_to_it(app: TaskFlow, reader: httpx.AsyncClient) -> None:
    given = {"queue": "other", "priority": 5, "max_attempts": 7, "timeout": 9.5, "tags": ["eu"], "meta": {"a": 1}}
    old = await dead_job(app, reader, unique_key="once", expires_in=600, **given)
    answer = await reader.post(f"/api/v1/jobs/{old}/replay")
    assert answer.status_code == 201
    new = answer.json()
    assert {name: new[name] for name in given} == given
    assert (new["state"], new["created"], new["unique_key"], new["expires_at"]) == ("pending", True, None, None)
    again = (await reader.post(f"/api/v1/jobs/{old}/replay")).json()
    assert (await read(reader, new["id"]))["links"] == {"replay_of": old, "replays": []}
    assert (await read(reader, old))["links"] == {"replay_of": None, "replays": [again["id"], new["id"]]}
    assert (await read(reader, old))["state"] == "dead"
    headers = (await app.jobs.aget(new["id"])).headers
    assert headers is not None
    assert (headers["replay_of"], headers["actor"]) == (old, "local")


async def test_arguments_queue_and_time_can_differ(app: TaskFlow, reader: httpx.AsyncClient) -> None:
    old = (await reader.post("/api/v1/jobs", json={"task": "greet", "args": {"name": "Ada"}})).json()["id"]
    body = {"args": {"name": "Bob"}, "queue": "later", "run_at": "2100-01-01T00:00:00Z", "reason": "wrong name"}
    new = (await reader.post(f"/api/v1/jobs/{old}/replay", json=body)).json()
    assert (new["args"], new["queue"], new["state"], new["run_at"]) == (
        {"name": "Bob"}, "later", "scheduled", "2100-01-01T00:00:00Z",
    )  # fmt: skip
    [act] = (await reader.get("/api/v1/audit")).json()["items"]
    assert (act["action"], act["object"], act["reason"]) == ("job.replay", f"job:{old}", "wrong name")
    assert act["before"] == {"state": "pending", "queue": "greetings"}
    after = {"job": new["id"], "queue": "later", "new_arguments": True, "run_at": "2100-01-01T00:00:00Z"}
    assert act["after"] == after
    assert "Bob" not in str(act)


async def test_arguments_that_stay_keep_every_digit(reader: httpx.AsyncClient) -> None:
    body = f'{{"task": "anything", "args": {DIGITS}}}'
    json = {"content-type": "application/json"}
    old = (await reader.post("/api/v1/jobs", content=body, headers=json)).json()["id"]
    stored = (await reader.get(f"/api/v1/jobs/{old}")).text
    new = (await reader.post(f"/api/v1/jobs/{old}/replay")).json()["id"]
    copied = (await reader.get(f"/api/v1/jobs/{new}")).text
    assert (
        stored.partition('"args":')[2].partition(',"queue"')[0]
        == copied.partition('"args":')[2].partition(',"queue"')[0]
    )


async def test_a_wrong_copy_stores_nothing(app: TaskFlow, reader: httpx.AsyncClient, stored: Any) -> None:
    old = (await reader.post("/api/v1/jobs", json={"task": "greet", "args": {"name": "Ada"}})).json()["id"]
    for body, pointer in (
        ({"args": {"name": 3}}, "/args/name"),
        ({"args": {}}, "/args/name"),
        ({"queue": ""}, "/queue"),
        ({"run_at": "soon"}, "/run_at"),
        ({"priority": 3}, "/priority"),
        ({"reason": "two\nlines"}, "/reason"),
    ):
        answer = await reader.post(f"/api/v1/jobs/{old}/replay", json=body)
        assert answer.status_code == 422, body
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert (await reader.post("/api/v1/jobs/1/replay")).status_code == 404
    assert await stored() == 1
    assert (await reader.get("/api/v1/audit")).json()["items"] == []


async def test_a_repeat_with_a_key_is_one_copy_and_one_act(reader: httpx.AsyncClient, stored: Any) -> None:
    old = (await reader.post("/api/v1/jobs", json={"task": "greet", "args": {"name": "Ada"}})).json()["id"]
    key = {"idempotency-key": "k"}
    first, second = [await reader.post(f"/api/v1/jobs/{old}/replay", headers=key) for _ in range(2)]
    assert first.json()["id"] == second.json()["id"]
    other = await reader.post(f"/api/v1/jobs/{old}/replay", headers=key, json={"queue": "x"})
    assert other.status_code == 422
    assert await stored() == 2
    assert len((await reader.get("/api/v1/audit")).json()["items"]) == 1


async def test_python_replays_and_follows_the_links(app: TaskFlow) -> None:
    old = await app.asend("greet", {"name": "Ada"})
    new = await app.jobs.areplay(old.id, args={"name": "Bob"}, reason="why", actor="ada")
    assert (await new.ajob()).args == {"name": "Bob"}
    assert await app.jobs.areplays(old.id) == [new.id]
    with pytest.raises(InvalidJob):
        await app.jobs.areplay(old.id, args={"name": 3})
