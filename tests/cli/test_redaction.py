"""Hidden fields on the command line: shown nowhere, found by nothing, kept by a replay."""

from __future__ import annotations

import json

import pytest
from tests.cli.conftest import Cli

from taskflowmq import TaskFlow
from taskflowmq.core.hidden_values import MASK

SECRET = "geheim-4711"


@pytest.fixture
def job(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> str:
    """A job with a hidden argument."""
    monkeypatch.setenv("TASKFLOW_REDACT", "message")
    return cli("enqueue", "test", json.dumps({"message": SECRET})).out.strip()


def test_no_command_shows_a_hidden_value(cli: Cli, job: str, url: str) -> None:
    with TaskFlow(url) as app:
        assert app.jobs.get(job).args["message"] == SECRET
    for command in (
        ("jobs", "show", job), ("jobs", "show", job, "--json"), ("jobs", "list"), ("jobs", "list", "--json"),
        ("tasks", "show", "test"), ("tasks", "show", "test", "--json"), ("top", "--once", "--json"),
    ):  # fmt: skip
        ran = cli(*command)
        assert ran.code == 0, ran
        assert SECRET not in ran.out + ran.err
    assert cli("jobs", "show", job, "--json").json["job"]["args"]["message"] == MASK


def test_nothing_is_found_by_a_hidden_value(cli: Cli, job: str) -> None:
    assert cli("jobs", "list", "--filter", SECRET).out == "No jobs.\n"
    refused = cli("jobs", "list", "--filter", f"args.message:{SECRET}")
    assert refused.code == 2
    assert "args.message is redacted by the rule message" in refused.err
    matching = cli("jobs", "cancel", "--filter", SECRET, "--dry-run", "--json")
    assert matching.json["matched"]["value"] == 0
    assert cli("jobs", "cancel", "--filter", f"args.message:{SECRET}", "--yes").code == 2


def test_a_replay_keeps_the_value_and_a_mask_is_refused_elsewhere(cli: Cli, job: str, url: str) -> None:
    shown = cli("jobs", "show", job, "--json").json["job"]["args"]
    shown["seconds"] = 0.5
    copy = cli("jobs", "replay", job, "--args", json.dumps(shown)).out.strip()
    with TaskFlow(url) as app:
        assert app.jobs.get(copy).args == {**shown, "message": SECRET}
    refused = cli("enqueue", "test", json.dumps(shown))
    assert refused.code == 2
    assert "give the value itself" in refused.err


def test_a_replay_with_another_address_says_that_hidden_values_must_be_entered_anew(cli: Cli, url: str) -> None:
    args = {"url": "http://a.test/", "headers": {"Authorization": f"Bearer {SECRET}"}}
    job = cli("enqueue", "http", json.dumps(args)).out.strip()
    shown = cli("jobs", "show", job, "--json").json["job"]["args"]
    assert shown["headers"] == {"Authorization": MASK}
    refused = cli("jobs", "replay", job, "--args", json.dumps({**shown, "url": "http://b.test/"}))
    assert refused.code == 2
    assert "args.url: is not as it was" in refused.err
    assert "enter them again" in refused.err


def test_a_rule_that_is_no_path_is_named(cli: Cli, job: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKFLOW_REDACT", "a..b")
    ran = cli("jobs", "list")
    assert ran.code == 2
    assert "TASKFLOW_REDACT: 'a..b' is not a path" in ran.err
    monkeypatch.setenv("TASKFLOW_REDACT", "pin,-defaults")
    ran = cli("jobs", "list")
    assert ran.code == 2
    assert "TASKFLOW_REDACT: '-defaults' begins with -" in ran.err
