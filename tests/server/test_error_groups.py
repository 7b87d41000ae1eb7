"""Failures by kind over REST, from a worker's failure to a resolution and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.server.conftest import KEY, Connect

from taskflowmq import Retry, TaskFlow
from taskflowmq.core.error_groups import MOST_GROUPS

ERRORS = "/api/v1/errors"


@pytest.fixture
def failing(app: TaskFlow) -> TaskFlow:
    """An app with tasks that fail in three ways."""

    @app.task(name="charge", retry=Retry(max_attempts=1))
    async def charge(order: int) -> None:
        raise LookupError(f"order {order} not found")

    @app.task(name="refund", retry=Retry(max_attempts=1))
    async def refund(order: int) -> None:
        raise ValueError(f"order {order} is {'paid' if order < 10 else 'closed'}")

    return app


async def fail(app: TaskFlow, *jobs: tuple[str, dict[str, Any]]) -> None:
    """Run jobs to their end."""
    for task, args in jobs:
        await app.asend(task, args, max_attempts=2 if task == "moody" else 1)
    await app.worker().arun_until_idle()


async def listed(client: httpx.AsyncClient, **params: Any) -> dict[str, Any]:
    answer = await client.get(ERRORS, params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_failures_of_three_kinds_are_three_groups_with_a_traceback(
    failing: TaskFlow, client: httpx.AsyncClient
) -> None:
    await fail(
        failing, *[("charge", {"order": n}) for n in range(4)], ("refund", {"order": 1}), ("refund", {"order": 99})
    )
    page = await listed(client, sort="count")
    assert page["counts"] == {"open": 3, "resolved": 0, "muted": 0, "new": 3, "most": MOST_GROUPS}
    first = page["items"][0]
    assert (first["type"], first["message"], first["task"]) == ("LookupError", "order <number> not found", "charge")
    assert (first["count"], first["dead"]) == (4, 4)
    assert {one["message"] for one in page["items"][1:]} == {"order <number> is paid", "order <number> is closed"}
    group = (await client.get(f"{ERRORS}/{page['items'][0]['fingerprint']}")).json()
    assert sum(group["trend"]) == 4
    assert len(group["trend"]) == 24
    sample = group["sample"]
    assert (sample["state"], sample["outcome"], sample["attempt"]) == ("dead", "failed", 1)
    assert sample["error"]["message"] == "order 3 not found"
    assert 'raise LookupError(f"order {order} not found")' in sample["error"]["traceback"]
    job = (await client.get(f"/api/v1/jobs/{sample['job_id']}")).json()
    assert job["fingerprint"] == group["fingerprint"]
    params = {"q": f"state:dead error:{group['fingerprint']}", "view": "row"}
    rows = (await client.get("/api/v1/jobs", params=params)).json()
    assert len(rows["items"]) == 4
    assert rows["complete"] is True


async def test_a_resolved_group_is_open_again_with_the_next_failure(connect: Connect, failing: TaskFlow) -> None:
    client: httpx.AsyncClient = await connect(api_keys=(f"operator:{KEY}",))
    client.headers["authorization"] = f"Bearer {KEY}"
    await fail(failing, ("charge", {"order": 1}))
    (group,) = (await listed(client))["items"]
    path = f"{ERRORS}/{group['fingerprint']}"
    resolved = (await client.post(f"{path}/resolve")).json()
    assert resolved["state"] == "resolved"
    assert resolved["changed_by"].startswith("key:")
    assert (await listed(client, state="open"))["items"] == []
    await fail(failing, ("charge", {"order": 2}))
    again = (await client.get(path)).json()
    assert (again["state"], again["reopened"], again["count"]) == ("open", True, 2)
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    muted = (await client.post(f"{path}/mute", json={"until": until})).json()
    assert (muted["state"], muted["resolved_at"], muted["reopened"]) == ("muted", None, False)
    assert (await listed(client))["counts"] == {"open": 0, "resolved": 0, "muted": 1, "new": 0, "most": MOST_GROUPS}
    opened = (await client.post(f"{path}/reopen")).json()
    assert (opened["state"], opened["muted_until"]) == ("open", None)


async def test_pages_and_searches(failing: TaskFlow, client: httpx.AsyncClient) -> None:
    await fail(failing, ("charge", {"order": 1}), ("refund", {"order": 1}), ("refund", {"order": 99}))
    seen = []
    cursor: dict[str, str] = {}
    while True:
        page = await listed(client, limit=1, **cursor)
        seen += [one["fingerprint"] for one in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert len(set(seen)) == len(seen) == 3
    assert [one["task"] for one in (await listed(client, q="LOOKUP"))["items"]] == ["charge"]
    assert len((await listed(client, task="refund"))["items"]) == 2
    assert (await listed(client, q="nothing like this"))["items"] == []


async def test_a_sample_is_an_attempt_that_failed_so(failing: TaskFlow, client: httpx.AsyncClient) -> None:
    broken = {"now": True}

    @failing.task(name="moody", retry=Retry(max_attempts=2, initial=0, jitter=0))
    async def moody() -> None:
        if broken["now"]:
            broken["now"] = False
            raise KeyError("first")
        raise IndexError("second")

    await fail(failing, ("moody", {}))
    groups = {one["type"]: one for one in (await listed(client))["items"]}
    assert (groups["KeyError"]["dead"], groups["IndexError"]["dead"]) == (0, 1)
    first = (await client.get(f"{ERRORS}/{groups['KeyError']['fingerprint']}")).json()["sample"]
    assert (first["attempt"], first["error"]["type"], first["state"]) == (1, "KeyError", "dead")
    await client.delete(f"/api/v1/jobs/{first['job_id']}")
    gone = (await client.get(f"{ERRORS}/{groups['KeyError']['fingerprint']}")).json()
    assert (gone["sample"], gone["count"]) == (None, 1)


async def test_a_group_has_its_releases_the_newest_first(
    failing: TaskFlow, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail_in(release: str) -> None:
        monkeypatch.setenv("TASKFLOW_RELEASE", release)
        async with TaskFlow(failing.store.url, store_timeout=60) as program:

            @program.task(name="charge", retry=Retry(max_attempts=1))
            async def charge(order: int) -> None:
                raise LookupError(f"order {order} not found")

            await fail(program, ("charge", {"order": 1}))

    await fail_in("shop-1")
    await fail_in("shop-2")
    await fail_in("shop-1")
    (group,) = (await listed(client))["items"]
    assert (group["count"], group["new_in"], group["resolved_release"]) == (3, None, None)
    path = f"{ERRORS}/{group['fingerprint']}"
    detail = (await client.get(path)).json()
    assert [(one["name"], one["count"]) for one in detail["releases"]] == [("shop-2", 1), ("shop-1", 2)]
    assert detail["releases_total"] == 2
    assert all(one["first_at"] <= one["last_at"] for one in detail["releases"])


async def test_a_group_of_programs_without_a_release_has_one_without_a_name(
    failing: TaskFlow, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TASKFLOW_RELEASE", raising=False)
    await fail(failing, ("charge", {"order": 1}))
    (group,) = (await listed(client))["items"]
    detail = (await client.get(f"{ERRORS}/{group['fingerprint']}")).json()
    assert [(one["name"], one["count"]) for one in detail["releases"]] == [(None, 1)]


async def test_counts_alone_are_read_without_a_page(failing: TaskFlow, client: httpx.AsyncClient) -> None:
    await fail(failing, ("charge", {"order": 1}), ("refund", {"order": 1}))
    page = await listed(client, limit=0)
    assert page == {
        "items": [],
        "next": None,
        "counts": {"open": 2, "resolved": 0, "muted": 0, "new": 2, "most": MOST_GROUPS},
    }


async def test_a_group_that_was_deleted_answers_where_its_dead_jobs_are(
    failing: TaskFlow, client: httpx.AsyncClient
) -> None:
    await fail(failing, ("charge", {"order": 1}))
    (group,) = (await listed(client))["items"]
    assert len(await failing.store.errors.delete_excess(0, 9)) == 1
    gone = await client.get(f"{ERRORS}/{group['fingerprint']}")
    assert (gone.status_code, gone.json()["code"]) == (404, "error_group_not_found")
    assert f"state:dead error:{group['fingerprint']}" in gone.json()["detail"]
    rows = (await client.get("/api/v1/jobs", params={"q": f"state:dead error:{group['fingerprint']}"})).json()["items"]
    assert [row["fingerprint"] for row in rows] == [group["fingerprint"]]
    await fail(failing, ("charge", {"order": 2}))
    again = (await client.get(f"{ERRORS}/{group['fingerprint']}")).json()
    assert (again["count"], again["dead"]) == (1, 2)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/0123456789abcdef", None, 404),
        ("GET", "/nonsense", None, 404),
        ("POST", "/0123456789abcdef/resolve", None, 404),
        ("POST", "/0123456789ABCDEF/reopen", None, 404),
        ("POST", "/0123456789abcdef/mute", None, 400),
        ("POST", "/0123456789abcdef/mute", {"until": "2021-01-01T00:00:00Z"}, 422),
        ("POST", "/0123456789abcdef/mute", {"until": "2031-01-01T00:00:00"}, 422),
        ("POST", "/0123456789abcdef/mute", {"for": "1h"}, 422),
        ("GET", "?state=closed", None, 422),
        ("GET", "?sort=name", None, 422),
        ("GET", "?limit=-1", None, 422),
        ("GET", "?limit=201", None, 422),
        ("GET", "?limit=0&q=a%00b", None, 422),
        ("GET", "?cursor=x", None, 422),
        ("GET", "?cursor=9999999999999999999-a", None, 422),
        ("GET", "?q=a%00b", None, 422),
        ("GET", "?task=a%20b", None, 422),
    ],
)
async def test_what_is_not_there_or_wrong_is_said(
    client: httpx.AsyncClient, method: str, path: str, body: Any, status: int
) -> None:
    answer = await client.request(method, ERRORS + path, json=body)
    assert answer.status_code == status, answer.text
    if status == 404:
        assert answer.json()["code"] == "error_group_not_found"
