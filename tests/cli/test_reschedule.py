"""``taskflow jobs reschedule``."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.cli.conftest import Cli

from taskflowmq.cli.exits import Exit


def _enqueued(cli: Cli, *more: str) -> str:
    return cli("enqueue", "test", '{"message": "hi"}', *more).out.strip()


def test_jobs_are_put_off_to_a_time_or_by_a_duration(cli: Cli) -> None:
    first, second = _enqueued(cli), _enqueued(cli, "--delay", "60")
    ran = cli("jobs", "reschedule", first, "--at", "2100-01-01T07:00:00Z", "--reason", "after the night run")
    assert (ran.code, ran.out) == (0, "rescheduled\n")
    assert cli("jobs", "show", first, "--json").json["job"]["run_at"] == "2100-01-01T07:00:00Z"
    both = cli("jobs", "reschedule", first, second, "--in", "2h")
    assert both.out == f"{first}  rescheduled\n{second}  rescheduled\n"
    assert cli("jobs", "reschedule", first, "--at", "2001-01-01T00:00:00Z").out == "due now\n"
    assert "after the night run" in cli("audit").out


def test_what_has_ended_exits_5_and_says_why(cli: Cli) -> None:
    job_id = _enqueued(cli)
    cli("jobs", "cancel", job_id)
    ran = cli("jobs", "reschedule", job_id, "--in", "10m")
    assert ran.code == Exit.CONFLICT
    assert "runs or has ended, so it cannot be rescheduled" in ran.err


def test_one_time_is_required_and_it_must_be_one(cli: Cli) -> None:
    job_id = _enqueued(cli)
    assert "one of these is required: --at TIME, --in DURATION" in cli("jobs", "reschedule", job_id).err
    for flag, wrong, said in (
        ("--in", "soon", "write 90s, 10m, 2h or 1d"),
        ("--in", "never", "write 90s, 10m, 2h or 1d"),
        ("--at", "tomorrow", "is not a time with a zone"),
    ):
        ran = cli("jobs", "reschedule", job_id, flag, wrong)
        assert (ran.code, said in ran.err.replace("\n", " ")) == (2, True), ran.err


def test_all_that_match_are_put_off(cli: Cli) -> None:
    ids = [_enqueued(cli, "--queue", "mail", "--delay", "60") for _ in range(3)]
    match = ("jobs", "reschedule", "--filter", "queue:mail", "--at", "2100-01-01T07:00:00Z")
    assert cli(*match, "--dry-run").out.splitlines()[-1] == "Would reschedule 3 jobs."
    ran = cli(*match, "--yes", "--reason", "after the night run")
    assert (ran.code, ran.out.split("  ", 1)[1]) == (0, "done  3 rescheduled\n")
    for job_id in ids:
        assert cli("jobs", "show", job_id, "--json").json["job"]["run_at"] == "2100-01-01T07:00:00Z"
    shown = cli("bulk", "show", ran.out.split()[0], "--json").json
    assert (shown["action"], shown["params"]) == (
        "reschedule",
        {"run_at": "2100-01-01T07:00:00Z", "queue": None, "priority": None},
    )
    assert cli("jobs", "reschedule", "--filter", "queue:mail", "--yes").code == 2
    assert cli("jobs", "reschedule", "--delay", "1h").code == 2


def test_enqueue_and_reschedule_know_both_words(cli: Cli) -> None:
    for word in ("--in", "--delay"):
        job_id = _enqueued(cli, word, "2h")
        job = cli("jobs", "show", job_id, "--json").json["job"]
        due, made = (datetime.fromisoformat(job[name]) for name in ("run_at", "created_at"))
        assert due - made == timedelta(hours=2)
        assert cli("jobs", "reschedule", job_id, word, "1h").out == "rescheduled\n"
    assert "is not a duration: write 90s, 10m, 2h or 1d" in cli("enqueue", "test", "--in", "soon").err.replace(
        "\n", " "
    )
