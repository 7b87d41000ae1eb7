"""``taskflow jobs move``."""

from __future__ import annotations

import pytest
from tests.cli.conftest import Cli

from taskflowmq.cli.exits import Exit


def _enqueued(cli: Cli, *more: str) -> str:
    return cli("enqueue", "test", '{"message": "hi"}', *more).out.strip()


def test_jobs_are_moved_to_another_queue_or_priority(cli: Cli) -> None:
    first, second = _enqueued(cli), _enqueued(cli, "--delay", "60")
    ran = cli("jobs", "move", first, "--queue", "imports", "--reason", "the mail server is slow")
    assert (ran.code, ran.out) == (0, "moved\n")
    both = cli("jobs", "move", first, second, "--queue", "imports", "--priority", "-5")
    assert both.out == f"{first}  moved\n{second}  moved\n"
    assert cli("jobs", "move", first, "--priority", "-5").out == "unchanged\n"
    for job_id in (first, second):
        job = cli("jobs", "show", job_id, "--json").json["job"]
        assert (job["queue"], job["priority"]) == ("imports", -5)
    assert "the mail server is slow" in cli("audit").out


def test_what_has_ended_exits_5_and_says_why(cli: Cli) -> None:
    job_id = _enqueued(cli)
    cli("jobs", "cancel", job_id)
    ran = cli("jobs", "move", job_id, "--queue", "imports")
    assert ran.code == Exit.CONFLICT
    assert "runs or has ended, so it cannot be moved" in ran.err


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ((), "at least one of these is required: --queue NAME, --priority N"),
        (("--queue", "not a name"), "queue: must be"),
        (("--priority", "101"), "priority: must be an integer -100…100"),
        (("--priority", "high"), "not a valid integer"),
    ],
)
def test_a_place_is_required_and_it_must_be_one(cli: Cli, args: tuple[str, ...], said: str) -> None:
    job_id = _enqueued(cli)
    ran = cli("jobs", "move", job_id, *args)
    assert (ran.code, said in ran.err.replace("\n", " ")) == (2, True), ran.err
