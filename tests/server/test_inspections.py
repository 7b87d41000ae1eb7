"""Stack and profile of a running job, over REST. What a worker answers is in tests/worker/test_inspections.py."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest
from tests.server.conftest import KEY, Connect

from taskflowmq import TaskFlow
from taskflowmq.core.inspection import BodyKind, Calls, Frame, ProfileAnswer, Stack, StackAnswer
from taskflowmq.core.job import ClaimedJob
from taskflowmq.core.transitions import Succeeded, decide
from taskflowmq.ports.store import ClaimRequest
from taskflowmq.testing.conformance.support import new_worker

WORKER = UUID(int=7)
FRAMES = [Frame("/app/tasks.py", 3, "report", "load()"), Frame("/app/tasks.py", 9, "load")]
AROUND: dict[str, Any] = {"host": "one", "pid": 42, "body": BodyKind.THREAD, "age": 3.5, "rss": 2**20}
STACK = StackAnswer(**AROUND, stacks=[Stack(name="taskflow-1", kind="thread", frames=FRAMES)])
PROFILE = ProfileAnswer(
    **AROUND, seconds=2.0, samples=190, interval_ms=10.5, overhead=0.01, frames=FRAMES, paths=[Calls((0, 1), 190)]
)


@pytest.fixture
async def held(app: TaskFlow) -> ClaimedJob:
    """A job that runs."""
    await app.store.workers.register(new_worker(WORKER, 600_000))
    await app.asend("anything", {})
    request = ClaimRequest(worker_id=WORKER, tenants=(), queues=(), tasks=("anything",), limit=1)
    (job,) = await app.store.claims.claim(request)
    return job


async def answer(app: TaskFlow, given: StackAnswer | ProfileAnswer) -> None:
    """Answer the only request, as its worker would."""
    (question,) = (await app.store.claims.requests(WORKER)).inspect
    assert await app.store.inspections.answer(question, msgspec.json.encode(given))


async def test_a_stack_is_requested_and_read(app: TaskFlow, reader: httpx.AsyncClient, held: ClaimedJob) -> None:
    path = f"/api/v1/jobs/{held.id}/stack"
    missing = await reader.get(path)
    assert (missing.status_code, missing.json()["code"]) == (404, "inspection_not_found")
    asked = await reader.post(path, json={"reason": "it hangs"})
    assert asked.status_code == 202, asked.text
    assert (asked.json()["state"], asked.json()["answer"], asked.json()["worker"]) == ("waiting", None, str(WORKER))
    again = await reader.post(path)
    assert (again.status_code, again.json()["id"]) == (202, asked.json()["id"])
    await answer(app, STACK)
    found = (await reader.get(path)).json()
    assert found["state"] == "answered"
    assert {name: found["answer"][name] for name in ("host", "pid", "body", "age", "rss", "note")} == {
        "host": "one", "pid": 42, "body": "thread", "age": 3.5, "rss": 2**20, "note": None,
    }  # fmt: skip
    (stack,) = found["answer"]["stacks"]
    assert (stack["name"], stack["kind"], stack["waits"], stack["left_out"]) == ("taskflow-1", "thread", False, 0)
    assert stack["frames"][0] == {"file": "/app/tasks.py", "line": 3, "function": "report", "code": "load()"}
    (entry,) = (await reader.get("/api/v1/audit", params={"object": f"job:{held.id}"})).json()["items"]
    assert (entry["action"], entry["reason"]) == ("job.stack", "it hangs")


async def test_a_profile_is_requested_and_read(app: TaskFlow, reader: httpx.AsyncClient, held: ClaimedJob) -> None:
    path = f"/api/v1/jobs/{held.id}/profile"
    asked = await reader.post(path, json={"seconds": 2})
    assert (asked.status_code, asked.json()["seconds"]) == (202, 2), asked.text
    await answer(app, PROFILE)
    found = (await reader.get(path)).json()["answer"]
    assert (found["samples"], found["overhead"], found["ended"], found["left_out"]) == (190, 0.01, False, 0)
    assert found["paths"] == [{"frames": [0, 1], "samples": 190, "waits": False}]
    assert [frame["function"] for frame in found["frames"]] == ["report", "load"]
    assert (await reader.get(f"/api/v1/jobs/{held.id}/stack")).status_code == 404


async def test_what_does_not_run_is_refused(app: TaskFlow, reader: httpx.AsyncClient, held: ClaimedJob) -> None:
    for kind in ("stack", "profile"):
        assert (await reader.post(f"/api/v1/jobs/{held.id}/{kind}")).status_code == 202
    await app.store.claims.settle([decide(held, Succeeded(b"1"), rand=0.0)])
    for kind in ("stack", "profile"):
        path = f"/api/v1/jobs/{held.id}/{kind}"
        ended = (await reader.get(path)).json()
        assert (ended["state"], ended["detail"]) == ("ended", "the attempt ended before the worker answered")
        assert ended["answer"] is None
        refused = await reader.post(path)
        assert (refused.status_code, refused.json()["code"]) == (409, "job_not_running")
        assert refused.json()["detail"] == f"job {held.id} does not run: only a job that runs has a {kind}"
        for wrong in (uuid4(), 7):
            assert (await reader.post(f"/api/v1/jobs/{wrong}/{kind}")).status_code == 404
            assert (await reader.get(f"/api/v1/jobs/{wrong}/{kind}")).status_code == 404


@pytest.mark.parametrize("body", [{"seconds": 0}, {"seconds": 61}, {"seconds": 1.5}, {"seconds": "5"}, {"hz": 5}])
async def test_a_wrong_time_is_refused(reader: httpx.AsyncClient, held: ClaimedJob, body: dict[str, Any]) -> None:
    answer = await reader.post(f"/api/v1/jobs/{held.id}/profile", json=body)
    assert answer.status_code == 422
    assert (await reader.get(f"/api/v1/jobs/{held.id}/profile")).status_code == 404


@pytest.mark.parametrize("end", ["stack", "stack/", "%73tack", "profile", "profile?x=1"])
async def test_a_viewer_sees_no_frames_however_it_is_written(connect: Connect, held: ClaimedJob, end: str) -> None:
    client = await connect(api_keys=(f"viewer:{KEY}", f"operator:{KEY[::-1]}"))
    for method in ("GET", "POST"):
        path = f"/api/v1/jobs/{held.id}/{end}"
        refused = await client.request(method, path, headers={"x-api-key": KEY})
        assert refused.status_code in (403, 404), refused.text
        if "%" not in end and "/" not in end:
            assert refused.json()["detail"].count("jobs:inspect") == 1
    assert (await client.get(f"/api/v1/jobs/{held.id}", headers={"x-api-key": KEY})).status_code == 200
    asked = await client.post(f"/api/v1/jobs/{held.id}/stack", headers={"x-api-key": KEY[::-1]})
    assert asked.status_code == 202
