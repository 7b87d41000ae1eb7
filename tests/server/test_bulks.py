"""Bulk operations over REST: accepted, followed, stopped, undone; and counting."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import httpx
import pytest

from taskflowmq import TaskFlow
from taskflowmq.core.bulk import MOST_IDS

NOBODY = "019ab2c4-7d1e-7b02-8f11-9a6d3c20b5ef"


async def put(reader: httpx.AsyncClient, count: int, **body: Any) -> list[str]:
    jobs = [{"task": "anything", "delay": 600, **body}] * count
    ids: list[str] = (await reader.post("/api/v1/jobs/bulk", json={"jobs": jobs})).json()["ids"]
    return ids


async def start(reader: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    answer = await reader.post("/api/v1/bulk", json=body)
    assert answer.status_code == 202, answer.text
    bulk: dict[str, Any] = answer.json()
    return bulk


async def carry_out(app: TaskFlow, reader: httpx.AsyncClient, bulk: dict[str, Any]) -> dict[str, Any]:
    """Take the steps of an operation that no duty of this server takes, and return it."""
    store = app.store
    while live := await store.bulks.live(5):
        if not any([(await store.bulks.step(one)).worked for one in live]):
            break
    found: dict[str, Any] = (await reader.get(f"/api/v1/bulk/{bulk['id']}")).json()
    return found


async def test_jobs_are_counted(reader: httpx.AsyncClient) -> None:
    await put(reader, 3, queue="mail")
    await put(reader, 2)
    for q, value in (("queue:mail", 3), ("", 5), ("state:dead", 0), ("queue:nowhere", 0)):
        answer = await reader.post("/api/v1/jobs/count", json={"q": q})
        assert (answer.status_code, answer.json()) == (200, {"value": value, "exact": True})
    wrong = await reader.post("/api/v1/jobs/count", json={"q": "stat:dead"})
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0] == {
        "pointer": "/q",
        "detail": wrong.json()["errors"][0]["detail"],
        "position": 0,
        "hint": "state",
    }


async def test_a_dry_run_says_what_would_be_acted_on_and_does_nothing(reader: httpx.AsyncClient) -> None:
    ids = await put(reader, 7, queue="mail")
    answer = await reader.post("/api/v1/bulk", json={"action": "cancel", "q": "queue:mail", "dry_run": True})
    assert answer.status_code == 200
    body = answer.json()
    assert body["matched"] == {"value": 7, "exact": True}
    assert [row["id"] for row in body["sample"]] == sorted(ids, reverse=True)[:5]
    named = {"action": "cancel", "ids": [*ids[:2], NOBODY], "dry_run": True}
    body = (await reader.post("/api/v1/bulk", json=named)).json()
    assert body["matched"] == {"value": 2, "exact": True}
    assert [row["id"] for row in body["sample"]] == sorted(ids[:2], reverse=True)
    # None of them has ended.
    body = (await reader.post("/api/v1/bulk", json={"action": "delete", "q": "", "dry_run": True})).json()
    assert body == {"matched": {"value": 0, "exact": True}, "sample": []}
    assert (await reader.get("/api/v1/bulk")).json() == {"items": [], "next": None}


async def test_an_operation_from_its_acceptance_to_its_results(app: TaskFlow, reader: httpx.AsyncClient) -> None:
    ids = await put(reader, 3, queue="mail")
    bulk = await start(reader, action="retry", q="queue:mail", reason="provider is back")
    assert (bulk["state"], bulk["reason"], bulk["actor"], bulk["undo_until"]) == (
        "waiting",
        "provider is back",
        "local",
        None,
    )
    bulk = await carry_out(app, reader, bulk)
    assert (bulk["state"], bulk["total"], bulk["done"], bulk["failed"]) == ("done", 3, 3, 0)
    assert bulk["outcomes"] == {"due_now": 3}
    page = (await reader.get(f"/api/v1/bulk/{bulk['id']}/results", params={"limit": 2})).json()
    assert page["items"] == [{"id": one, "outcome": "due_now", "ok": True} for one in sorted(ids)[:2]]
    rest = (await reader.get(f"/api/v1/bulk/{bulk['id']}/results", params={"cursor": page["next"]})).json()
    assert [item["id"] for item in rest["items"]] == sorted(ids)[2:]
    assert rest["next"] is None
    failed = await reader.get(f"/api/v1/bulk/{bulk['id']}/results", params={"failed": "true"})
    assert failed.json() == {"items": [], "next": None}
    refused = await reader.post(f"/api/v1/bulk/{bulk['id']}/stop")
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")


async def test_what_destroys_waits_eight_seconds_and_can_be_undone(app: TaskFlow, reader: httpx.AsyncClient) -> None:
    await put(reader, 2)
    bulk = await start(reader, action="cancel", q="")
    assert bulk["undo_until"] > bulk["created_at"]
    bulk = await carry_out(app, reader, bulk)
    assert (bulk["state"], bulk["total"], bulk["collected"], bulk["done"]) == ("waiting", 2, True, 0)
    undone = (await reader.post(f"/api/v1/bulk/{bulk['id']}/undo")).json()
    assert undone["state"] == "undone"
    assert (await carry_out(app, reader, bulk)) == undone
    assert (await reader.post("/api/v1/jobs/count", json={"q": "state:scheduled"})).json()["value"] == 2


async def test_a_repeat_with_the_same_key_is_the_first_operation(reader: httpx.AsyncClient) -> None:
    body, headers = {"action": "retry", "q": "queue:mail"}, {"Idempotency-Key": "again"}
    first = await reader.post("/api/v1/bulk", json=body, headers=headers)
    second = await reader.post("/api/v1/bulk", json=body, headers=headers)
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json() == second.json()
    other = await reader.post("/api/v1/bulk", json={**body, "action": "delete"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
    assert len((await reader.get("/api/v1/bulk")).json()["items"]) == 1


async def test_the_list_is_paged(reader: httpx.AsyncClient) -> None:
    made = [(await start(reader, action="retry", q=f"queue:q{n}"))["id"] for n in range(3)]
    page = (await reader.get("/api/v1/bulk", params={"limit": 2})).json()
    assert [item["id"] for item in page["items"]] == [made[2], made[1]]
    page = (await reader.get("/api/v1/bulk", params={"limit": 2, "before": page["next"]})).json()
    assert ([item["id"] for item in page["items"]], page["next"]) == ([made[0]], None)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"action": "retry"}, "/q"),
        ({"action": "retry", "q": "", "ids": [NOBODY]}, "/q"),
        ({"action": "retry", "q": "state:ded"}, "/q"),
        ({"action": "purge", "q": ""}, "/action"),
        ({"action": "retry", "ids": [NOBODY, NOBODY]}, "/ids"),
        ({"action": "retry", "ids": []}, "/ids"),
        ({"action": "retry", "ids": [NOBODY] * (MOST_IDS + 1)}, "/ids"),
        ({"action": "retry", "q": "", "rate": 0}, "/rate"),
        ({"action": "retry", "q": "", "reason": "two\nlines"}, "/reason"),
        ({"action": "retry", "q": "", "dryrun": True}, "/dryrun"),
    ],
)
async def test_a_wrong_request_is_refused_with_its_field(
    reader: httpx.AsyncClient, body: dict[str, Any], pointer: str
) -> None:
    answer = await reader.post("/api/v1/bulk", json=body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert (await reader.get("/api/v1/bulk")).json()["items"] == []


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("POST", "/stop"), ("POST", "/undo"), ("GET", "/results")])
@pytest.mark.parametrize("bulk_id", [NOBODY, "nonsense"])
async def test_an_unknown_operation_is_not_found(
    reader: httpx.AsyncClient, method: str, path: str, bulk_id: str
) -> None:
    answer = await reader.request(method, f"/api/v1/bulk/{bulk_id}{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "bulk_not_found")


async def test_a_wrong_cursor_is_refused(reader: httpx.AsyncClient) -> None:
    bulk = await start(reader, action="retry", q="")
    for cursor in ("x", "1", "-1.0", "1.x", "9" * 30):
        answer = await reader.get(f"/api/v1/bulk/{bulk['id']}/results", params={"cursor": cursor})
        assert answer.status_code == 422, cursor


@pytest.mark.parametrize("params", [{"run_at": "2100-01-01T07:00:00Z"}, {"delay": 7200}])
async def test_jobs_are_rescheduled(app: TaskFlow, reader: httpx.AsyncClient, params: dict[str, Any]) -> None:
    ids = await put(reader, 3, queue="mail")
    asked = {"action": "reschedule", "q": "queue:mail", "params": params}
    dry = (await reader.post("/api/v1/bulk", json={**asked, "dry_run": True})).json()
    assert dry["matched"] == {"value": 3, "exact": True}
    bulk = await start(reader, **asked, reason="after the night run")
    due = bulk["params"]["run_at"]
    assert (due == "2100-01-01T07:00:00Z") is ("run_at" in params)
    assert bulk["undo_until"] is not None
    (act,) = (await reader.get("/api/v1/audit", params={"action": "bulk.reschedule"})).json()["items"]
    assert (act["reason"], act["query"]) == ("after the night run", "queue:mail")
    assert datetime.fromisoformat(act["after"]["run_at"]) == datetime.fromisoformat(due)
    undone = (await reader.post(f"/api/v1/bulk/{bulk['id']}/undo")).json()
    assert undone["state"] == "undone"
    assert {(await reader.get(f"/api/v1/jobs/{one}")).json()["run_at"] == due for one in ids} == {False}


@pytest.mark.parametrize("params", [{"queue": "imports"}, {"priority": 0}, {"queue": "imports", "priority": -5}])
async def test_jobs_are_moved(app: TaskFlow, reader: httpx.AsyncClient, params: dict[str, Any]) -> None:
    ids = await put(reader, 3, queue="mail", priority=7)
    asked = {"action": "move", "q": "queue:mail", "params": params}
    dry = (await reader.post("/api/v1/bulk", json={**asked, "dry_run": True})).json()
    assert dry["matched"] == {"value": 3, "exact": True}
    bulk = await start(reader, **asked, reason="the mail server is slow")
    assert bulk["params"] == {"run_at": None, "queue": None, "priority": None, **params}
    assert bulk["undo_until"] is not None
    (act,) = (await reader.get("/api/v1/audit", params={"action": "bulk.move"})).json()["items"]
    assert (act["reason"], act["query"], act["after"]) == ("the mail server is slow", "queue:mail", params)
    undone = (await reader.post(f"/api/v1/bulk/{bulk['id']}/undo")).json()
    assert undone["state"] == "undone"
    assert {(await reader.get(f"/api/v1/jobs/{one}")).json()["queue"] for one in ids} == {"mail"}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"action": "move"}, "/params/queue"),
        ({"action": "move", "params": {}}, "/params/queue"),
        ({"action": "move", "params": {"queue": "not a name"}}, "/params/queue"),
        ({"action": "move", "params": {"priority": 101}}, "/params/priority"),
        ({"action": "move", "params": {"queue": "imports", "delay": 5}}, "/params/run_at"),
        ({"action": "retry", "params": {"queue": "imports"}}, "/params/queue"),
        ({"action": "reschedule", "params": {"delay": 5, "priority": 3}}, "/params/priority"),
        ({"action": "reschedule"}, "/params/run_at"),
        ({"action": "reschedule", "params": {}}, "/params/run_at"),
        ({"action": "reschedule", "params": {"run_at": "2100-01-01T07:00:00Z", "delay": 5}}, "/params/run_at"),
        ({"action": "reschedule", "params": {"run_at": "2100-01-01T07:00:00"}}, "/params/run_at"),
        ({"action": "reschedule", "params": {"delay": -1}}, "/params/delay"),
        ({"action": "retry", "params": {"delay": 5}}, "/params/run_at"),
    ],
)
async def test_each_action_needs_its_params_and_no_others(
    reader: httpx.AsyncClient, body: dict[str, Any], pointer: str
) -> None:
    answer = await reader.post("/api/v1/bulk", json={"q": "", **body})
    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (422, [pointer])
