"""Retry, cancel and delete of several jobs in one request."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from taskflowmq import TaskFlow
from taskflowmq.core.errors import StoreUnavailable
from taskflowmq.core.operations import MOST_SELECTED

NOBODY = "019ab2c4-7d1e-7b02-8f11-9a6d3c20b5ef"


async def put(reader: httpx.AsyncClient, **body: Any) -> str:
    made: str = (await reader.post("/api/v1/jobs", json=body)).json()["id"]
    return made


async def ask(reader: httpx.AsyncClient, action: str, *ids: str) -> list[dict[str, Any]]:
    answer = await reader.post(f"/api/v1/jobs/{action}", json={"ids": ids})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    assert [item["id"] for item in items] == list(ids)
    return items


async def test_each_job_on_its_own_in_order(app: TaskFlow, reader: httpx.AsyncClient) -> None:
    dead, done = await put(reader, task="hopeless"), await put(reader, task="greet", args={"name": "x"})
    await app.worker().arun_until_idle()
    later = await put(reader, task="anything", delay=600)

    items = await ask(reader, "retry", done, dead, NOBODY, later)
    assert [item["ok"] for item in items] == [False, True, False, True]
    assert [item["code"] for item in items] == ["conflict", None, "not_found", None]
    assert [item["answer"] for item in items] == [None, "new_round", None, "due_now"]
    assert items[0]["detail"].startswith(f"job {done} is neither dead nor waiting")
    assert (await reader.get(f"/api/v1/jobs/{dead}")).json()["round"] == 2

    items = await ask(reader, "cancel", later, dead, done)
    assert [item["answer"] for item in items] == ["cancelled", "cancelled", None]
    assert items[2]["code"] == "conflict"

    items = await ask(reader, "delete", later, dead, done, NOBODY)
    assert [item["answer"] for item in items] == ["deleted", "deleted", "deleted", None]
    assert (await reader.get("/api/v1/jobs")).json()["items"] == []


@pytest.mark.slow
async def test_a_running_job_is_requested_to_stop(app: TaskFlow, reader: httpx.AsyncClient) -> None:
    running = asyncio.Event()

    @app.task
    async def endless() -> None:
        running.set()
        await asyncio.Event().wait()

    job_id = await put(reader, task="endless")
    async with app.worker():
        await running.wait()
        [item] = await ask(reader, "cancel", job_id)
        assert item["answer"] == "requested"
        ended = (await reader.get(f"/api/v1/jobs/{job_id}", params={"wait": 30})).json()
        assert ended["state"] == "cancelled"


async def test_as_many_as_one_request_may_name(reader: httpx.AsyncClient) -> None:
    jobs = [{"task": "anything", "delay": 600}] * MOST_SELECTED
    ids = (await reader.post("/api/v1/jobs/bulk", json={"jobs": jobs})).json()["ids"]
    assert all(item["ok"] for item in await ask(reader, "cancel", *ids))
    refused = await reader.post("/api/v1/jobs/cancel", json={"ids": [*ids, str(uuid4())]})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/ids"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/ids"),
        ({"ids": []}, "/ids"),
        ({"ids": ["x"]}, "/ids/0"),
        ({"ids": [NOBODY, NOBODY]}, "/ids/1"),
        ({"ids": [NOBODY], "delay": 60}, "/delay"),
        ([NOBODY], "/"),
    ],
)
@pytest.mark.parametrize("action", ["retry", "cancel", "delete"])
async def test_bad_requests_name_the_field(reader: httpx.AsyncClient, action: str, body: Any, pointer: str) -> None:
    answer = await reader.post(f"/api/v1/jobs/{action}", json=body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer


async def test_a_store_that_answers_for_none_is_a_503(
    app: TaskFlow, reader: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [await put(reader, task="anything", delay=600) for _ in range(2)]
    async with app.hub.kept() as session:
        cancel, calls = session.store.jobs.cancel, 0

        async def cut(tenant: str, job_id: Any, **given: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls % 2:
                raise StoreUnavailable("the connection was cut")
            return await cancel(tenant, job_id, **given)

        monkeypatch.setattr(session.store.jobs, "cancel", cut)
        items = await ask(reader, "cancel", *ids)
        assert sorted((item["ok"], item["code"]) for item in items) == [(False, "store_unavailable"), (True, None)]
        refused = await reader.post("/api/v1/jobs/cancel", json={"ids": [NOBODY]})
        assert (refused.status_code, refused.json()["code"]) == (503, "store_unavailable")
