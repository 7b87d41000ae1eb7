"""Attacks on the edge that no other file here tries: what is stored of keys, what may be deserialised, named, injected,
seen from other origins, or leak into logs and metrics (S12–S14, S21–S24, S30).
"""

from __future__ import annotations

import logging
import pickle
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.server.conftest import KEY, Connect
from tests.server.test_auth import _routes

from taskflowmq import TaskFlow
from taskflowmq.ports.tasks import TaskNotice
from taskflowmq.server.app import create_app
from taskflowmq.telemetry.logs import JsonFormatter
from taskflowmq.telemetry.prometheus import PrometheusTelemetry
from taskflowmq.testing import adrain

CANARY = "canary-7f3a9c1e5d"
INJECTIONS = (
    "' OR '1'='1",
    "1; DROP TABLE taskflow_job; --",
    "x') UNION SELECT name FROM sqlite_master --",
    "%' AND 1=0 UNION ALL SELECT NULL --",
    "\\'; VACUUM; --",
    "$.a' || (SELECT 1) || '",
)


def files_of(app: TaskFlow) -> bytes:
    """Return everything that the store has written."""
    path = Path(app.url.removeprefix("sqlite:///"))
    return b"".join(part.read_bytes() for part in sorted(path.parent.glob(f"{path.name}*")) if part.is_file())


async def test_no_key_is_written_to_the_store(app: TaskFlow, connect: Connect) -> None:
    client = await connect(api_keys=(KEY,))
    headers = {"x-api-key": KEY}
    job = (await client.post("/api/v1/jobs", json={"task": "greet", "args": {"name": CANARY}}, headers=headers)).json()
    assert (await client.post(f"/api/v1/jobs/{job['id']}/cancel", headers=headers)).status_code == 202
    written = files_of(app)
    assert CANARY.encode() in written
    assert KEY.encode() not in written


async def test_pickled_bytes_in_the_store_are_data(app: TaskFlow, tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> Any:
            return Path.touch, (tmp_path / "exploded",)

    handle = await app.asend("anything", {"value": 1})
    with closing(sqlite3.connect(app.url.removeprefix("sqlite:///"))) as conn, conn:
        conn.execute("UPDATE taskflow_job SET args = ?", (pickle.dumps(Bomb(), protocol=0).decode(),))
    await adrain(app)
    view = await handle.ajob()
    assert (view.state, view.reason) == ("dead", "invalid_arguments")
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize("name", ["os.system", "builtins.eval", "__import__", "antigravity:geohash", "this"])
async def test_a_task_is_never_looked_up_as_a_module(
    name: str, reader: httpx.AsyncClient, app: TaskFlow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskflowmq.client.session.UNKNOWN_FOR_S", 0.0)
    before = set(sys.modules)
    answer = await reader.post("/api/v1/jobs", json={"task": name, "args": {"command": "true"}})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/task"
    # A task that some other program has announced may be enqueued here; it waits for a worker that has it.
    if not name.startswith("_"):
        await app.store.intake.announce_tasks(app.tenant, [TaskNotice(name, b"{}")])
        assert (await reader.post("/api/v1/jobs", json={"task": name})).status_code == 201
        await adrain(app)
        assert (await app.jobs.astats()).states["completed"] == 0
    assert not {module for module in set(sys.modules) - before if module.split(".")[0] in ("antigravity", "this")}


@pytest.mark.parametrize("name", ["task", "name", "queue", "priority", "ctx", "self", "fn", "options", "conn"])
async def test_arguments_never_steer_the_enqueue(name: str, reader: httpx.AsyncClient) -> None:
    answer = await reader.post("/api/v1/jobs", json={"task": "greet", "args": {"name": "x", name: "other"}})
    if name == "name":
        assert (answer.json()["task"], answer.json()["args"]) == ("greet", {"name": "other"})
    else:
        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json()["errors"]] == [f"/args/{name}"]


async def test_a_web_socket_is_refused(app: TaskFlow) -> None:
    said: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        said.append(message)

    await create_app(app)({"type": "websocket", "path": "/api/v1/jobs", "headers": []}, receive, send)
    assert said == [{"type": "websocket.close", "code": 1008}]


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost.evil.example", "http://localhost"]
)
async def test_no_origin_is_told_that_it_may_read(origin: str, reader: httpx.AsyncClient) -> None:
    preflight = {"origin": origin, "access-control-request-method": "POST"}
    for answer in (
        await reader.get("/api/v1/jobs", headers={"origin": origin}),
        await reader.options("/api/v1/jobs", headers=preflight),
        await reader.options("/api/v1/queues/q/pause", headers=preflight),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control-")]
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"


async def test_strange_addresses_and_names_make_no_metrics(reader: httpx.AsyncClient) -> None:
    before = (await reader.get("/metrics")).text.count("\n")
    for number in range(40):
        await reader.get(f"/api/v1/jobs/{number}-{CANARY}")
        await reader.post("/api/v1/jobs", json={"task": f"{CANARY}-{number}"})
        await reader.get(f"/nowhere/{number}")
    page = (await reader.get("/metrics")).text
    assert page.count("\n") - before <= 5
    assert CANARY not in page


async def test_what_a_caller_sends_is_in_no_log_line(
    app: TaskFlow, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    client = await connect(api_keys=(KEY,))
    headers = {"x-api-key": KEY}
    with caplog.at_level(logging.DEBUG):
        await client.post("/api/v1/jobs", json={"task": "greet", "args": {"name": CANARY}}, headers=headers)
        await client.post("/api/v1/jobs", json={"task": "greet", "args": {"nope": CANARY}}, headers=headers)
        await client.post("/api/v1/jobs", content=f'{{"task": {CANARY}'.encode(), headers=headers)
        await client.get(f"/api/v1/jobs/{CANARY}?x={CANARY}", headers={**headers, "cookie": CANARY})
        await client.get("/api/v1/jobs", headers={"x-api-key": CANARY})
        assert await adrain(app) == 1
    lines = [JsonFormatter().format(record) for record in caplog.records if record.name.startswith("taskflowmq")]
    assert any("greet" in line for line in lines)
    assert not [line for line in lines if CANARY in line or KEY in line]
    metrics = app.telemetry
    assert isinstance(metrics, PrometheusTelemetry)
    assert CANARY.encode() not in metrics.page(await app.store.stats.count_all())


@pytest.mark.parametrize("text", INJECTIONS)
async def test_sql_in_any_parameter_is_text(text: str, reader: httpx.AsyncClient, app: TaskFlow) -> None:
    kept = await app.asend("greet", {"name": text})
    for name in ("state", "queue", "task", "created_after", "created_before", "limit", "cursor", text):
        assert (await reader.get("/api/v1/jobs", params={name: text})).status_code == 422
    for method, path in _routes():
        if path.endswith(("/1", "/1/retry", "/1/cancel")):
            answer = await reader.request(method, path.replace("/1", f"/{httpx.URL(path=text).path}"))
            assert answer.status_code in (404, 405)
    body = {
        "task": "anything",
        "args": {"value": {text: text}},
        "unique_key": text,
        "tags": [text],
        "meta": {text: text},
    }
    stored = await reader.post("/api/v1/jobs", json=body, headers={"idempotency-key": text.replace("\\", "/")})
    assert stored.status_code == 201
    assert stored.json()["args"] == body["args"]
    assert (stored.json()["tags"], stored.json()["unique_key"]) == ([text], text)
    assert (await kept.ajob()).task == "greet"
    assert sum((await app.jobs.astats()).states.values()) == 2
