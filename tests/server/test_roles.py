"""What each role may do, by every route that there is: the cases come from the framework and the table of policies."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from tests.server.conftest import KEY, Connect

from taskflowmq import TaskFlow
from taskflowmq.core.permissions import GRANTED, Role
from taskflowmq.server.app import make_framework
from taskflowmq.server.edge.policy import DEFAULT, POLICIES, SAFE_METHODS, Access
from taskflowmq.server.settings import ApiKey, ServerSettings, UnsafeServer

KEYS = {role: f"{KEY[:-4]}{role:.4}" for role in Role}


def routes() -> list[tuple[str, str]]:
    """Return every method and path that the framework serves, with a value for each parameter."""
    return [
        (method, route.path_format.replace("{job_id}", "1").replace("{name}", "q").replace("{worker_id}", "1"))
        for route in make_framework().routes
        for method in sorted(route.methods)
        if method not in ("HEAD", "OPTIONS") and not route.path_format.startswith("/never")
    ]


def needed(method: str, path: str) -> str | None:
    policy = POLICIES[path]
    return policy.reads if method in SAFE_METHODS else policy.writes


@pytest.mark.parametrize(("method", "path"), routes())
def test_every_route_names_a_permission(method: str, path: str) -> None:
    policy = POLICIES[path]
    assert policy is not DEFAULT
    if method in SAFE_METHODS and policy.access in (Access.OPEN, Access.GUESTS):
        assert needed(method, path) is None
    elif policy.signs_in and method not in SAFE_METHODS:
        assert path == "/api/v1/session"
        assert needed(method, path) is None
    else:
        assert needed(method, path) in GRANTED[Role.OWNER]


@pytest.fixture
async def client(connect: Connect) -> httpx.AsyncClient:
    """A client of a server with one key per role; a machine of its own."""
    made: httpx.AsyncClient = await connect(
        peer="203.0.113.9", api_keys=tuple(f"{role}:{key}" for role, key in KEYS.items())
    )
    return made


@pytest.mark.parametrize("role", Role)
async def test_each_role_may_do_what_the_table_says(role: Role, client: httpx.AsyncClient) -> None:
    seen: dict[bool, int] = {True: 0, False: 0}
    for method, path in routes():
        permission = needed(method, path)
        if permission is None:
            continue
        allowed = permission in GRANTED[role]
        seen[allowed] += 1
        if POLICIES[path].is_stream and allowed:  # the answer to GET would not end
            assert (await client.head(path, headers={"x-api-key": KEYS[role]})).status_code == 200
            continue
        answer = await client.request(
            method, path, json={} if method in ("POST", "PUT", "PATCH") else None, headers={"x-api-key": KEYS[role]}
        )
        assert (answer.status_code == 403) is not allowed, (method, path, answer.text)
        if not allowed:
            problem = answer.json()
            could = next(one for one in Role if permission in GRANTED[one])
            assert (problem["code"], problem["title"]) == ("forbidden", "Forbidden")
            assert all(word in problem["detail"] for word in (permission, could, f"has the role {role}"))
    assert seen[True]
    assert seen[False] or role is not Role.VIEWER


async def test_a_viewer_changes_nothing(app: TaskFlow, client: httpx.AsyncClient, stored: Callable[[], Any]) -> None:
    job = await app.asend("greet", {"name": "Ada"})
    viewer = {"x-api-key": KEYS[Role.VIEWER]}
    tried = [
        await client.post("/api/v1/jobs", json={"task": "greet", "args": {"name": "x"}}, headers=viewer),
        await client.post("/api/v1/jobs?x=1", json={"task": "greet", "args": {"name": "x"}}, headers=viewer),
        await client.post("/api/v1/jobs/bulk", json={"jobs": [{"task": "anything"}]}, headers=viewer),
        await client.post(f"/api/v1/jobs/{job.id}/cancel", headers=viewer),
        await client.delete(f"/api/v1/jobs/{job.id}", headers=viewer),
        await client.post("/api/v1/queues/greetings/pause", headers=viewer),
        await client.post("/api/v1/queues%2Fgreetings/pause", headers=viewer),
    ]
    assert {answer.status_code for answer in tried} == {403}
    assert await stored() == 1
    assert (await job.ajob()).state == "pending"
    assert (await client.get(f"/api/v1/jobs/{job.id}", headers=viewer)).status_code == 200


@pytest.mark.parametrize("path", ["purge", "purge/", "%70urge", "/purge", "purge?x=1", "purge/?x=/pause"])
async def test_an_operator_purges_no_queue_however_it_is_written(path: str, client: httpx.AsyncClient) -> None:
    operator = {"x-api-key": KEYS[Role.OPERATOR]}
    assert (await client.post("/api/v1/queues/greetings/pause?create=true", headers=operator)).status_code == 200
    answer = await client.post(f"/api/v1/queues/greetings/{path}", json={"confirm": "greetings"}, headers=operator)
    assert answer.status_code in (403, 404), answer.text
    assert (await client.get("/api/v1/bulk", headers=operator)).json()["items"] == []
    admin = {"x-api-key": KEYS[Role.ADMIN]}
    done = await client.post("/api/v1/queues/greetings/purge", json={"confirm": "greetings"}, headers=admin)
    assert done.status_code == 202, done.text


@pytest.mark.parametrize("role", Role)
async def test_what_is_not_there_is_not_there_for_any_role(role: Role, client: httpx.AsyncClient) -> None:
    key = {"x-api-key": KEYS[role]}
    for method, path, status in (
        ("GET", "/api/v1/nope", 404),
        ("POST", "/nope", 404),
        ("POST", "/api/v1/tasks", 405),
        ("DELETE", "/metrics", 405),
        ("POST", "/health/live", 405),
        ("GET", "/api/v1/jobs/bulk", 405),
    ):
        answer = await client.request(method, path, headers=key)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), path
        assert answer.json()["code"] == ("not_found" if status == 404 else "method_not_allowed")
        if status == 405:
            assert answer.headers["allow"] == ("POST" if path.endswith("bulk") else "GET, HEAD")


async def test_a_missing_permission_is_logged_as_a_refusal_and_a_missing_route_is_not(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    viewer = {"x-api-key": KEYS[Role.VIEWER]}
    with caplog.at_level(logging.WARNING, "taskflowmq.server"):
        await client.get("/api/v1/nope", headers=viewer)
        assert not caplog.records
        await client.post("/api/v1/queues/q/pause", headers=viewer)
    assert [record.getMessage() for record in caplog.records] == ["request from 203.0.113.9 refused: forbidden"]


async def test_the_page_says_what_its_caller_may_do(client: httpx.AsyncClient) -> None:
    from tests.server.test_dashboard import BROWSER, boot_of

    for role in Role:
        boot = boot_of((await client.get("/", headers={**BROWSER, "x-api-key": KEYS[role]})).text)
        assert boot["role"] == role
        assert set(boot["permissions"]) == GRANTED[role]


def test_a_key_may_carry_its_role() -> None:
    given = (KEY, f"viewer:{KEYS[Role.VIEWER]}", f"ADMIN: {KEYS[Role.ADMIN]}")
    settings = ServerSettings(api_keys=given).check()
    assert settings.parsed_keys() == (
        ApiKey(KEY, Role.OWNER),
        ApiKey(KEYS[Role.VIEWER], Role.VIEWER),
        ApiKey(KEYS[Role.ADMIN], Role.ADMIN),
    )
    assert not any(KEY[:8] in text for text in (repr(settings), repr(settings.parsed_keys())))


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ((f"viwer:{KEY}",), "not a role"),
        ((f":{KEY}"[:33],), None),
        ((f"viewer:{KEY[:31]}",), "shorter than"),
        ((f"viewer:{KEY}", KEY), "given twice, as viewer and as owner"),
        (("viewer:",), "shorter than"),
    ],
)
def test_wrong_roles_and_keys_refuse_to_boot(keys: tuple[str, ...], why: str | None) -> None:
    if why is None:
        assert ServerSettings(api_keys=keys).check().parsed_keys()[0] == ApiKey(keys[0], Role.OWNER)
        return
    with pytest.raises(UnsafeServer, match=why) as caught:
        ServerSettings(api_keys=keys).check()
    assert KEY[:8] not in str(caught.value)
