"""GET /jobs/export: all that a filter finds, as a file, in parts."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.server.conftest import Connect
from tests.server.test_lists import fill

from taskflowmq import StoreUnavailable, TaskFlow
from taskflowmq.core.job import JOB_NAMES, JobFilter, JobView, Page
from taskflowmq.server.api.v1 import export
from taskflowmq.wire.export import COLUMNS, ExportFormat, export_head, export_part

ERROR_COLUMNS = {"error_type", "error_message", "error_traceback"}


def read_csv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


async def test_a_file_has_what_the_list_has_in_its_order(app: TaskFlow, reader: httpx.AsyncClient) -> None:
    ids = await fill(app, reader)
    for query in ({}, {"sort": "oldest"}, {"state": "dead,completed"}, {"q": "task:greet"}, {"task": "nothing"}):
        listed = (await reader.get("/api/v1/jobs", params=query)).json()["items"]
        lines = await reader.get("/api/v1/jobs/export", params={**query, "format": "jsonl"})
        assert [json.loads(line) for line in lines.text.splitlines()] == listed
        table = await reader.get("/api/v1/jobs/export", params=query)
        assert [row["id"] for row in read_csv(table.text)] == [job["id"] for job in listed]
    assert lines.headers["content-type"] == "application/jsonl; charset=utf-8"
    assert table.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert table.headers["content-disposition"] == 'attachment; filename="jobs.csv"'
    dead = next(row for row in read_csv((await reader.get("/api/v1/jobs/export")).text) if row["id"] == ids[0])
    assert (dead["state"], dead["error_type"], dead["error_message"]) == ("dead", "Discard", "no chance")


def test_no_field_of_a_job_is_missing_in_a_table() -> None:
    assert set(COLUMNS) - ERROR_COLUMNS == set(JOB_NAMES) - {"error"}


async def test_no_cell_is_a_formula(app: TaskFlow, reader: httpx.AsyncClient) -> None:
    formula = '=HYPERLINK("https://evil.example")'
    await reader.post("/api/v1/jobs", json={"task": "anything", "tags": ["-1+1"], "unique_key": formula})
    answer = await reader.get("/api/v1/jobs/export")
    for row in csv.reader(io.StringIO(answer.text, newline="")):
        assert not [cell for cell in row if cell.lstrip()[:1] in ("=", "+", "-", "@")]
    [row] = read_csv(answer.text)
    assert (row["unique_key"], row["tags"]) == (f"'{formula}", '["-1+1"]')


async def test_a_wrong_filter_is_a_problem_and_no_file(reader: httpx.AsyncClient) -> None:
    for wrong, pointer in (({"q": "stat:dead"}, "/q"), ({"format": "xlsx"}, "/format"), ({"limit": "3"}, "/limit")):
        answer = await reader.get("/api/v1/jobs/export", params=wrong)
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


class Parts:
    """The store's jobs, in parts of one; the store fails at a part, or is told of each."""

    def __init__(self, jobs: Any, fails_at: int | None = None) -> None:
        self._jobs = jobs
        self._fails_at = fails_at
        self.read = 0

    async def list_jobs(self, query: JobFilter, *, limit: int, before: UUID | None) -> Page[JobView]:
        if self.read == self._fails_at:
            raise StoreUnavailable("gone")
        self.read += 1
        found: Page[JobView] = await self._jobs.list_jobs(query, limit=1, before=before)
        assert limit == export.PART
        return found


def use_parts(monkeypatch: pytest.MonkeyPatch, **how: Any) -> list[Parts]:
    made: list[Parts] = []
    whole = export.Export.__init__

    def given(self: Any, jobs: Any, *more: Any) -> None:
        made.append(Parts(jobs, **how))
        whole(self, made[-1], *more)  # type: ignore[arg-type]  # the part of a store that an export reads

    monkeypatch.setattr(export.Export, "__init__", given)
    return made


async def test_parts_follow_each_other_by_key(
    app: TaskFlow, reader: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = await fill(app, reader)
    made = use_parts(monkeypatch)
    answer = await reader.get("/api/v1/jobs/export")
    assert [row["id"] for row in read_csv(answer.text)] == ids[::-1]
    assert made[0].read == 3
    assert (await reader.head("/api/v1/jobs/export")).status_code == 200
    assert made[1].read == 0


async def test_a_store_that_fails_before_the_first_part_is_a_503(
    app: TaskFlow, reader: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(app, reader)
    use_parts(monkeypatch, fails_at=0)
    assert (await reader.get("/api/v1/jobs/export")).status_code == 503


async def test_a_store_that_fails_later_leaves_a_file_that_is_seen_to_be_incomplete(
    app: TaskFlow, live: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with httpx.AsyncClient(base_url=live, timeout=60) as client:
        await fill(app, client)
        use_parts(monkeypatch, fails_at=1)
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get("/api/v1/jobs/export")


async def test_a_client_that_takes_nothing_is_cut_off(
    app: TaskFlow, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = await connect()
    await fill(app, reader)
    monkeypatch.setattr(export, "PATIENCE_S", 0.0)
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message["type"])
        if message.get("more_body"):
            raise TimeoutError

    class Seat:
        async def waiting(self, work: Any) -> None:
            await work()

        def turn(self) -> Any:
            import contextlib

            return contextlib.nullcontext()

    class Context:
        seat, wants_body, request_id = Seat(), True, "r"

    session = app.hub.open_session()
    assert session is not None
    answer = export.Export(session.asked.jobs, JobFilter(), ExportFormat.CSV, Context())  # type: ignore[arg-type]
    await answer({"extensions": {"taskflow.stream": {}}}, None, send)
    assert sent == ["http.response.start", "http.response.body", "taskflow.drop"]


def test_a_line_is_a_line_whatever_is_stored(app: TaskFlow) -> None:
    views: Sequence[JobView] = [_view(raw_args=b'{\n "a": "b\\nc"\r\n}')]
    written = export_part(ExportFormat.JSONL, views)
    assert written.count(b"\n") == 1
    assert json.loads(written)["args"] == {"a": "b\nc"}
    assert export_head(ExportFormat.JSONL) == b""


def _view(**fields: Any) -> JobView:
    from taskflowmq.core.job import Counters, State
    from taskflowmq.testing.conformance.support import NOON

    nothing = dict.fromkeys(JobView.__struct_fields__)
    known = {
        "id": UUID(int=1), "tenant": "default", "task": "t", "queue": "q", "priority": 0, "state": State.PENDING,
        "counters": Counters(), "max_attempts": 1, "created_at": NOON, "run_at": NOON, "tags": (), "raw_args": b"{}",
    }  # fmt: skip
    return JobView(**{**nothing, **known, **fields})  # type: ignore[arg-type]
