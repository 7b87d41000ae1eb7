"""GET /jobs: rows, orders, filters by worker and end, and what a page says about its search."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from taskflowmq import TaskFlow
from taskflowmq.core.job import Page
from taskflowmq.core.rows import SHOWN
from taskflowmq.testing.clock import VirtualClock
from taskflowmq.testing.conformance.support import NOON, Rig
from taskflowmq.wire.listing import page_out, row_page_out


async def fill(app: TaskFlow, reader: httpx.AsyncClient) -> list[str]:
    """Store a job that dies, one that completes and one that waits, and run what is ready."""
    bodies = ({"task": "hopeless"}, {"task": "greet", "args": {"name": "x"}}, {"task": "anything", "delay": 600})
    ids = [(await reader.post("/api/v1/jobs", json=body)).json()["id"] for body in bodies]
    await app.worker().arun_until_idle()
    return ids


async def rows(reader: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    answer = await reader.get("/api/v1/jobs", params={"view": "row", **query})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_rows_are_the_jobs_without_results_and_tracebacks(app: TaskFlow, reader: httpx.AsyncClient) -> None:
    await fill(app, reader)
    whole = (await reader.get("/api/v1/jobs")).json()["items"]
    found = await rows(reader)
    assert [row["id"] for row in found] == [job["id"] for job in whole]
    for row, job in zip(found, whole, strict=True):
        same = row.keys() & job.keys() - {"error"}
        assert {name: row[name] for name in same} == {name: job[name] for name in same}
        assert row.keys() - job.keys() == {"args_preview", "lease_no"}
        assert "result" not in row
    dead = next(row for row in found if row["state"] == "dead")
    assert dead["error"] == {"type": "Discard", "message": "no chance"}


async def test_long_arguments_are_cut(reader: httpx.AsyncClient) -> None:
    await reader.post("/api/v1/jobs", json={"task": "anything", "args": {"value": "é" * 1000}})
    [row] = await rows(reader)
    assert row["args_preview"] == '{"value":"' + "é" * (SHOWN - 11) + "…"


async def test_both_orders_in_pages(app: TaskFlow, reader: httpx.AsyncClient) -> None:
    ids = await fill(app, reader)
    for sort, wanted in (("newest", ids[::-1]), ("oldest", ids)):
        seen, cursor = [], None
        for _ in range(3):
            query = {"limit": 1, "sort": sort, **({"cursor": cursor} if cursor else {})}
            page = (await reader.get("/api/v1/jobs", params={"view": "row", **query})).json()
            seen += [row["id"] for row in page["items"]]
            cursor = page["next"]
            assert page["complete"] is True
            assert (cursor is None) == (page["looked_until"] is None)
        assert seen == wanted


async def test_a_cursor_is_bound_to_filter_and_order_but_not_to_the_view(
    app: TaskFlow, reader: httpx.AsyncClient
) -> None:
    await fill(app, reader)
    cursor = (await reader.get("/api/v1/jobs", params={"limit": 1})).json()["next"]
    assert len(await rows(reader, cursor=cursor)) == 2
    for wrong in ({"sort": "oldest"}, {"task": "greet"}, {"finished_after": "2001-01-01T00:00:00Z"}):
        answer = await reader.get("/api/v1/jobs", params={"cursor": cursor, **wrong})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/cursor"


async def test_by_worker_and_by_end(app: TaskFlow, reader: httpx.AsyncClient) -> None:
    dead, done, waiting = await fill(app, reader)
    first, second = await rows(reader, state="dead,completed")
    assert first["worker"] == second["worker"]
    assert {row["id"] for row in await rows(reader, worker=first["worker"])} == {dead, done}
    assert await rows(reader, worker="019ab2c4-0000-7000-8000-0d2f5a3b9c11") == []
    last = (await reader.post("/api/v1/jobs", json={"task": "anything"})).json()["id"]
    await app.worker().arun_until_idle()
    [at] = [row["finished_at"] for row in await rows(reader, task="anything", state="completed")]
    assert {row["id"] for row in await rows(reader, finished_before=at)} == {dead, done}
    assert [row["id"] for row in await rows(reader, finished_after=at)] == [last]
    assert [row["id"] for row in await rows(reader, state="scheduled")] == [waiting]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"view": "cards"}, "/view"),
        ({"sort": "random"}, "/sort"),
        ({"worker": "not-an-id"}, "/worker"),
        ({"finished_after": "yesterday"}, "/finished_after"),
        ({"finished_after": "2026-01-02T00:00:00"}, "/finished_after"),
        ({"finished_after": "2026-01-02T00:00:00Z", "finished_before": "2026-01-01T00:00:00Z"}, "/finished_before"),
    ],
)
async def test_bad_filters_are_named(reader: httpx.AsyncClient, query: dict[str, str], pointer: str) -> None:
    answer = await reader.get("/api/v1/jobs", params=query)
    assert answer.status_code == 422, answer.text
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]


def test_a_search_that_ended_early_says_how_far_it_came() -> None:
    clock = VirtualClock(NOON)
    last = Rig(None, clock).job().id  # type: ignore[arg-type]  # it asks the clock alone
    page: Page[Any] = Page([], last, 80_000, False)
    for made in (page_out(page, str), row_page_out(page, str)):
        assert (made.looked_at, made.complete, made.next) == (80_000, False, str(last))
        assert made.looked_until is not None
        assert abs(made.looked_until - NOON) < timedelta(milliseconds=1)
