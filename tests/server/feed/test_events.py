"""``GET /api/v1/events`` over a real socket and a real store, on both engines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from tests.server.conftest import KEY
from tests.server.feed.conftest import Serve
from tests.server.feed.viewer import EVENTS, listed, short, viewing
from tests.server.wire import dialled, head

from taskflowmq import TaskFlow

MakeApp = Callable[..., Any]


async def enqueue(app: TaskFlow, task: str = "greet", **options: Any) -> UUID:
    """Store a job, and return its id."""
    args = ("Ada",) if task == "greet" else ()
    handle = await app.tasks[task].using(**options).aenqueue(*args)
    return handle.id


async def test_a_stream_begins_with_all_that_is_watched_and_follows_it(
    client: httpx.AsyncClient, app: TaskFlow
) -> None:
    job, absent = await enqueue(app), uuid4()
    params = {
        "ids": listed([job, absent]),
        "job": str(job),
        "page": "queue=greetings",
        "stats": 1,
        "queues": 1,
        "workers": 1,
    }
    async with viewing(client, **params) as viewer:
        rows = {row["id"]: row for row in await viewer.until("jobs")}
        assert rows[str(absent)] == {"id": str(absent), "gone": True}
        assert (rows[str(job)]["state"], rows[str(job)]["gone"]) == ("pending", False)
        assert (await viewer.until("page")) == {"page": "queue=greetings", "new": [], "exact": True}
        for name, path in (("stats", "/jobs/stats"), ("queues", "/queues"), ("workers", "/workers")):
            found, answer = await viewer.until(name), (await client.get(f"/api/v1{path}")).json()
            assert found.keys() == answer.keys()
        assert (await viewer.until("job"))["attempts"] == []
        await app.worker().arun_until_idle()
        row = await viewer.job(job, "completed")
        assert row["finished_at"] is not None
        detail = await viewer.until("job")
        assert ([one["outcome"] for one in detail["attempts"]], detail["attempts_total"]) == (["completed"], 1)


async def test_a_row_says_what_the_job_says(client: httpx.AsyncClient, app: TaskFlow) -> None:
    job = await enqueue(app, delay=60)
    async with viewing(client, ids=short(job)) as viewer:
        row = await viewer.job(job, "scheduled")
        shown = (await client.get(f"/api/v1/jobs/{job}")).json()
        assert {name: row[name] for name in row if name in shown} == {
            name: shown[name] for name in row if name in shown
        }
        assert row.keys() - shown.keys() == {"lease_no", "gone"}
        await client.post(f"/api/v1/jobs/{job}/cancel")
        assert (await viewer.job(job, "cancelled"))["reason"] == "cancelled_by_user"
        await client.delete(f"/api/v1/jobs/{job}")
        assert await viewer.until("jobs") == [{"id": str(job), "gone": True}]


@pytest.mark.slow
async def test_what_another_process_does_arrives(client: httpx.AsyncClient, app: TaskFlow, make_app: MakeApp) -> None:
    other = await make_app()
    async with viewing(client, page="state=pending", stats=1) as viewer:
        await viewer.until("stats")
        job = await enqueue(other)
        assert (await viewer.until("page", lambda page: page["new"]))["new"] == [str(job)]
        await viewer.until("stats", lambda stats: stats["states"]["pending"] == 1)
        await other.worker().arun_until_idle()
        await viewer.until("page", lambda page: page["new"] == [])
        await viewer.until("stats", lambda stats: stats["states"]["completed"] == 1)


async def test_every_server_serves_every_client(app: TaskFlow, make_app: MakeApp, serve: Serve) -> None:
    first, second = await serve(app), await serve(await make_app())
    job = await enqueue(app)
    async with viewing(first, ids=short(job)) as one, viewing(second, ids=short(job)) as other:
        await one.job(job, "pending")
        await other.job(job, "pending")
        await first.post(f"/api/v1/jobs/{job}/cancel")
        await one.job(job, "cancelled")
        await other.job(job, "cancelled")


async def test_new_jobs_above_the_newest_that_the_client_holds(client: httpx.AsyncClient, app: TaskFlow) -> None:
    jobs = [await enqueue(app) for _ in range(4)]
    held = f"queue=greetings&top={short(jobs[1])}"
    async with viewing(client, page=[held, "queue=greetings&top=", "task=anything"]) as viewer:
        found = {}
        while len(found) < 3:
            page = await viewer.until("page")
            found[page["page"]] = (page["new"], page["exact"])
        assert found == {
            held: ([str(jobs[3]), str(jobs[2])], True),
            "queue=greetings&top=": ([str(job) for job in reversed(jobs)], True),
            "task=anything": ([], True),
        }
        last = await enqueue(app, "anything")
        assert (await viewer.until("page", lambda page: page["page"] == "task=anything"))["new"] == [str(last)]


async def test_new_jobs_of_a_list_with_a_filter(client: httpx.AsyncClient, app: TaskFlow) -> None:
    [job] = await app.aenqueue_many([app.tasks["greet"].using(tags=("vip",)).job("Ada")])
    await enqueue(app)
    async with viewing(client, page="q=-task%3Aa*+tag%3Av*+args.name%3AAda&top=") as viewer:
        assert (await viewer.until("page"))["new"] == [str(job.id)]


async def test_more_new_jobs_than_are_listed(client: httpx.AsyncClient, app: TaskFlow) -> None:
    async with viewing(client, page="tag=many") as viewer:
        await viewer.until("page")
        await app.aenqueue_many([app.tasks["greet"].using(tags=("many",)).job("Ada") for _ in range(120)])
        page = await viewer.until("page", lambda page: not page["exact"])
        assert len(page["new"]) == 100


async def test_the_series_of_the_present_minute(client: httpx.AsyncClient, app: TaskFlow) -> None:
    await enqueue(app)
    await app.worker().arun_until_idle()
    async with viewing(client, series=1) as viewer:
        found = await viewer.until("series")
        answer = (await client.get("/api/v1/stats/series", params={"from": found["from"], "to": found["to"]})).json()
        assert (found["step"], len(found["at"])) == (60, 2)
        assert found.keys() == answer.keys()
        (columns,) = found["series"]
        assert columns["name"] is None
        assert len(columns["completed"]) == 2


async def test_tenants_see_their_own_jobs_only(app: TaskFlow, make_app: MakeApp, serve: Serve) -> None:
    blue = await make_app(tenant="blue")
    ours, theirs = await enqueue(app), await enqueue(blue)
    client, other = await serve(app), await serve(blue)
    watched: dict[str, Any] = {"ids": listed([ours, theirs]), "page": "top=", "stats": 1}
    async with viewing(client, **watched) as viewer, viewing(other, **watched) as neighbour:
        for one, seen, hidden in ((viewer, ours, theirs), (neighbour, theirs, ours)):
            rows = {row["id"]: row["gone"] for row in await one.until("jobs")}
            assert rows == {str(seen): False, str(hidden): True}
            assert (await one.until("page"))["new"] == [str(seen)]
            assert (await one.until("stats"))["states"]["pending"] == 1


async def test_streams_take_no_place_of_other_requests(app: TaskFlow, serve: Serve) -> None:
    client = await serve(app, max_in_flight=1)
    async with viewing(client, stats=1), viewing(client, stats=1), viewing(client, stats=1):
        assert (await client.get("/api/v1/jobs")).status_code == 200
        body = {"task": "greet", "args": {"name": "Ada"}}
        assert (await client.post("/api/v1/jobs", json=body)).status_code == 201


async def test_a_caller_has_eight_streams(client: httpx.AsyncClient) -> None:
    async with viewing(client), viewing(client), viewing(client), viewing(client):
        async with viewing(client), viewing(client), viewing(client), viewing(client):
            refused = await client.get(EVENTS)
            assert (refused.status_code, refused.json()["code"]) == (503, "too_many_streams")
            assert int(refused.headers["Retry-After"]) > 0
            assert refused.headers["content-type"] == "application/problem+json"
        async with viewing(client, stats=1) as viewer:
            await viewer.until("stats")


async def test_the_answer_passes_through_proxies_as_it_comes(client: httpx.AsyncClient) -> None:
    async with client.stream("GET", EVENTS, headers={"Accept-Encoding": "gzip, br"}) as answer:
        assert answer.headers["content-type"] == "text/event-stream"
        assert answer.headers["x-accel-buffering"] == "no"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["connection"] == "close"
        assert "content-encoding" not in answer.headers
        assert "content-security-policy" in answer.headers


async def test_head_is_answered_and_opens_no_stream(client: httpx.AsyncClient) -> None:
    answer = await client.head(EVENTS, params={"stats": 1})
    assert (answer.status_code, answer.headers["content-type"], answer.content) == (200, "text/event-stream", b"")
    assert (await client.head(EVENTS, params={"ids": "x"})).status_code == 422


async def test_http_1_0_gets_the_events_without_chunks_until_the_connection_ends(app: TaskFlow, serve: Serve) -> None:
    client = await serve(app, api_keys=(KEY,))
    job = await enqueue(app)
    fields = ("Host: localhost", f"Authorization: Bearer {KEY}")
    async with dialled(str(client.base_url)) as (reader, writer):
        writer.write(head(f"GET {EVENTS}?ids={short(job)} HTTP/1.0", fields))
        answer = (await reader.readuntil(b"\r\n\r\n")).lower()
        assert b" 200 ok" in answer
        assert b"transfer-encoding" not in answer
        assert b"content-length" not in answer
        assert await reader.readline() == b"retry: 2000\n"
        body = await reader.readuntil(b"pending")
        assert body.startswith(b"event: hello\ndata: {")
        assert b'\n\nevent: jobs\ndata: [{"id":"%s"' % str(job).encode() in body


async def test_who_hangs_up_is_not_served_any_more(client: httpx.AsyncClient, app: TaskFlow) -> None:
    for _ in range(12):  # more than a caller may have at a time
        job = uuid4()
        async with viewing(client, ids=short(job)) as viewer:
            await viewer.until("jobs")


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("ids=x", "/ids"),
        (f"ids={'A' * 21}B", "/ids"),  # its last four bits are not zero
        (f"ids={short(UUID(int=1))}=", "/ids"),
        (f"ids={','.join([short(UUID(int=1))] * 121)}", "/ids"),
        ("ids=", "/ids"),
        (f"job={','.join([short(UUID(int=1))] * 5)}", "/job"),
        ("page=foo%3D1", "/page"),
        ("page=limit%3D10", "/page"),
        ("page=state%3Dgone", "/page"),
        ("page=state", "/page"),
        ("page=state%3Ddead%26state%3Ddead", "/page"),
        ("page=top%3D1", "/page"),
        ("page=created_after%3Dyesterday", "/page"),
        ("page=created_after%3D2026-01-01T00%3A00%3A00", "/page"),
        ("page=created_after%3D2026-01-02T00%3A00%3A00Z%26created_before%3D2026-01-01T00%3A00%3A00Z", "/page"),
        (f"page={'queue%3D' + 'x' * 1000}", "/page"),
        ("page=&page=&page=&page=&page=", "/page"),
        ("stats=maybe", "/stats"),
        ("stats=1&stats=1", "/stats"),
        ("alerts=1", "/alerts"),
        ("workflow=1", "/workflow"),
    ],
)
@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_a_wrong_parameter_is_named(client: httpx.AsyncClient, query: str, names: str) -> None:
    answer = await client.get(f"{EVENTS}?{query}")
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert [error["pointer"] for error in answer.json()["errors"]] == [names]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_filters_are_those_of_the_list(client: httpx.AsyncClient, app: TaskFlow) -> None:
    fit = await enqueue(app, tags=("red",))
    await enqueue(app, tags=("blue",))
    filters = [
        "state=pending,running&queue=greetings&task=greet&tag=red",
        "created_after=2026-01-01T00:00:00Z&created_before=2100-01-01T00:00:00%2B01:00&tag=red",
        "tag=red",
    ]
    async with viewing(client, page=[f"{one}&top=" for one in filters]) as viewer:
        for one in filters:
            page = await viewer.until("page")
            assert (page["page"], page["new"]) == (f"{one}&top=", [str(fit)])
