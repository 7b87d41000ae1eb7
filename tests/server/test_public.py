"""A public demonstration: everyone reads, nobody changes anything, and a few jobs may be enqueued."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec
import pytest
from tests.server.conftest import KEY, Connect
from tests.server.test_dashboard import BROWSER, boot_of
from tests.server.test_roles import needed, routes

from taskflowmq import TaskFlow
from taskflowmq.core.permissions import Role
from taskflowmq.server.edge.policy import POLICIES, SAFE_METHODS
from taskflowmq.server.edge.principal import VISITOR
from taskflowmq.server.edge.problems import Problem
from taskflowmq.server.edge.visits import HOUR_S, Visits
from taskflowmq.server.settings import PublicDemo, ServerSettings, UnsafeServer

DEMO = "/api/v1/demo/jobs"
PUBLIC = PublicDemo(jobs=(("greet", {"name": "visitor"}), ("anything", {})), per_hour=(3, 5))


@pytest.fixture
async def visitor(connect: Connect) -> httpx.AsyncClient:
    """A client on another machine, behind a proxy that says who it is."""
    made: httpx.AsyncClient = await connect(peer="203.0.113.9", public=PUBLIC, trusted_proxies=("203.0.113.9",))
    return made


async def test_everyone_reads_and_nobody_writes(visitor: httpx.AsyncClient) -> None:
    for method, path in routes():
        permission = needed(method, path)
        if permission is None or POLICIES[path].is_stream or path == DEMO:
            continue
        answer = await visitor.request(
            method, path, json={} if method in ("POST", "PATCH") else None, headers={"host": "demo.example"}
        )
        assert (answer.status_code == 403) is (permission not in VISITOR.permissions), (method, path, answer.text)
        if method not in SAFE_METHODS and permission != "jobs:read":
            assert answer.status_code == 403, (method, path)
    refused = await visitor.post("/api/v1/jobs", json={"task": "greet", "args": {"name": "x"}})
    assert (refused.status_code, "visitors of a public demonstration read only" in refused.text) == (403, True)


async def test_a_visitor_enqueues_a_few_jobs_by_turns(app: TaskFlow, visitor: httpx.AsyncClient) -> None:
    def from_(address: str) -> dict[str, str]:
        return {"x-forwarded-for": address}

    made = [(await visitor.post(DEMO, headers=from_("198.51.100.7"))).json() for _ in range(3)]
    assert [(one["task"], one["left"]) for one in made] == [("greet", 2), ("anything", 1), ("greet", 0)]
    job = await app.job(made[0]["id"]).ajob()
    assert (job.args, job.tags) == ({"name": "visitor"}, ("visitor",))
    refused = await visitor.post(DEMO, headers=from_("198.51.100.7"))
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_demo_jobs")
    assert 0 < int(refused.headers["retry-after"]) <= HOUR_S
    # Another address has its own, until all together have had theirs.
    assert [(await visitor.post(DEMO, headers=from_("198.51.100.8"))).status_code for _ in range(3)] == [201, 201, 429]
    foreign = await visitor.post(DEMO, headers={"sec-fetch-site": "cross-site"})
    assert (foreign.status_code, foreign.json()["code"]) == (403, "foreign_origin")
    assert (await visitor.post(DEMO, json={"task": "greet"})).status_code == 422


async def test_elsewhere_there_is_no_demo(client: httpx.AsyncClient) -> None:
    assert (await client.post(DEMO)).status_code == 404
    assert boot_of((await client.get("/", headers=BROWSER)).text)["features"]["public"] is False


async def test_the_page_of_a_visitor(visitor: httpx.AsyncClient) -> None:
    boot = boot_of((await visitor.get("/", headers=BROWSER)).text)
    assert (boot["actor"], boot["role"], boot["sign_in"]) == ("visitor", Role.VIEWER, False)
    assert (boot["features"]["public"], "views:write" in boot["permissions"]) == (True, False)


async def test_the_page_knows_when_everything_starts_over(connect: Connect) -> None:
    at = datetime(2026, 11, 30, 22, tzinfo=UTC)
    client = await connect(public=msgspec.structs.replace(PUBLIC, resets_at=at))
    boot = boot_of((await client.get("/", headers=BROWSER)).text)
    assert boot["features"]["resets_at"] == "2026-11-30T22:00:00Z"


async def test_a_key_still_counts_and_a_wrong_one_is_refused(connect: Connect) -> None:
    client = await connect(peer="203.0.113.9", public=PUBLIC, api_keys=(f"owner:{KEY}",))
    job: dict[str, Any] = {"task": "greet", "args": {"name": "x"}}
    assert (await client.post("/api/v1/jobs", json=job, headers={"x-api-key": KEY})).status_code == 201
    assert (await client.post("/api/v1/jobs", json=job)).status_code == 403
    assert (await client.get("/api/v1/jobs", headers={"x-api-key": KEY[::-1]})).status_code == 401
    assert (await client.get("/api/v1/jobs")).status_code == 200


def test_a_public_server_may_listen_everywhere_and_no_other() -> None:
    assert ServerSettings(host="0.0.0.0", public=PUBLIC).check().public == PUBLIC
    with pytest.raises(UnsafeServer, match="without an API key"):
        ServerSettings(host="0.0.0.0").check()


def test_every_hour_begins_anew() -> None:
    now = [0.0]
    visits = Visits((1, 2), lambda: now[0])
    assert visits.take("a") == 0
    with pytest.raises(Problem, match="The next hour begins in 60 min"):
        visits.take("a")
    now[0] = HOUR_S - 1
    with pytest.raises(Problem, match="in 1 min"):
        visits.take("a")
    now[0] = HOUR_S
    assert visits.take("a") == 0
