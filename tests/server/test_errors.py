"""What an error may say, what every answer carries, and when a 2xx is not given (S18, S25, S33, F44)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from taskflowmq import TaskFlow
from taskflowmq.core.errors import StoreUnavailable
from taskflowmq.telemetry.logs import JsonFormatter

SECRET = "SELECT * FROM job -- /var/lib/secret.db"


async def test_an_unforeseen_error_says_nothing_but_its_id(
    app: TaskFlow, reader: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(tenant: str) -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(app.store.stats, "count", broken)
    with caplog.at_level(logging.ERROR):
        answer = await reader.get("/api/v1/jobs/stats", headers={"x-request-id": "request-0042"})
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert answer.json()["request_id"] == "request-0042"
    for word in ("SELECT", "secret", "RuntimeError", "Traceback", "site-packages", ".py"):
        assert word not in answer.text
    (record,) = [record for record in caplog.records if record.name == "taskflowmq.server"]
    assert record.request_id == "request-0042"  # type: ignore[attr-defined]
    assert SECRET in str(record.exc_info)


async def test_without_its_store_the_server_refuses_and_says_when_to_ask_again(
    app: TaskFlow,
    client: httpx.AsyncClient,
    stored: Callable[[], Any],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def away(*_: object, **__: object) -> None:
        raise StoreUnavailable(f"disk is full: {SECRET}")

    monkeypatch.setattr("taskflowmq.client.session.RETRY_PAUSES_S", (0.0,))
    with monkeypatch.context() as patch:
        patch.setattr(app.store.intake, "enqueue", away)
        patch.setattr(type(app.store), "ping", away)
        answers = [
            await client.post("/api/v1/jobs", json={"task": "anything"}),
            await client.post("/api/v1/jobs/bulk", json={"jobs": [{"task": "anything"}]}),
            await client.get("/health/ready"),
        ]
    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
        assert int(answer.headers["retry-after"]) >= 1
        assert "secret" not in answer.text
    # The log says why, in a line each: an outage with a thousand clients must not bury what else is wrong.
    lines = [record for record in caplog.records if record.message.startswith("request not served: disk is full")]
    assert [(record.levelname, record.exc_info) for record in lines] == [("WARNING", None)] * len(lines)
    assert len(lines) >= 2
    assert (await client.get("/health/live")).status_code == 200
    assert await stored() == 0
    # It heals by itself.
    assert (await client.post("/api/v1/jobs", json={"task": "anything"})).status_code == 201


async def test_every_answer_carries_the_headers_that_keep_it_data(client: httpx.AsyncClient) -> None:
    answers = [
        await client.post("/api/v1/jobs", json={"task": "anything", "args": {"value": "<script>alert(1)</script>"}}),
        await client.get("/api/v1/jobs"),
        await client.get("/api/v1/jobs?limit=0"),
        await client.get("/nothing"),
        await client.get("/health/live"),
    ]
    for answer in answers:
        assert answer.headers["content-type"].split(";")[0] in ("application/json", "application/problem+json")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert "server" not in answer.headers


@pytest.mark.parametrize("given", ["short", "x" * 65, "has blanks in it", "new\tline-123", "<script>-12345"])
async def test_a_request_id_that_could_forge_a_log_line_is_replaced(given: str, reader: httpx.AsyncClient) -> None:
    answer = await reader.get("/health/live", headers={"x-request-id": given})
    assert answer.headers["x-request-id"] != given
    assert answer.headers["x-request-id"].isalnum()


async def test_secrets_in_requests_reach_neither_the_log_nor_the_metrics(
    app: TaskFlow, client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    canary = "canary-5ecret-0f-th3-us3r"
    with caplog.at_level(logging.DEBUG, logger="taskflowmq"):
        await client.post("/api/v1/jobs", json={"task": "anything", "args": {"value": canary}, "meta": {"k": canary}})
        await client.post("/api/v1/jobs", json={"task": canary}, headers={"Idempotency-Key": canary})
        await client.get(f"/api/v1/jobs/{canary}?state={canary}", headers={"X-Trace": canary})
        await app.worker().arun_until_idle()
    ours = [record for record in caplog.records if not record.name.startswith("http")]  # the test's own client logs too
    assert ours
    assert canary not in "".join(JsonFormatter().format(record) for record in ours)
    assert canary not in (await client.get("/metrics")).text


async def test_paths_and_filters_make_no_new_series(reader: httpx.AsyncClient) -> None:
    before = len((await reader.get("/metrics")).text.splitlines())
    for number in range(200):
        await reader.get(f"/api/v1/jobs/{number}")
        await reader.get(f"/random-{number}")
    assert len((await reader.get("/metrics")).text.splitlines()) - before <= 5
