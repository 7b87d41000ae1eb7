"""``taskflow jobs logs``: what a job has logged, filtered, as JSON, and followed to its end."""

from __future__ import annotations

import asyncio
import json
from uuid import UUID

import pytest
from tests.cli.conftest import Cli
from tests.cli.test_commands import NOBODY

from taskflowmq import Context, Discard, TaskFlow
from taskflowmq.cli import job_logs


@pytest.fixture
def logged(url: str) -> UUID:
    """A job with two attempts that have logged."""

    async def fill() -> UUID:
        async with TaskFlow(url) as app:

            @app.task
            async def logs(ctx: Context) -> None:
                for n in range(3 if ctx.attempt == 1 else 205):
                    ctx.log.info("line %d", n)
                ctx.log.error("failed \x1b]0;title\x07")
                raise ValueError if ctx.attempt == 1 else Discard("over")

            handle = await logs.aenqueue()
            await app.worker().arun_until_idle()
            await app.jobs.aretry(handle.id)
            await app.worker().arun_until_idle()
            return handle.id

    return asyncio.run(fill())


def test_lines_stand_below_their_attempt_and_control_no_terminal(cli: Cli, logged: UUID) -> None:
    shown = cli("jobs", "logs", str(logged))
    lines = shown.out.splitlines()
    assert lines[0] == "--- attempt 1 ---"
    assert [line.split("Z ", 1)[1] for line in lines[1:4]] == [f"info     line {n}" for n in range(3)]
    assert lines[4].endswith("error    failed \\u001b]0;title\\u0007")
    assert lines[5:7] == ["--- attempt 2 ---", "... 6 lines are not stored"]
    assert len(lines) == 7 + 200
    assert shown.err == "204 lines; 6 above the limits are not stored.\n"


def test_lines_are_filtered_and_written_as_json(cli: Cli, logged: UUID) -> None:
    found = [
        json.loads(line) for line in cli("jobs", "logs", str(logged), "--level", "error", "--json").out.splitlines()
    ]
    assert [(line["attempt"], line["seq"], line["level"]) for line in found] == [(1, 4, "error"), (2, 206, "error")]
    assert cli("jobs", "logs", str(logged), "--attempt", "1", "--text", "LINE 1").out.count("\n") == 2
    assert cli("jobs", "logs", str(logged), "--round", "2").out == ""


def test_a_job_is_followed_to_its_end(cli: Cli, logged: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_logs, "LAST_S", 0.0)
    followed = cli("jobs", "logs", str(logged), "-f", "--attempt", "1")
    assert followed.out == cli("jobs", "logs", str(logged), "--attempt", "1").out
    assert cli("jobs", "logs", NOBODY, "-f").code == 4
    assert cli("jobs", "logs", NOBODY).code == 4


def test_a_job_that_logged_nothing_says_so(cli: Cli, url: str) -> None:
    job_id = cli("enqueue", "test").out.strip()
    shown = cli("jobs", "logs", job_id)
    assert (shown.out, shown.code) == ("", 0)
    assert shown.err.startswith("Nothing is stored: ")
