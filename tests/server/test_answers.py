"""The answer to a stored job is what the store holds, although a new job is not read back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.server.conftest import connected, declare

from taskflowmq import TaskFlow
from taskflowmq.core.job import JobView
from taskflowmq.telemetry.prometheus import PrometheusTelemetry

BODIES: list[dict[str, Any]] = [
    {"task": "anything"},
    {"task": "greet", "args": {"times": 2, "name": "Ädá \u2028 \\u0041"}, "tags": ["b", "a", '"{,}'], "timeout": 0.5},
    {"task": "anything", "args": {"value": [1.0, 1e300, -0.0, 2**63, None, {"x": {}}]}, "meta": {"a": [1, "ü"]}},
    {"task": "anything", "delay": 60.001, "expires_in": 61.5, "priority": -5, "max_attempts": 7},
    {"task": "anything", "run_at": "2031-01-01T12:00:00.123456+02:00", "queue": "other/queue"},
    {"task": "anything", "run_at": "2021-01-01T12:00:00+02:00"},
    {"task": "anything", "expires_in": 3600},
    {"task": "anything", "unique_key": "k"},
]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def stored_app(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[TaskFlow]:
    """An open app on either store."""
    url = f"sqlite:///{tmp_path}/jobs.db" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    app = TaskFlow(url, telemetry=PrometheusTelemetry())
    declare(app)
    async with app:
        yield app


@pytest.fixture(params=["fast", "framework"])
async def asker(stored_app: TaskFlow, request: pytest.FixtureRequest) -> AsyncIterator[httpx.AsyncClient]:
    """A client of it, for each way to store a job."""
    async with connected(stored_app, fast_intake=request.param == "fast") as client:
        yield client


async def _shown(client: httpx.AsyncClient, answer: httpx.Response) -> None:
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert told.pop("created") is True
    found = (await client.get(f"/api/v1/jobs/{told['id']}")).json()
    assert found.pop("next_attempt_at") == (told["run_at"] if told["state"] == "scheduled" else None)
    assert (found.pop("attempts"), found.pop("attempts_total"), found.pop("attempt_counts")) == ([], 0, {})
    assert found.pop("links") == {"replay_of": None, "replays": []}
    assert told == found
    assert list(told) == list(found), "in the same order"


async def test_a_new_job_is_answered_as_it_is_stored(asker: httpx.AsyncClient) -> None:
    for body in BODIES:
        await _shown(asker, await asker.post("/api/v1/jobs", json=body))


async def test_jobs_of_one_commit_are_answered_as_they_are_stored(asker: httpx.AsyncClient) -> None:
    bodies = [{**body, "unique_key": None} for body in BODIES * 4]
    for answer in await asyncio.gather(*(asker.post("/api/v1/jobs", json=body) for body in bodies)):
        await _shown(asker, answer)


async def test_a_new_job_is_not_read_back(
    asker: httpx.AsyncClient, stored_app: TaskFlow, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[UUID] = []
    get_many = stored_app.store.jobs.get_many

    async def counted(tenant: str, job_ids: Sequence[UUID]) -> list[JobView]:
        asked.extend(job_ids)
        return await get_many(tenant, job_ids)

    monkeypatch.setattr(stored_app.store.jobs, "get_many", counted)
    plain = [asker.post("/api/v1/jobs", json=body) for body in BODIES if "unique_key" not in body]
    assert {answer.status_code for answer in await asyncio.gather(*plain)} == {201}
    assert asked == []
    for status in (201, 200):
        answer = await asker.post("/api/v1/jobs", json={"task": "anything", "unique_key": "held"})
        assert answer.status_code == status
    assert str(asked[-1]) == answer.json()["id"], "a job that was there may be anywhere by now"
