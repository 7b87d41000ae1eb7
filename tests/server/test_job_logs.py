"""What a job has logged, over REST: in pages, filtered, as a file, and only its own tenant's."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
import pytest

from taskflowmq import Context, Discard, TaskFlow


@pytest.fixture
async def logged(app: TaskFlow) -> str:
    """A job that has logged and died."""

    @app.task(name="logs")
    async def logs(ctx: Context) -> None:
        ctx.log.info("begin \x1b[32mgreen\x1b[0m", extra={"page": 1, "token": "abc"})
        ctx.log.warning("page is empty")
        try:
            raise ValueError("bad page")
        except ValueError:
            ctx.log.exception("cannot read it\nat all")
        raise Discard("no chance")

    handle = await logs.aenqueue()
    await app.worker().arun_until_idle()
    return str(handle.id)


async def read(client: httpx.AsyncClient, job_id: Any, **params: Any) -> dict[str, Any]:
    answer = await client.get(f"/api/v1/jobs/{job_id}/logs", params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_lines_come_in_pages_with_their_attempt(reader: httpx.AsyncClient, logged: str) -> None:
    first = await read(reader, logged, limit=2)
    assert [line["message"] for line in first["items"]] == ["begin \x1b[32mgreen\x1b[0m", "page is empty"]
    line = first["items"][0]
    assert (line["level"], line["fields"]) == ("info", {"page": 1, "token": "[redacted]"})
    assert (line["round"], line["attempt"], line["lease_no"], line["seq"]) == (1, 1, 1, 1)
    assert (first["next"], first["more"], first["total"], first["dropped"]) == ("1.2", True, 3, 0)
    last = await read(reader, logged, after=first["next"])
    assert [line["seq"] for line in last["items"]] == [3]
    assert last["items"][0]["fields"]["exception"].endswith("ValueError: bad page")
    assert (last["next"], last["more"]) == ("1.3", False)
    nothing_yet = await read(reader, logged, after=last["next"])
    assert (nothing_yet["items"], nothing_yet["next"], nothing_yet["total"]) == ([], "1.3", 3)


async def test_lines_are_filtered(reader: httpx.AsyncClient, logged: str) -> None:
    for params, seqs in (
        ({"level": "warning"}, [2, 3]),
        ({"level": "error"}, [3]),
        ({"q": "PAGE"}, [1, 2, 3]),
        ({"q": "empty"}, [2]),
        ({"attempt": 2}, []),
        ({"attempt": 1, "round": 1, "level": "error"}, [3]),
    ):
        found = await read(reader, logged, **params)
        assert [line["seq"] for line in found["items"]] == seqs, params


async def test_a_file_has_a_heading_per_attempt_and_no_colours(reader: httpx.AsyncClient, logged: str) -> None:
    answer = await reader.get(f"/api/v1/jobs/{logged}/logs", params={"format": "text"})
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["content-disposition"] == f'attachment; filename="job-{logged}.log"'
    lines = answer.text.splitlines()
    assert lines[0] == "--- attempt 1 ---"
    assert lines[1].endswith("Z info     begin green  page=1  token=[redacted]")
    assert lines[2].endswith("Z warning  page is empty")
    assert lines[3].endswith("Z error    cannot read it")
    assert lines[4] == "    at all"
    assert lines[-1] == "    ValueError: bad page"


async def test_a_job_that_logged_nothing_has_no_lines(app: TaskFlow, reader: httpx.AsyncClient) -> None:
    job_id = (await reader.post("/api/v1/jobs", json={"task": "anything"})).json()["id"]
    empty = {"items": [], "next": None, "more": False, "total": 0, "dropped": 0}
    assert await read(reader, job_id) == empty
    assert (await reader.get(f"/api/v1/jobs/{job_id}/logs?format=text")).text == ""


async def test_what_does_not_exist_and_what_is_wrong(reader: httpx.AsyncClient, logged: str) -> None:
    assert (await reader.get(f"/api/v1/jobs/{uuid4()}/logs")).status_code == 404
    assert (await reader.get("/api/v1/jobs/7/logs")).status_code == 404
    for params in ("after=x", "level=loud", "limit=0", "limit=1001", "attempt=0", "round=x", "q=", "format=xml"):
        assert (await reader.get(f"/api/v1/jobs/{logged}/logs?{params}")).status_code == 422, params


async def test_python_reads_the_same(app: TaskFlow, logged: str) -> None:
    page = await app.jobs.alogs(logged, level="warning", limit=1)
    (line,) = page.items
    assert (line.message, line.level, line.fields) == ("page is empty", 30, None)
    rest = await app.jobs.alogs(logged, level="warning", after=str(page.next))
    assert [one.seq for one in rest.items] == [3]
    assert rest.next is None
