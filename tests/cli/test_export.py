"""``taskflow jobs export``: all jobs that match, into a file or to standard output."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
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
    assert [one.name for one in tmp_path.iterdir() if one.name.endswith(".part")] == []


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
    assert [one.name for one in tmp_path.iterdir() if one.name.endswith(".part")] == []


def test_a_file_that_is_there_keeps_its_mode_and_a_link_leads_to_it(cli: Cli, tmp_path: Path) -> None:
    put = _put(cli, "a")
    file, link, other = tmp_path / "jobs.csv", tmp_path / "link.csv", tmp_path / "jobs.csv.part"
    file.write_text("before")
    file.chmod(0o600)
    link.symlink_to(file)
    other.write_text("of somebody else")
    assert cli("jobs", "export", "--output", str(link)).code == 0
    assert link.is_symlink()
    assert put in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert other.read_text() == "of somebody else"


def test_what_is_no_file_is_written_to_and_not_replaced(cli: Cli, tmp_path: Path) -> None:
    put, pipe = _put(cli, "a"), tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as reader:
        read = reader.submit(pipe.read_text)
        assert cli("jobs", "export", "--output", str(pipe)).code == 0
        assert put in read.result(timeout=60)
    assert pipe.is_fifo()


def test_a_folder_that_is_not_there_is_said(cli: Cli, tmp_path: Path) -> None:
    _put(cli, "a")
    ran = cli("jobs", "export", "--output", str(tmp_path / "nowhere" / "jobs.csv"))
    assert ran.code == 2
    assert f"cannot write in {tmp_path / 'nowhere'}: No such file or directory" in ran.err


def test_python_iterates_over_all_pages(cli: Cli, url: str) -> None:
    ids = [_put(cli, str(n)) for n in range(3)]

    async def read() -> list[list[str]]:
        async with TaskFlow(url) as app:
            return [[str(job.id) for job in page.items] async for page in app.jobs.apages(limit=2)]

    assert asyncio.run(read()) == [[ids[2], ids[1]], [ids[0]]]
