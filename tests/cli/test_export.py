"""``taskflow jobs export``: all jobs that match, into a file or to standard output."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from tests.cli.conftest import Cli

from taskflowmq import StoreUnavailable, TaskFlow
from taskflowmq.cli.root import run
from taskflowmq.client.jobs import Jobs


def _put(cli: Cli, message: str, *more: str) -> str:
    return cli("enqueue", "test", json.dumps({"message": message}), *more).out.strip()


def test_a_table_of_what_a_filter_finds(cli: Cli, tmp_path: Path) -> None:
    first, _, third = (_put(cli, text, "--queue", queue) for text, queue in (("a", "x"), ("b", "y"), ("c", "x")))
    file = tmp_path / "jobs.csv"
    assert cli("jobs", "export", "--queue", "x", "--sort", "oldest", "--output", str(file)).code == 0
    rows = list(csv.DictReader(io.StringIO(file.read_text(), newline="")))
    assert [row["id"] for row in rows] == [first, third]
    assert json.loads(rows[0]["args"])["message"] == "a"
    assert [one.name for one in tmp_path.iterdir() if one.suffix == ".part"] == []


def test_lines_to_standard_output(cli: Cli) -> None:
    put = _put(cli, "a")
    out = io.TextIOWrapper(io.BytesIO())
    with redirect_stdout(out), pytest.raises(SystemExit) as end:
        run(["jobs", "export", "--format", "jsonl"])
    assert end.value.code == 0
    out.seek(0)
    assert [json.loads(line)["id"] for line in out] == [put]


def test_a_failed_export_leaves_the_file_as_it_was(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _put(cli, "a")
    file = tmp_path / "jobs.csv"
    file.write_text("before")

    async def fail(*_: object, **__: object) -> None:
        raise StoreUnavailable("gone")

    monkeypatch.setattr(Jobs, "alist", fail)
    assert cli("jobs", "export", "--output", str(file)).code == 3
    assert file.read_text() == "before"
    assert [one.name for one in tmp_path.glob("*.part")] == []


def test_python_iterates_over_all_pages(cli: Cli, url: str) -> None:
    ids = [_put(cli, str(n)) for n in range(3)]

    async def read() -> list[list[str]]:
        async with TaskFlow(url) as app:
            return [[str(job.id) for job in page.items] async for page in app.jobs.apages(limit=2)]

    assert asyncio.run(read()) == [[ids[2], ids[1]], [ids[0]]]
