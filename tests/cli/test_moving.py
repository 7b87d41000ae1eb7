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


def test_all_that_match_are_moved(cli: Cli) -> None:
    ids = [_enqueued(cli, "--queue", "mail", "--delay", "60") for _ in range(3)]
    match = ("jobs", "move", "--filter", "queue:mail", "--queue", "imports", "--priority", "0")
    assert cli(*match, "--dry-run").out.splitlines()[-1] == "Would move 3 jobs."
    ran = cli(*match, "--yes", "--reason", "the mail server is slow")
    assert (ran.code, ran.out.split("  ", 1)[1]) == (0, "done  3 moved\n")
    for job_id in ids:
        assert cli("jobs", "show", job_id, "--json").json["job"]["queue"] == "imports"
    bulk_id = ran.out.split()[0]
    shown = cli("bulk", "show", bulk_id, "--json").json
    assert (shown["action"], shown["params"]) == ("move", {"run_at": None, "queue": "imports", "priority": 0})
    text = cli("bulk", "show", bulk_id).out
    assert "to queue     imports" in text
    assert "to priority  0" in text
    assert cli("jobs", "move", "--filter", "queue:mail", "--yes").code == 2
    assert cli("jobs", "move", "--queue", "imports").code == 2  # neither ids nor a filter
