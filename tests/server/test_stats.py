"""Charts and summaries over REST, and what queues say of their last minutes."""

from __future__ import annotations

import asyncio
import socket
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.server.conftest import connected

from taskflowmq import TaskFlow
from taskflowmq.core.history import By

SERIES, SUMMARY = "/api/v1/stats/series", "/api/v1/stats/summary"


async def worked(app: TaskFlow, client: httpx.AsyncClient) -> None:
    """Run some jobs: three that complete, two that die."""
    for body in (*[{"task": "greet", "args": {"name": "Ada"}}] * 3, *[{"task": "hopeless"}] * 2):
        assert (await client.post("/api/v1/jobs", json=body)).status_code == 201
    await app.worker().arun_until_idle()


async def test_a_chart_has_a_column_per_figure(app: TaskFlow, client: httpx.AsyncClient) -> None:
    await worked(app, client)
    answer = (await client.get(SERIES)).json()
    assert answer["step"] == 60
    assert len(answer["at"]) in (60, 61)
    assert answer["from"] == answer["at"][0]
    assert answer["left_out"] == 0
    (jobs,) = answer["series"]
    assert jobs["name"] is None
    sums = {name: sum(column) for name, column in jobs.items() if isinstance(column, list) and None not in column}
    assert sums == {"started": 5, "completed": 3, "failed": 2, "retried": 0, "dead": 2, "cancelled": 0}
    ran = [at for at, count in enumerate(jobs["completed"]) if count]
    for times in (jobs["wait"], jobs["run"]):
        assert set(times) == {"p50", "p95", "p99"}
        for column in times.values():
            assert len(column) == len(answer["at"])
            assert all((column[at] is not None) == (at in ran or bool(jobs["dead"][at])) for at in range(len(column)))


async def test_a_chart_has_a_series_per_queue_or_task(app: TaskFlow, client: httpx.AsyncClient) -> None:
    await worked(app, client)
    by_queue = (await client.get(SERIES, params={"by": "queue", "step": 3600})).json()["series"]
    assert {one["name"]: sum(one["completed"]) for one in by_queue} == {"default": 0, "greetings": 3}
    params = {"by": "task", "step": 3600, "names": "greet, unknown"}
    by_task = (await client.get(SERIES, params=params)).json()["series"]
    assert {one["name"]: sum(one["completed"]) for one in by_task} == {"greet": 3, "unknown": 0}


async def test_a_chart_has_the_releases_of_its_range(app: TaskFlow, client: httpx.AsyncClient) -> None:
    assert (await client.get(SERIES)).json()["releases"] == []
    for name, age_ms in (("v1", 7_200_000), ("v2", 600_000)):
        await app.store.workers.announce_release(name, age_ms=age_ms)
    (release,) = (await client.get(SERIES)).json()["releases"]
    assert release["name"] == "v2"
    assert release["first_at"] == release["last_at"]
    since = (datetime.now(UTC) - timedelta(hours=3)).isoformat()
    found = (await client.get(SERIES, params={"from": since, "by": "queue"})).json()["releases"]
    assert [one["name"] for one in found] == ["v1", "v2"]


async def test_a_chart_has_a_series_per_node_and_no_backlog_of_nodes(app: TaskFlow, client: httpx.AsyncClient) -> None:
    await worked(app, client)
    cancelled = (await client.post("/api/v1/jobs", json={"task": "hopeless"})).json()["id"]
    assert (await client.post(f"/api/v1/jobs/{cancelled}/cancel")).is_success
    await app.store.history.count_backlog()
    host = socket.gethostname()
    params = {"by": "node", "step": 3600, "names": f"{host},gone.example"}
    here, gone = sorted((await client.get(SERIES, params=params)).json()["series"], key=lambda one: one["name"] != host)
    assert (here["name"], gone["name"]) == (host, "gone.example")
    # What was cancelled before it started is on no node.
    sums = {name: sum(here[name]) for name in ("started", "completed", "failed", "dead", "cancelled")}
    assert sums == {"started": 5, "completed": 3, "failed": 2, "dead": 2, "cancelled": 0}
    assert any(value is not None for value in here["run"]["p95"])
    assert {*here["backlog"], *here["arrived"], *gone["backlog"]} == {None}
    assert sum(gone["started"]) == 0
    [one] = await app.history.asummary(10, by=By.NODE)
    assert (one.name, one.counts["completed"], one.backlog) == (host, 3, None)
    refused = await client.get(SERIES, params={"by": "worker"})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/by")


async def test_a_range_is_in_utc_and_of_whole_steps(client: httpx.AsyncClient) -> None:
    params = {"from": "2031-01-01T00:30:00+02:00", "to": "2031-01-01T02:10:00Z", "step": 3600}
    refused = await client.get(SERIES, params=params)
    assert refused.json()["detail"] == "from: must be earlier than to, and in the past"
    params |= {"from": "2021-01-01T00:30:00+02:00", "to": "2021-01-01T02:10:00Z"}
    answer = (await client.get(SERIES, params=params)).json()
    assert (answer["from"], answer["to"]) == ("2020-12-31T22:00:00Z", "2021-01-01T03:00:00Z")
    assert [len(column) for column in (answer["at"], answer["series"][0]["completed"])] == [5, 5]


@pytest.mark.parametrize(
    ("params", "pointer"),
    [
        ({"step": "30"}, "/step"),
        ({"step": "90"}, "/step"),
        ({"step": "x"}, "/step"),
        ({"by": "worker"}, "/by"),
        ({"from": "yesterday"}, "/from"),
        ({"from": "2021-01-01T00:00:00"}, "/from"),
        ({"from": "2021-01-01T00:00:00Z"}, "/step"),
        ({"to": "2021-01-01T00:00:00Z", "from": "2021-01-02T00:00:00Z"}, "/from"),
        ({"names": "mail"}, "/names"),
        ({"names": "a b", "by": "queue"}, "/names"),
        ({"names": ",".join(f"q{n}" for n in range(51)), "by": "queue"}, "/names"),
    ],
)
async def test_a_wrong_parameter_is_named(client: httpx.AsyncClient, params: dict[str, str], pointer: str) -> None:
    answer = await client.get(SERIES, params=params)
    assert answer.status_code == 422
    assert [field["pointer"] for field in answer.json()["errors"]] == [pointer]


async def test_a_summary_says_what_failed_and_why(app: TaskFlow, client: httpx.AsyncClient) -> None:
    await worked(app, client)
    await client.post("/api/v1/jobs", json={"task": "anything"})
    answer = (await client.get(SUMMARY, params={"minutes": 5})).json()
    counts = {name: answer[name] for name in ("started", "completed", "failed", "retried", "dead", "cancelled")}
    assert counts == {"started": 5, "completed": 3, "failed": 2, "retried": 0, "dead": 2, "cancelled": 0}
    assert answer["failing"] == 0.4
    assert answer["throughput"] == round(5 / answer["seconds"], 4)
    assert 300 <= answer["seconds"] <= 360
    assert (answer["ready"], answer["oldest_ready_age"] >= 0) == (1, True)
    assert (answer["workers"], answer["slots"], answer["busy"]) == (0, 0, 0)
    assert answer["wait"]["p50"] is not None
    (task,) = answer["failing_tasks"]
    dead = (await client.get("/api/v1/jobs/dead")).json()["items"]
    assert task == {
        "task": "hopeless", "failed": 2, "attempts": 2, "share": 1.0, "dead": 2, "job_id": dead[0]["id"],
        "error": {"type": "Discard", "message": "no chance"},
    }  # fmt: skip


async def test_a_summary_forgets_the_error_of_a_deleted_job(app: TaskFlow, client: httpx.AsyncClient) -> None:
    await worked(app, client)
    for job in (await client.get("/api/v1/jobs/dead")).json()["items"]:
        assert (await client.delete(f"/api/v1/jobs/{job['id']}")).status_code == 204
    (task,) = (await client.get(SUMMARY)).json()["failing_tasks"]
    assert (task["failed"], task["job_id"], task["error"]) == (2, None, None)


@pytest.mark.parametrize("minutes", ["0", "1441", "x", "1.5"])
async def test_minutes_have_bounds(client: httpx.AsyncClient, minutes: str) -> None:
    answer = await client.get(SUMMARY, params={"minutes": minutes})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/minutes")


async def test_a_summary_counts_slots_of_living_workers(app: TaskFlow, client: httpx.AsyncClient) -> None:
    begun, go = asyncio.Event(), asyncio.Event()

    @app.task(name="waits")
    async def waits() -> None:
        begun.set()
        await go.wait()

    await client.post("/api/v1/jobs", json={"task": "waits"})
    async with app.worker(concurrency=7, poll=0.02):
        await begun.wait()
        answer = (await client.get(SUMMARY)).json()
        assert (answer["workers"], answer["slots"], answer["busy"]) == (1, 7, 1)
        go.set()


async def queue(client: httpx.AsyncClient, name: str) -> dict[str, Any]:
    items = (await client.get("/api/v1/queues")).json()["items"]
    return next(one for one in items if one["name"] == name)


async def test_a_queue_says_what_happens_in_it(app: TaskFlow, client: httpx.AsyncClient) -> None:
    await worked(app, client)
    found = await queue(client, "greetings")
    # No duty has counted the backlog, so what came in is not known.
    assert (found["rate_in"], found["eta"], found["slots"]) == (None, 0.0, 0)
    assert 0 < found["rate_out"] <= 3 / 300 + 1e-4
    assert found["wait_p50"] <= found["wait_p95"]


async def test_a_queue_says_when_it_will_be_empty(
    app: TaskFlow, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC)
    history = app.store.history

    async def counted(tenant: str, minutes: list[datetime], by: str, names: Any = None) -> Any:
        return {minute: {"greetings": 4} for minute in minutes}

    monkeypatch.setattr(history, "read_backlog", counted)
    await worked(app, client)
    for _ in range(2):
        await client.post("/api/v1/jobs", json={"task": "greet", "args": {"name": "Ada"}})
    found = await queue(client, "greetings")
    passed = 300 + now.second
    # Three were started and two are ready; four were there before: one came.
    assert found["rate_in"] == pytest.approx(1 / passed, rel=0.1)
    assert found["rate_out"] == pytest.approx(3 / passed, rel=0.1)
    assert found["eta"] == pytest.approx(2 / (found["rate_out"] - found["rate_in"]), rel=0.1)
    paused = (await client.post("/api/v1/queues/greetings/pause")).json()
    assert paused["eta"] is None


async def test_a_tenant_sees_its_own_figures(app: TaskFlow, client: httpx.AsyncClient) -> None:
    await worked(app, client)
    other = TaskFlow(app.url, tenant="other", telemetry=app.telemetry)
    async with other, connected(other) as theirs:
        (jobs,) = (await theirs.get(SERIES)).json()["series"]
        assert sum(jobs["started"]) == 0
        summary = (await theirs.get(SUMMARY)).json()
    assert (summary["started"], summary["failing_tasks"], summary["ready"]) == (0, [], 0)


async def test_the_same_figures_are_there_in_python(app: TaskFlow, client: httpx.AsyncClient) -> None:
    await worked(app, client)
    series = await app.history.aseries(datetime.now(UTC) - timedelta(hours=1), by="task", names=["greet"])
    assert [(columns.name, sum(columns.counts["completed"])) for columns in series.columns] == [("greet", 3)]
    assert {one.name: one.counts["dead"] for one in await app.history.asummary(10, by="queue")} == {
        "default": 2,
        "greetings": 0,
    }
