"""``taskflow audit``, and the reason of each command that changes something."""

from __future__ import annotations

import pytest
from tests.cli.conftest import Cli

from taskflowmq.cli import program


@pytest.fixture(autouse=True)
def ada(monkeypatch: pytest.MonkeyPatch) -> None:
    """The user who runs the commands."""
    monkeypatch.setattr(program.getpass, "getuser", lambda: "ada")


def test_each_act_is_kept_with_its_reason(cli: Cli) -> None:
    job = cli("enqueue", "test", "--delay", "600").out.strip()
    for act in (
        ("jobs", "retry", job),
        ("jobs", "cancel", job),
        ("jobs", "delete", job),
        ("queues", "pause", "default"),
        ("queues", "resume", "default"),
        ("queues", "set", "default", "--retention-dead", "1d"),
    ):
        assert cli(*act, "--reason", f"{act[1]} it").code == 0
    acts = cli("audit", "--json").json["items"]
    assert [(one["action"], one["reason"]) for one in reversed(acts)] == [
        ("job.retry", "retry it"),
        ("job.cancel", "cancel it"),
        ("job.delete", "delete it"),
        ("queue.pause", "pause it"),
        ("queue.resume", "resume it"),
        ("queue.retention", "set it"),
    ]
    assert {(one["actor"], one["via"]) for one in acts} == {("cli:ada", "cli")}
    assert acts[0]["after"] == {"retention": {"dead_ms": 86_400_000}}


def test_a_list_is_filtered_and_continued(cli: Cli) -> None:
    cli("enqueue", "test")
    assert cli("audit").out == "No acts.\n"
    cli("queues", "pause", "default")
    cli("queues", "resume", "default", "--reason", "again")
    ran = cli("audit", "--object", "queue:default", "--limit", "1")
    assert "queue.resume" in ran.out
    assert "again" in ran.out
    assert "queue.pause" not in ran.out
    below = ran.err.split()[-1]
    assert "queue.pause" in cli("audit", "--below", below).out
    assert cli("audit", "--action", "job.retry").out == "No acts.\n"
    assert cli("audit", "--after", "yesterday").code == 2


def test_a_job_is_replayed_with_other_arguments(cli: Cli) -> None:
    old = cli("enqueue", "test", '{"message": "a"}', "--tag", "eu").out.strip()
    new = cli("jobs", "replay", old, "--args", '{"message": "b"}', "--queue", "x", "--reason", "typo").out.strip()
    shown = cli("jobs", "show", new, "--json").json["job"]
    assert (shown["args"], shown["queue"], shown["tags"]) == ({"message": "b"}, "x", ["eu"])
    [act] = cli("audit", "--object", f"job:{old}", "--json").json["items"]
    assert (act["action"], act["reason"], act["after"]["job"]) == ("job.replay", "typo", new)
    assert cli("jobs", "replay", old, "--json").json["replay_of"] == old
    assert cli("jobs", "replay", old, "--args", "[1]").code == 2
