"""``taskflow jobs … --filter`` and ``taskflow bulk``: without a server, on a store of its own."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest
from tests.cli.conftest import Cli

from taskflowmq import TaskFlow
from taskflowmq.core.bulk import BulkState

NOBODY = "01a201e9-7cb4-72c0-87af-ef51c3a68934"


def put(url: str, count: int, queue: str = "default") -> list[str]:
    """Store jobs of the built-in task."""
    app = TaskFlow(url)

    @app.task
    async def later() -> None: ...

    handles = app.enqueue_many([later.using(delay=600, queue=queue).job() for _ in range(count)])
    app.close()
    return [str(handle.id) for handle in handles]


def test_a_dry_run_counts_and_shows_what_would_be_acted_on(cli: Cli, url: str) -> None:
    ids = put(url, 7, "mail")
    ran = cli("jobs", "cancel", "--filter", "queue:mail", "--dry-run")
    assert ran.code == 0
    assert ran.out.splitlines()[-1] == "Would cancel 7 jobs."
    assert max(ids) in ran.out
    seen = cli("jobs", "cancel", "--filter", "queue:mail", "--dry-run", "--json").json
    assert (seen["matched"], len(seen["sample"])) == ({"value": 7, "exact": True}, 5)
    assert cli("bulk", "list").out == "No bulk operations.\n"


def test_all_that_match_are_acted_on_by_the_command_itself(cli: Cli, url: str) -> None:
    put(url, 7, "mail")
    put(url, 2)
    ran = cli("jobs", "cancel", "--filter", "queue:mail", "--yes", "--reason", "duplicates")
    assert (ran.code, re.sub(r"^\S+", "ID", ran.out)) == (0, "ID  done  7 cancelled\n")
    bulk_id = ran.out.split()[0]
    shown = cli("bulk", "show", bulk_id, "--json").json
    assert (shown["state"], shown["done"], shown["reason"], shown["q"]) == ("done", 7, "duplicates", "queue:mail")
    assert shown["actor"].startswith("cli")
    assert re.search(r"cancelled +7", cli("bulk", "show", bulk_id).out)
    items = cli("bulk", "results", bulk_id, "--json").json["items"]
    assert [item["outcome"] for item in items] == ["cancelled"] * 7
    listed = cli("bulk", "results", bulk_id, "--limit", "3")
    assert (listed.out.count("cancelled"), listed.err) == (3, "More: --limit 30\n")
    assert cli("bulk", "results", bulk_id, "--failed").out == "No jobs.\n"
    assert "duplicates" in cli("bulk", "list").out
    assert [one["id"] for one in cli("bulk", "list", "--json").json["items"]] == [bulk_id]
    assert cli("bulk", "stop", bulk_id).code == 5
    assert cli("bulk", "undo", NOBODY).code == 4
    deleted = cli("jobs", "delete", "--filter", "", "--yes", "--json").json
    assert (deleted["state"], deleted["outcomes"]) == ("done", {"deleted": 7})
    assert cli("jobs", "retry", "--filter", "queue:mail", "--yes").out == "No jobs match.\n"


def test_one_that_is_detached_waits_for_a_process_with_duties(cli: Cli, url: str) -> None:
    put(url, 2)
    ran = cli("jobs", "retry", "--filter", "", "--yes", "--detach")
    bulk_id = ran.out.split()[0]
    assert (ran.code, ran.out) == (0, f"{bulk_id}  accepted\n")
    assert f"taskflow bulk show {bulk_id}" in ran.err
    assert cli("bulk", "undo", bulk_id).out == f"{bulk_id}  undone  no jobs\n"
    other = cli("jobs", "retry", "--filter", "", "--yes", "--detach", "--json").json["id"]
    assert cli("bulk", "stop", other, "--json").json["state"] == "stopped"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "name jobs by their ids, or all that match with --filter"),
        ((NOBODY, "--filter", ""), "give ids or --filter, not both"),
        ((NOBODY, "--rate", "5"), "--rate belongs to --filter"),
        ((NOBODY, "--dry-run"), "--dry-run belongs to --filter"),
        (("--filter", "stat:dead", "--yes"), "did you mean 'state'"),
        (("--filter", ""), "this would cancel 1 job: add --yes"),
    ],
)
def test_what_is_not_meant_is_refused(cli: Cli, url: str, words: tuple[str, ...], said: str) -> None:
    put(url, 1)
    ran = cli("jobs", "cancel", *words)
    assert (ran.code, said in ran.err) == (2, True), ran.err
    assert cli("bulk", "list").out == "No bulk operations.\n"


def test_a_filter_in_the_environment_is_not_one_to_act_on(cli: Cli, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    put(url, 1)
    monkeypatch.setenv("TASKFLOW_FILTER", "")
    assert cli("jobs", "cancel").code == 2


class _Terminal:
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_it_asks_with_the_count(cli: Cli, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    put(url, 3)
    asked: list[str] = []

    def confirm(text: str, **_: object) -> bool:
        asked.append(text)
        if len(asked) == 1:
            raise click.Abort
        return True

    monkeypatch.setattr(click, "confirm", confirm)
    monkeypatch.setattr(sys, "stdin", _Terminal())
    assert cli("jobs", "cancel", "--filter", "queue:default").code == 130
    assert cli("jobs", "cancel", "--filter", "queue:default").code == 0
    assert asked == ["Cancel 3 jobs that match 'queue:default'?"] * 2


@pytest.mark.slow
def test_ctrl_c_stops_it_and_says_so(url: str, tmp_path: Path) -> None:
    put(url, 50)
    reader, writer = pty.openpty()  # a terminal, so that it shows progress
    command = [sys.executable, "-m", "taskflowmq.cli", "jobs", "cancel", "--filter", "", "--yes", "--rate", "10"]
    ran = subprocess.Popen(command, env={**os.environ, "TASKFLOW_DATABASE_URL": url}, stderr=writer, cwd=tmp_path)
    os.close(writer)
    said = ""
    while not re.search(r"\[#+-*\] \d+/50", said):
        said += os.read(reader, 1000).decode()
    ran.send_signal(signal.SIGINT)
    assert ran.wait(30) == 130
    while "untouched" not in said:
        said += os.read(reader, 1000).decode()
    os.close(reader)
    done = int(re.search(r"Stopped: (\d+) of 50 jobs are done, the others untouched", said)[1])  # type: ignore[index]

    async def read() -> tuple[BulkState, int, int]:
        async with TaskFlow(url) as app:
            [bulk] = await app.bulks.alist()
            return bulk.state, bulk.done, (await app.jobs.acount("state:scheduled", seconds=60)).value

    assert asyncio.run(read()) == (BulkState.STOPPED, done, 50 - done)
