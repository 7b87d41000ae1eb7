"""Bad input: each kind answered by a 4xx that names the field, in a problem, and nothing is stored (F42, S11, S29)."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
import pytest_asyncio
from tests.server.conftest import connected, new_app

from taskflowmq import TaskFlow

# One app for the whole table: nothing here may be stored, so the cases cannot meet.
pytestmark = pytest.mark.asyncio(loop_scope="module")
for_all = pytest_asyncio.fixture(scope="module", loop_scope="module")

DEEP = 100_000


@for_all
async def app(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TaskFlow]:
    async with new_app(tmp_path_factory.mktemp("store")) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["fast", "framework"])
async def client(app: TaskFlow, request: pytest.FixtureRequest) -> AsyncIterator[httpx.AsyncClient]:
    async with connected(app, fast_intake=request.param == "fast") as made:
        yield made


@for_all
async def reader(app: TaskFlow) -> AsyncIterator[httpx.AsyncClient]:
    async with connected(app) as made:
        yield made


def job(**fields: Any) -> bytes:
    return json.dumps({"task": "anything", **fields}).encode()


#: id → (body, status, pointer)
BODIES: dict[str, tuple[bytes, int, str | None]] = {
    "malformed JSON": (b'{"task": "anything"', 400, None),
    "no body": (b"", 400, None),
    "not an object": (b"[1]", 422, "/"),
    "no task": (b"{}", 422, "/task"),
    "unknown task": (job(task="no-such-task"), 422, "/task"),
    "task that is an import path": (job(task="os.system"), 422, "/task"),
    "task with a blank": (job(task="not a name"), 422, "/task"),
    "unknown field": (job(state="completed"), 422, "/state"),
    "a job id of the caller": (job(id="01a201e9-7cb4-72c0-87af-ef51c3a68934"), 422, "/id"),
    "a tenant": (job(tenant="other"), 422, "/tenant"),
    "an attempt": (job(attempt=0), 422, "/attempt"),
    "a lease": (job(lease_no=1), 422, "/lease_no"),
    "args that are no object": (job(args=[1]), 422, "/args"),
    "unknown argument": (job(args={"nope": 1}), 422, "/args/nope"),
    "missing argument": (job(task="greet"), 422, "/args/name"),
    "argument of the wrong type": (job(task="greet", args={"name": 5}), 422, "/args/name"),
    "NaN": (b'{"task": "anything", "args": {"value": NaN}}', 422, "/args/value"),
    "Infinity": (b'{"task": "anything", "args": {"value": [1, -Infinity]}}', 422, "/args/value/1"),
    "NUL in an argument": (job(args={"value": "a\x00b"}), 422, "/args/value"),
    "NUL in a key": (job(args={"value": {"a\x00": 1}}), 422, "/args/value"),
    "NUL in a tag": (job(tags=["ok", "a\x00"]), 422, "/tags/1"),
    "NUL in meta": (job(meta={"a": "\x00"}), 422, "/meta/a"),
    "NUL in a unique key": (job(unique_key="a\x00"), 422, "/unique_key"),
    "lone surrogate": (b'{"task": "anything", "args": {"value": "\\ud800"}}', 422, "/args/value"),
    "lone surrogate in a key": (b'{"task": "anything", "args": {"\\udfff": 1}}', 422, "/args"),
    "bytes that are no UTF-8": (b'{"task": "anything", "args": {"value": "\xff"}}', 400, None),
    "reserved key": (job(args={"value": {"$taskflow": 1}}), 422, "/args/value/$taskflow"),
    "too deep": (job(args={"value": json.loads("[" * 70 + "]" * 70)}), 422, None),
    "far too deep": (b'{"task": "anything", "args": {"value": ' + b"[" * DEEP + b"]" * DEEP + b"}}", 422, "/args"),
    "arguments above 256 KiB": (job(args={"value": "x" * 300_000}), 422, "/args"),
    "meta above 16 KiB": (job(meta={"a": "x" * 20_000}), 422, "/meta"),
    "negative delay": (job(delay=-1), 422, "/delay"),
    "delay beyond ten years": (job(delay=1e12), 422, "/delay"),
    "delay as text": (job(delay="5"), 422, "/delay"),
    "naive datetime": (job(run_at="2026-01-01T00:00:00"), 422, "/run_at"),
    "run_at before the calendar": (job(run_at="0001-01-01T00:00:00+14:00"), 422, "/run_at"),
    "run_at after the calendar": (job(run_at="9999-12-31T23:59:59-14:00"), 422, "/run_at"),
    "no datetime": (job(run_at="soon"), 422, "/run_at"),
    "delay and run_at": (job(delay=1, run_at="2031-01-01T00:00:00Z"), 422, "/run_at"),
    "priority out of range": (job(priority=101), 422, "/priority"),
    "priority as text": (job(priority="5"), 422, "/priority"),
    "priority as truth": (job(priority=True), 422, "/priority"),
    "no attempts": (job(max_attempts=0), 422, "/max_attempts"),
    "timeout of zero": (job(timeout=0), 422, "/timeout"),
    "expires at once": (job(expires_in=0), 422, "/expires_in"),
    "expires before it is due": (job(delay=60, expires_in=60), 422, "/expires_in"),
    "queue with a blank": (job(queue="a b"), 422, "/queue"),
    "empty unique key": (job(unique_key=""), 422, "/unique_key"),
    "long unique key": (job(unique_key="x" * 513), 422, "/unique_key"),
    "too many tags": (job(tags=["x"] * 33), 422, "/tags"),
    "tag that is no text": (job(tags=[1]), 422, "/tags/0"),
}


@pytest.mark.parametrize("name", BODIES)
async def test_one_job(name: str, client: httpx.AsyncClient, stored: Callable[[], Any]) -> None:
    body, status, pointer = BODIES[name]
    before = await stored()
    answer = await client.post("/api/v1/jobs", content=body, headers={"content-type": "application/json"})
    _is_problem(answer, status, pointer)
    assert await stored() == before


@pytest.mark.parametrize(
    "name", ["unknown task", "missing argument", "negative delay", "naive datetime", "NUL in a tag"]
)
async def test_one_bad_job_refuses_the_whole_bulk(
    name: str, reader: httpx.AsyncClient, stored: Callable[[], Any]
) -> None:
    body, status, pointer = BODIES[name]
    before = await stored()
    bulk = b'{"jobs": [{"task": "anything"}, %s]}' % body
    answer = await reader.post("/api/v1/jobs/bulk", content=bulk, headers={"content-type": "application/json"})
    _is_problem(answer, status, f"/jobs/1{pointer}")
    assert await stored() == before


@pytest.mark.parametrize("count", [0, 10_001])
async def test_bulk_takes_1_to_10_000_jobs(count: int, reader: httpx.AsyncClient, stored: Callable[[], Any]) -> None:
    before = await stored()
    answer = await reader.post("/api/v1/jobs/bulk", json={"jobs": [{"task": "anything"}] * count})
    _is_problem(answer, 422, "/jobs")
    assert await stored() == before


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("state=nope", "/state"),
        ("state=pending,", "/state"),
        ("limit=0", "/limit"),
        ("limit=1001", "/limit"),
        ("limit=1000000000", "/limit"),
        ("limit=ten", "/limit"),
        ("cursor=broken", "/cursor"),
        ("cursor=%F0%9F%98%80", "/cursor"),
        ("cursor=", "/cursor"),
        ("created_after=2026-01-01T00:00:00", "/created_after"),
        ("created_before=yesterday", "/created_before"),
        ("created_before=9999-12-31T23:59:59-14:00", "/created_before"),
        ("created_after=0001-01-01T00:00:00%2B14:00", "/created_after"),
        ("queue=a%20b", "/queue"),
        ("task=%27%20OR%201=1--", "/task"),
        ("stat=dead", "/stat"),
        ("services=1", "/services"),
        ("queue=a&queue=b", "/queue"),
        ("state=dead&state=pending", "/state"),
        ("limit=5&limit=5", "/limit"),
        ("created_after=2026-01-02T00:00:00Z&created_before=2026-01-01T00:00:00Z", "/created_before"),
    ],
)
async def test_a_wrong_filter_is_named(query: str, pointer: str, reader: httpx.AsyncClient) -> None:
    _is_problem(await reader.get(f"/api/v1/jobs?{query}"), 422, pointer)


async def test_a_cursor_continues_only_its_own_list(reader: httpx.AsyncClient) -> None:
    await reader.post("/api/v1/jobs/bulk", json={"jobs": [{"task": "anything"}] * 3})
    cursor = (await reader.get("/api/v1/jobs?limit=1&state=pending")).json()["next"]
    assert (await reader.get("/api/v1/jobs", params={"cursor": cursor, "state": "pending"})).status_code == 200
    _is_problem(await reader.get("/api/v1/jobs", params={"cursor": cursor}), 422, "/cursor")
    changed = ("A" if cursor[0] != "A" else "B") + cursor[1:]
    _is_problem(await reader.get("/api/v1/jobs", params={"cursor": changed, "state": "pending"}), 422, "/cursor")


@pytest.mark.parametrize("wait", ["-1", "31", "soon", "nan"])
async def test_wait_is_bounded(wait: str, reader: httpx.AsyncClient) -> None:
    job_id = (await reader.post("/api/v1/jobs", json={"task": "anything"})).json()["id"]
    _is_problem(await reader.get(f"/api/v1/jobs/{job_id}", params={"wait": wait}), 422, "/wait")


async def test_a_body_that_is_not_declared_as_json_is_refused(client: httpx.AsyncClient) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
        headers = {"content-type": kind} if kind else {}
        answer = await client.post("/api/v1/jobs", content=job(), headers=headers)
        _is_problem(answer, 415, None)


async def test_a_body_that_is_packed_is_refused(client: httpx.AsyncClient) -> None:
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    answer = await client.post("/api/v1/jobs", content=gzip.compress(job()), headers=headers)
    _is_problem(answer, 415, None)
    assert "Content-Encoding" in answer.json()["detail"]


async def test_a_wish_in_the_query_of_a_post_is_not_ignored(
    client: httpx.AsyncClient, stored: Callable[[], Any]
) -> None:
    before = await stored()
    for path in ("/api/v1/jobs", "/api/v1/jobs/bulk"):
        answer = await client.post(f"{path}?dry_run=1", content=job(), headers={"content-type": "application/json"})
        _is_problem(answer, 422, "/dry_run")
    assert await stored() == before


async def test_a_wish_in_a_body_that_nobody_reads_is_not_ignored(reader: httpx.AsyncClient) -> None:
    later = (await reader.post("/api/v1/jobs", json={"task": "anything", "delay": 600})).json()
    path = f"/api/v1/jobs/{later['id']}"
    for action in (f"{path}/retry", f"{path}/cancel", "/api/v1/queues/default/resume"):
        _is_problem(await reader.post(action, json={"delay": 60}), 422, "/delay")
    assert (await reader.get(path)).json()["state"] == "scheduled"
    # What always comes from clients that always send JSON.
    assert (await reader.post(f"{path}/cancel", json={})).status_code == 202
    assert (await reader.post("/api/v1/queues/default/pause", json=None)).status_code == 200


async def test_a_body_of_the_wrong_shape_is_called_the_body(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/jobs", content=b"5", headers={"content-type": "application/json"})
    assert answer.json()["detail"] == "the body: Expected object, got int"


async def test_methods_and_paths_that_do_not_exist(reader: httpx.AsyncClient) -> None:
    _is_problem(await reader.put("/api/v1/jobs", json={}), 405, None)
    _is_problem(await reader.get("/api/v1/nothing"), 404, None)


def _is_problem(answer: httpx.Response, status: int, pointer: str | None) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["code"]
    assert problem["request_id"] == answer.headers["x-request-id"]
    if pointer is not None:
        assert pointer in [error["pointer"] for error in problem["errors"]], problem
