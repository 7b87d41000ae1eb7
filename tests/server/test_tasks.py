"""Tasks over REST: one task with its defaults, its schema, and the arguments of its newest jobs."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.server.conftest import KEY, Connect

from taskflowmq import TaskFlow
from taskflowmq.server.edge import keyring
from taskflowmq.server.edge.principal import Principal, principal_of


async def test_a_task_has_its_defaults_its_schema_and_no_recent_arguments_yet(reader: httpx.AsyncClient) -> None:
    found = (await reader.get("/api/v1/tasks/greet")).json()
    listed = (await reader.get("/api/v1/tasks")).json()["items"]
    assert found.pop("recent") == []
    assert found in listed
    assert (found["options"]["queue"], found["options"]["timeout"]) == ("greetings", 30)
    assert found["args_schema"]["required"] == ["name"]


async def test_recent_arguments_are_those_of_the_newest_jobs_without_repeats_and_large_ones(
    app: TaskFlow, reader: httpx.AsyncClient
) -> None:
    for value in (1, 2, 2, "x" * 20_000, 3, 4, 4, 5, 6):
        await app.asend("anything", {"value": value})
    await app.asend("greet", {"name": "Ada"})
    recent = (await reader.get("/api/v1/tasks/anything")).json()["recent"]
    assert [one["args"]["value"] for one in recent] == [6, 5, 4, 3, 2]
    job = (await reader.get(f"/api/v1/jobs/{recent[0]['id']}")).json()
    assert (job["args"], job["created_at"]) == (recent[0]["args"], recent[0]["created_at"])


async def test_arguments_need_their_permission(
    app: TaskFlow, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without(*given: Any) -> Principal:
        made = principal_of(*given)
        return Principal(made.actor, made.role, made.permissions - {"payload:read"}, None)

    monkeypatch.setattr(keyring, "principal_of", without)
    client: httpx.AsyncClient = await connect(api_keys=(f"viewer:{KEY}",))
    await app.asend("greet", {"name": "Ada"})
    answer = await client.get("/api/v1/tasks/greet", headers={"x-api-key": KEY})
    assert (answer.status_code, answer.json()["recent"]) == (200, None)


async def test_a_task_that_is_not_there_is_404_and_one_that_may_be_meant_is_named(reader: httpx.AsyncClient) -> None:
    answer = await reader.get("/api/v1/tasks/gret")
    assert (answer.status_code, answer.json()["code"]) == (404, "task_not_found")
    assert answer.json()["detail"] == "task 'gret' does not exist: did you mean 'greet'?"
    assert (await reader.get("/api/v1/tasks/%20")).status_code == 422


async def test_a_slash_in_a_name_is_no_separator(app: TaskFlow, reader: httpx.AsyncClient) -> None:
    @app.task(name="eu/mail", examples=[{"to": "ada"}])
    async def mail(to: str) -> None: ...

    found = (await reader.get("/api/v1/tasks/eu%2Fmail")).json()
    assert (found["name"], found["args_schema"]["examples"]) == ("eu/mail", [{"to": "ada"}])
