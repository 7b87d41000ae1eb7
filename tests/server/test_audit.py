"""GET /audit, and that every route by which an operator changes something leaves an act there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest
from tests.server.conftest import KEY, Connect

from taskflowmq import TaskFlow
from taskflowmq.core.audit import Action
from taskflowmq.core.error_groups import Occurrences
from taskflowmq.core.fingerprint import ErrorKind
from taskflowmq.core.permissions import Role
from taskflowmq.core.workers import KNOWN
from taskflowmq.ports.store import ClaimRequest
from taskflowmq.server.app import make_framework
from taskflowmq.server.edge.policy import SAFE_METHODS
from taskflowmq.stores.sqlite.jobs import SqliteJobs
from taskflowmq.tasks import playground
from taskflowmq.testing.conformance.support import new_worker

WORKER = UUID(int=7)
Act = Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]
#: A group of errors, and a time in the next days.
MARK = "8f14e45fceea167a"
UNTIL = (datetime.now(UTC) + timedelta(days=1)).isoformat()
STRESS = {"rate": 1, "seconds": 600}
#: Routes that change something and are no acts: programs enqueue, and a session is that of a browser.
NO_ACTS = {"createJob", "createJobs", "enqueueDemoJob", "countJobs", "createSession", "deleteSession"}


async def waiting(client: httpx.AsyncClient) -> str:
    job: str = (await client.post("/api/v1/jobs", json={"task": "anything", "delay": 600})).json()["id"]
    return job


async def ended(client: httpx.AsyncClient) -> str:
    job = await waiting(client)
    assert (await client.post(f"/api/v1/jobs/{job}/cancel")).status_code == 202
    return job


async def running(client: httpx.AsyncClient) -> str:
    items = (await client.get("/api/v1/jobs", params={"state": "running"})).json()["items"]
    job: str = items[0]["id"]
    return job


def to_job(method: str, path: str, given: Callable[[httpx.AsyncClient], Awaitable[str]], body: Any = None) -> Act:
    async def act(client: httpx.AsyncClient) -> httpx.Response:
        sent = {} if body is None else {"json": body}
        return await client.request(method, f"/api/v1/jobs/{await given(client)}{path}", **sent)

    return act


def to_jobs(path: str, given: Callable[[httpx.AsyncClient], Awaitable[str]]) -> Act:
    async def act(client: httpx.AsyncClient) -> httpx.Response:
        return await client.post(f"/api/v1/jobs/{path}", json={"ids": [await given(client)]})

    return act


def post(path: str, body: Any = None) -> Act:
    async def act(client: httpx.AsyncClient) -> httpx.Response:
        return await client.post(f"/api/v1{path}", json=body)

    return act


def bulk(then: str = "") -> Act:
    async def act(client: httpx.AsyncClient) -> httpx.Response:
        made = await client.post("/api/v1/bulk", json={"action": "cancel", "q": "state:scheduled"})
        return await client.post(f"/api/v1/bulk/{made.json()['id']}/{then}") if then else made

    return act


def view(then: str = "") -> Act:
    async def act(client: httpx.AsyncClient) -> httpx.Response:
        made = await client.post("/api/v1/views", json={"name": f"view {then}"})
        path = f"/api/v1/views/{made.json()['id']}"
        return await client.request(then, path, json={"name": "new"} if then == "PATCH" else None) if then else made

    return act


async def stop_run(client: httpx.AsyncClient) -> httpx.Response:
    runs = "/api/v1/playground/runs"
    found = (await client.get(runs)).json()["items"]
    run = found[0] if found else (await client.post(runs, json={**STRESS, "reason": "a test"})).json()
    return await client.post(f"{runs}/{run['id']}/stop")


#: Operation → a request that it grants.
ACTS: dict[str, Act] = {
    "retryJob": to_job("POST", "/retry", waiting),
    "cancelJob": to_job("POST", "/cancel", waiting),
    "deleteJob": to_job("DELETE", "", ended),
    "askStack": to_job("POST", "/stack", running),
    "askProfile": to_job("POST", "/profile", running),
    "replayJob": to_job("POST", "/replay", waiting),
    "changeJob": to_job("PATCH", "", waiting, {"delay": 900}),
    "retryJobs": to_jobs("retry", waiting),
    "cancelJobs": to_jobs("cancel", waiting),
    "deleteJobs": to_jobs("delete", ended),
    "pauseQueue": post("/queues/default/pause"),
    "resumeQueue": post("/queues/default/resume"),
    "purgeQueue": post("/queues/default/purge", {"confirm": "default"}),
    "createBulk": bulk(),
    "stopBulk": bulk("stop"),
    "undoBulk": bulk("undo"),
    "resolveError": post(f"/errors/{MARK}/resolve"),
    "muteError": post(f"/errors/{MARK}/mute", {"until": UNTIL}),
    "reopenError": post(f"/errors/{MARK}/reopen"),
    "drainWorker": post(f"/workers/{WORKER}/drain"),
    "resumeWorker": post(f"/workers/{WORKER}/resume"),
    "createView": view(),
    "changeView": view("PATCH"),
    "deleteView": view("DELETE"),
    "stopWorker": post(f"/workers/{WORKER}/stop"),
    "startPlaygroundRun": post("/playground/runs", STRESS),
    "stopPlaygroundRun": stop_run,
}


def operations() -> set[str]:
    """Return every operation that changes something."""
    return {
        str(handler.operation_id)
        for route in make_framework().routes
        for handler in getattr(route, "route_handlers", ())
        if set(handler.http_methods) - SAFE_METHODS
    }


async def newest(client: httpx.AsyncClient) -> dict[str, Any]:
    items = (await client.get("/api/v1/audit", params={"limit": 1})).json()["items"]
    return items[0] if items else {"seq": 0}


async def without_act(client: httpx.AsyncClient) -> set[str]:
    """Return the operations that left no act of their own."""
    found = set()
    for name, act in ACTS.items():
        before = await newest(client)
        answer = await act(client)
        assert answer.status_code < 300, (name, answer.text)
        after = await newest(client)
        request_id = answer.headers["x-request-id"]
        if after["seq"] == before["seq"] or after["request_id"] != request_id:
            found.add(name)
    return found


@pytest.fixture
async def operated(app: TaskFlow, connect: Connect) -> httpx.AsyncClient:
    """A client of a server with a playground that has a worker which knows commands."""
    app.include(playground)
    reader: httpx.AsyncClient = await connect(playground=True)
    info = msgspec.json.encode({"commands": KNOWN})
    await app.store.workers.register(msgspec.structs.replace(new_worker(WORKER, 600_000), info=info))
    await reader.post("/api/v1/jobs", json={"task": "anything"})
    request = ClaimRequest(worker_id=WORKER, tenants=(), queues=(), tasks=("anything",), limit=1)
    assert len(await app.store.claims.claim(request)) == 1
    await waiting(reader)
    kind = ErrorKind(MARK, "ValueError", "no luck")
    seen = Occurrences(
        tenant="default", task="anything", kind=kind, count=1, first_age_ms=0, last_age_ms=0, job_id=WORKER
    )
    await app.store.errors.append([seen])
    return reader


#: Acts that only keep a view of a list: no server requires a reason of them.
VIEWS = {"createView", "changeView", "deleteView"}


def test_every_write_is_an_act_or_known_to_be_none() -> None:
    assert operations() == ACTS.keys() | NO_ACTS


async def test_every_write_leaves_an_act(operated: httpx.AsyncClient) -> None:
    assert await without_act(operated) == set()


async def test_a_write_without_an_act_is_noticed(operated: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = SqliteJobs.retry

    async def silent(self: SqliteJobs, tenant: str, job_id: UUID, **_: object) -> Any:
        return await whole(self, tenant, job_id)

    monkeypatch.setattr(SqliteJobs, "retry", silent)
    assert await without_act(operated) == {"retryJob", "retryJobs"}


async def test_an_act_says_who_what_why_and_by_which_request(connect: Connect) -> None:
    client = await connect(api_keys=(f"operator:{KEY}", f"admin:{KEY[::-1]}"))
    operator, admin = {"x-api-key": KEY}, {"x-api-key": KEY[::-1]}
    made = await client.post("/api/v1/jobs", json={"task": "anything", "delay": 600}, headers=operator)
    job = made.json()["id"]
    headers = {**operator, "x-request-id": "request-1"}
    await client.post(f"/api/v1/jobs/{job}/cancel", json={"reason": " wrong customer "}, headers=headers)
    await client.delete(f"/api/v1/jobs/{job}", params={"reason": "asked to"}, headers=operator)
    assert (await client.get("/api/v1/audit", headers=operator)).status_code == 403
    deleted, cancelled = (await client.get("/api/v1/audit", headers=admin)).json()["items"]
    assert {**cancelled, "seq": 0, "at": "", "actor": ""} == {
        "seq": 0,
        "at": "",
        "actor": "",
        "role": "operator",
        "via": "rest",
        "action": "job.cancel",
        "object": f"job:{job}",
        "query": None,
        "count": None,
        "reason": "wrong customer",
        "request_id": "request-1",
        "before": {"state": "scheduled", "queue": "default"},
        "after": {"answer": "cancelled"},
    }
    assert cancelled["actor"].startswith("key:")
    assert (deleted["action"], deleted["reason"]) == ("job.delete", "asked to")


async def test_acts_are_filtered_in_pages(operated: httpx.AsyncClient) -> None:
    for name in ("pauseQueue", "resumeQueue", "cancelJob"):
        await ACTS[name](operated)
    first = (await operated.get("/api/v1/audit", params={"limit": 2})).json()
    rest = (await operated.get("/api/v1/audit", params={"cursor": first["next"]})).json()
    assert [one["action"] for one in first["items"] + rest["items"]] == ["job.cancel", "queue.resume", "queue.pause"]
    assert rest["next"] is None
    for query, count in (
        ({"object": "queue:default"}, 2),
        ({"action": "queue.pause", "actor": "local"}, 1),
        ({"actor": "ada"}, 0),
        ({"before": first["items"][0]["at"]}, 2),
        ({"after": first["items"][0]["at"]}, 1),
    ):
        assert len((await operated.get("/api/v1/audit", params=query)).json()["items"]) == count, query
    for wrong, pointer in (
        ({"cursor": "0"}, "/cursor"),
        ({"after": "2026-01-02T00:00:00Z", "before": "2026-01-01T00:00:00Z"}, "/before"),
        ({"after": "2026-01-02T00:00:00"}, "/after"),
    ):
        answer = await operated.get("/api/v1/audit", params=wrong)
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer], wrong


@pytest.mark.parametrize("reason", ["two\nlines", "x" * 501, 7])
async def test_a_reason_is_one_line(operated: httpx.AsyncClient, reason: Any) -> None:
    for path in ("/queues/default/pause", "/queues/default/resume", f"/workers/{WORKER}/drain"):
        answer = await operated.post(f"/api/v1{path}", json={"reason": reason})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/reason"
    assert (await newest(operated))["seq"] == 0


class Reasoning(httpx.AsyncClient):
    """A client of a server that requires reasons: it sends what is refused without one again, with one."""

    def __init__(self, strict: httpx.AsyncClient) -> None:
        super().__init__()
        self._strict = strict
        self.refused: httpx.Response | None = None

    async def request(self, method: Any, url: Any, **sent: Any) -> httpx.Response:
        first = await self._strict.request(method, url, **sent)
        self.refused = first if first.status_code == 422 else None
        if self.refused is None:
            return first
        if method == "DELETE":
            return await self._strict.request(method, url, params={"reason": "because"})
        return await self._strict.request(method, url, json={**(sent.get("json") or {}), "reason": "because"})


@pytest.mark.parametrize("name", ACTS)
async def test_a_server_may_require_a_reason_of_every_act(
    operated: httpx.AsyncClient, connect: Connect, name: str
) -> None:
    client = Reasoning(await connect(require_reason=True, playground=True))
    assert (await ACTS[name](client)).status_code < 300
    if name in VIEWS:
        assert client.refused is None
        return
    assert client.refused is not None
    problem = client.refused.json()
    assert [error["pointer"] for error in problem["errors"]] == ["/reason"]
    assert "is required (TASKFLOW_REQUIRE_REASON): say on one line why" in problem["detail"]
    assert (await newest(operated))["reason"] == "because"


async def test_what_changes_nothing_needs_no_reason(operated: httpx.AsyncClient, connect: Connect) -> None:
    client = await connect(require_reason=True)
    asked = {"action": "cancel", "q": "", "dry_run": True}
    assert (await client.post("/api/v1/bulk", json=asked)).status_code == 200
    assert (await client.post("/api/v1/jobs", json={"task": "anything"})).status_code == 201
    blank = await client.post("/api/v1/queues/default/pause", json={"reason": "  "})
    assert (blank.status_code, (await newest(operated))["seq"]) == (422, 0)


async def test_python_and_its_handles(app: TaskFlow, operated: httpx.AsyncClient) -> None:
    first, second = [await app.asend("anything", delay=600) for _ in range(2)]
    await first.acancel()
    await app.jobs.acancel(second.id, reason="why", actor="ada")
    assert (await newest(operated))["object"] == f"job:{second.id}"
    [act] = (await app.audit.alist(actor="ada")).items
    assert (act.act.by.via, act.act.by.reason, act.act.action) == ("python", "why", Action.JOB_CANCEL)
    assert len((await app.audit.alist()).items) == 1


def test_roles_that_read_the_audit() -> None:
    from taskflowmq.core.permissions import GRANTED

    assert [role for role in Role if "audit:read" in GRANTED[role]] == [Role.ADMIN, Role.OWNER]
