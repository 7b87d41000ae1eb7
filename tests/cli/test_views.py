"""Saved views on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.conftest import Cli


@pytest.fixture
def jobs(cli: Cli) -> None:
    """Three jobs, of two queues."""
    for queue in ("mail", "mail", "post"):
        assert cli("enqueue", "test", '{"message": "hi"}', "--queue", queue).code == 0


@pytest.mark.usefixtures("jobs")
def test_a_view_is_saved_used_renamed_and_deleted(cli: Cli, tmp_path: Path) -> None:
    made = cli("views", "add", "Mail", "--filter", "queue:mail", "--sort", "oldest", "--range", "1h", "--json").json
    assert (made["kind"], made["owner"][:3], made["sort"], made["range"]) == ("own", "cli", "oldest", "1h")
    assert [one["name"] for one in cli("views", "list", "--json").json["items"]][-1] == "Mail"
    listed = cli("jobs", "list", "--view", "Mail", "--json").json["items"]
    ids = [one["id"] for one in listed]
    assert (len(ids), ids) == (2, sorted(ids))
    newest = cli("jobs", "list", "--view", "Mail", "--sort", "newest", "--json").json["items"]
    assert [one["id"] for one in newest] == ids[::-1]
    narrowed = cli("jobs", "list", "--view", made["id"], "--filter", "-queue:mail", "--json").json
    assert narrowed["items"] == []
    file = tmp_path / "jobs.jsonl"
    assert cli("jobs", "export", "--view", "Mail", "--format", "jsonl", "--output", str(file)).code == 0
    assert len(file.read_text().splitlines()) == 2
    assert cli("jobs", "list", "--view", "Failing now").out == "No jobs.\n"
    assert "taskflow jobs list --view 'Post office'" in cli("views", "rename", "Mail", "Post office", "--shared").out
    shown = next(line for line in cli("views", "list").out.splitlines() if line.startswith("Post office"))
    assert "queue:mail" in shown
    assert "shared" in shown
    assert cli("views", "delete", "Post office", "--reason", "old").out == "view Post office deleted\n"
    assert "view.delete" in cli("audit", "--object", f"view:{made['id']}").out


@pytest.mark.usefixtures("jobs")
def test_a_page_of_a_view_says_how_to_go_on(cli: Cli) -> None:
    first = cli("jobs", "list", "--view", "waiting-long", "--limit", "1")
    assert first.out == "No jobs.\n"
    cli("views", "add", "Mail", "--filter", "queue:mail")
    assert "--view Mail" in cli("jobs", "list", "--view", "Mail", "--limit", "1").err


def test_what_is_wrong_is_said(cli: Cli) -> None:
    assert cli("db", "migrate").code == 0
    missing = cli("jobs", "list", "--view", "Nope")
    assert (missing.code, "there is no view 'Nope'" in missing.err) == (4, True)
    assert "taskflow views list" in missing.err
    assert cli("views", "add", "x", "--filter", "quue:mail").code == 2
    assert cli("views", "add", "x", "--columns", "colour").code == 2
    assert cli("views", "add", "x", "--range", "25h").code == 2
    assert cli("views", "add", "x").code == 0
    assert cli("views", "add", "x").code == 5
    built_in = cli("views", "rename", "Dead letters", "Mine")
    assert (built_in.code, "is built in" in built_in.err) == (4, True)
    assert cli("views", "delete", "dead-letters").code == 4
