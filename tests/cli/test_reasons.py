"""``TASKFLOW_REQUIRE_REASON`` on the command line: each act says why, is asked for it on a terminal, or is refused."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from tests.cli.conftest import Cli

from taskflowmq.cli.root import root
from taskflowmq.core.reasons import VARIABLE

ID = "01a201e9-7cb4-72c0-87af-ef51c3a68934"
#: Command → its arguments. Every command that takes --reason is here, those of saved views apart.
ACTS = {
    "jobs retry": (ID,),
    "jobs cancel": (ID,),
    "jobs delete": (ID,),
    "jobs replay": (ID,),
    "jobs reschedule": (ID, "--in", "1h"),
    "jobs move": (ID, "--queue", "imports"),
    "jobs stack": (ID,),
    "jobs profile": (ID,),
    "queues pause": ("default",),
    "queues resume": ("default",),
    "queues purge": ("default", "--yes"),
    "queues set": ("default", "--retention-dead", "1d"),
    "workers drain": (ID,),
    "workers resume": (ID,),
    "workers stop": (ID,),
    "bulk stop": (ID,),
    "bulk undo": (ID,),
    "errors resolve": ("8f14e45fceea167a",),
    "errors mute": ("8f14e45fceea167a", "--for", "1h"),
    "errors reopen": ("8f14e45fceea167a",),
}
VIEWS = {"views add", "views rename", "views delete"}


def with_reason() -> Iterator[str]:
    """Return every command that takes a reason."""
    context = click.Context(root)
    for name in root.list_commands(context):
        for inner, command in getattr(root.get_command(context, name), "commands", {}).items():
            if any(one.name == "reason" for one in command.params):
                yield f"{name} {inner}"


def test_every_act_is_listed() -> None:
    assert set(with_reason()) == ACTS.keys() | VIEWS


@pytest.mark.parametrize("act", ACTS)
def test_without_a_reason_an_act_is_refused(cli: Cli, monkeypatch: pytest.MonkeyPatch, act: str) -> None:
    monkeypatch.setenv(VARIABLE, "1")
    refused = cli(*act.split(), *ACTS[act])
    assert refused.code == 2
    assert "--reason is required (TASKFLOW_REQUIRE_REASON)" in refused.err
    assert VARIABLE not in cli(*act.split(), *ACTS[act], "--reason", "why").err


def test_what_acts_without_its_option_is_refused_too(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that forgot to ask is refused where the act is made."""
    job = cli("enqueue", "test", "--delay", "600").out.strip()
    monkeypatch.setenv(VARIABLE, "yes")
    blank = cli("jobs", "cancel", job, "--reason", "  ")
    assert (blank.code, "reason: is required (TASKFLOW_REQUIRE_REASON)" in blank.err) == (2, True)
    assert cli("audit").out == "No acts.\n"
    assert cli("jobs", "cancel", job, "--reason", "wrong customer").code == 0


def test_a_dry_run_and_a_view_need_none(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    cli("enqueue", "test", "--delay", "600")
    monkeypatch.setenv(VARIABLE, "true")
    assert cli("jobs", "cancel", "--filter", "", "--dry-run").code == 0
    assert cli("queues", "purge", "default", "--dry-run").code == 0
    assert cli("jobs", "cancel", "--filter", "", "--yes").code == 2
    assert cli("views", "add", "mine", "--filter", "state:dead").code == 0
    monkeypatch.setenv(VARIABLE, "maybe")
    assert cli("queues", "pause", "default").code == 2


@pytest.mark.slow
def test_on_a_terminal_it_is_asked(cli: Cli, url: str) -> None:
    """A program of its own, for its terminal."""
    job = cli("enqueue", "test", "--delay", "600").out.strip()
    master, slave = pty.openpty()
    program = subprocess.Popen(
        [sys.executable, "-m", "taskflowmq.cli", "jobs", "cancel", job],
        stdin=slave, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "TASKFLOW_DATABASE_URL": url, VARIABLE: "1"}, cwd=Path(url.removeprefix("sqlite:///")).parent,
    )  # fmt: skip
    os.close(slave)
    os.write(master, b"asked by the customer\n")
    out, err = program.communicate()
    os.close(master)
    assert (program.returncode, b"Why is this done?" in err, out) == (0, True, b"cancelled\n"), err
    assert [one["reason"] for one in cli("audit", "--json").json["items"]] == ["asked by the customer"]
