"""``taskflow queues purge``: asks for the name, deletes what waits."""

from __future__ import annotations

import re
import sys

import click
import pytest
from tests.cli.conftest import Cli

from taskflowmq.cli.exits import Exit


def _put(cli: Cli, *more: str) -> str:
    return cli("enqueue", "test", '{"message": "hi"}', "--queue", "mail", *more).out.strip()


def test_what_waits_is_deleted_and_the_rest_is_left(cli: Cli) -> None:
    ready, later, cancelled = _put(cli), _put(cli, "--delay", "600"), _put(cli)
    cli("jobs", "cancel", cancelled)
    ran = cli("queues", "purge", "mail", "--yes", "--reason", "sent twice")
    assert (ran.code, re.sub(r"^\S+", "ID", ran.out)) == (0, "ID  done  2 deleted\n")
    assert [cli("jobs", "show", one).code for one in (ready, later, cancelled)] == [4, 4, 0]
    shown = cli("bulk", "show", ran.out.split()[0], "--json").json
    assert (shown["action"], shown["reason"]) == ("purge", "sent twice")
    assert cli("queues", "purge", "mail", "--yes").out == "Would purge queue mail of no jobs.\n"
    ended = cli("queues", "purge", "mail", "--state", "cancelled,dead", "--yes", "--json").json
    assert (ended["state"], ended["outcomes"]) == ("done", {"deleted": 1})


def test_a_dry_run_counts_by_state_and_deletes_nothing(cli: Cli) -> None:
    _put(cli)
    _put(cli, "--delay", "600")
    assert cli("queues", "purge", "mail", "--dry-run").out == "Would purge queue mail of 1 pending, 1 scheduled.\n"
    states = cli("queues", "purge", "mail", "--dry-run", "--json").json["states"]
    assert {state: one["value"] for state, one in states.items()} == {"pending": 1, "scheduled": 1, "retrying": 0}
    assert cli("bulk", "list").out == "No bulk operations.\n"


class _Terminal:
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_the_name_is_typed(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id, typed = _put(cli), ["mial", "mail"]
    monkeypatch.setattr(click, "prompt", lambda *_, **__: typed.pop(0))
    monkeypatch.setattr(sys, "stdin", _Terminal())
    wrong = cli("queues", "purge", "mail")
    assert (wrong.code, "'mial' is not 'mail': nothing was deleted" in wrong.err) == (Exit.FAILED, True)
    assert "This deletes from queue mail: 1 pending." in wrong.err
    assert cli("jobs", "show", job_id).code == 0
    assert cli("queues", "purge", "mail").code == 0
    assert cli("jobs", "show", job_id).code == Exit.NOT_FOUND


def test_what_is_not_meant_is_refused(cli: Cli) -> None:
    _put(cli)
    asked = cli("queues", "purge", "mail")
    assert (asked.code, "this would delete 1 job of queue mail: add --yes" in asked.err) == (2, True)
    assert cli("queues", "purge", "mial", "--yes").code == Exit.NOT_FOUND
    assert "states: must name one or more of" in cli("queues", "purge", "mail", "--state", "running", "--yes").err
    assert cli("bulk", "list").out == "No bulk operations.\n"
