"""Groups of errors on the command line."""

from __future__ import annotations

import asyncio

import pytest
from tests.cli.conftest import Cli

from taskflowmq import TaskFlow


@pytest.fixture
def failed(cli: Cli, url: str) -> None:
    """A store in which two jobs have died alike."""

    async def run() -> None:
        async with TaskFlow(url, store_timeout=60) as app:

            @app.task(name="charge")
            async def charge(order: int) -> None:
                raise LookupError(f"order {order} not found")

            for order in (17, 42):
                await app.asend("charge", {"order": order}, max_attempts=1)
            await app.worker().arun_until_idle()

    asyncio.run(run())


@pytest.mark.usefixtures("failed")
def test_failures_are_listed_shown_resolved_muted_and_reopened(cli: Cli) -> None:
    table = cli("errors", "list").out
    assert table.splitlines()[0].split()[:4] == ["FINGERPRINT", "IS", "TASK", "ERROR"]
    assert "LookupError: order <number> not found" in table
    (group,) = cli("errors", "list", "--json").json["items"]
    assert (group["count"], group["dead"], group["state"]) == (2, 2, "open")
    mark = group["fingerprint"]
    shown = cli("errors", "show", mark).out
    assert "Traceback (most recent call last)" in shown
    assert "LookupError: order 42 not found" in shown
    assert "RELEASE" not in shown  # no worker announced one
    assert len(cli("jobs", "list", "--filter", f"error:{mark}", "--json").json["items"]) == 2
    resolved = cli("errors", "resolve", mark, "--json").json
    assert (resolved["state"], resolved["changed_by"][:3]) == ("resolved", "cli")
    assert cli("errors", "list").out == "No open errors.\n"
    assert mark in cli("errors", "list", "--state", "resolved").out
    assert cli("errors", "mute", mark, "--for", "2h").out.startswith(f"{mark}: muted until 2")
    assert cli("errors", "reopen", mark).out == f"{mark}: open\n"
    assert cli("errors", "list", "--search", "LOOKUP", "--task", "charge", "--sort", "count").out == table


@pytest.mark.usefixtures("failed")
def test_a_list_as_long_as_is_kept_says_so(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "are kept" not in cli("errors", "list").out
    monkeypatch.setattr("taskflowmq.core.error_groups.MOST_GROUPS", 1)
    listed = cli("errors", "list")
    assert "groups are kept: of the tasks with the most" in listed.out + listed.err


def test_releases_are_shown_where_workers_announce_some(cli: Cli, url: str) -> None:
    async def run(number: int) -> None:
        async with TaskFlow(url, store_timeout=60, release=f"v{number}") as app:

            @app.task(name="charge")
            async def charge(order: int) -> None:
                raise LookupError(f"order {order} not found")

            await app.asend("charge", {"order": 1}, max_attempts=1)
            await app.worker().arun_until_idle()

    asyncio.run(run(0))
    (group,) = cli("errors", "list", "--json").json["items"]
    assert group["new_in"] == "v0"
    assert "open, new in v0" in cli("errors", "list").out
    for number in range(1, 12):
        asyncio.run(run(number))
    shown = cli("errors", "show", group["fingerprint"]).out
    lines = shown[shown.index("RELEASE") :].splitlines()
    assert lines[0].split() == ["RELEASE", "COUNT", "FIRST", "LAST"]
    assert [line.split()[:2] for line in lines[1:11]] == [[f"v{number}", "1"] for number in range(11, 1, -1)]
    assert lines[11] == "and 2 more"
    detail = cli("errors", "show", group["fingerprint"], "--json").json
    assert (len(detail["releases"]), detail["releases_total"]) == (10, 12)
    assert "open, new in" not in cli("errors", "list").out


def test_what_is_wrong_is_said(cli: Cli) -> None:
    assert cli("db", "migrate").code == 0
    assert cli("errors", "list").out == "No open errors.\n"
    missing = cli("errors", "show", "0123456789abcdef")
    assert (missing.code, "there is no group of errors 0123456789abcdef" in missing.err) == (4, True)
    assert "taskflow errors list --state all" in missing.err
    assert cli("errors", "resolve", "x").code == 4
    assert cli("errors", "mute", "0123456789abcdef").code == 2
    both = cli("errors", "mute", "0123456789abcdef", "--for", "2h", "--until", "2031-01-01T00:00:00Z")
    assert (both.code, "exactly one is required" in both.err) == (2, True)
    for wrong in ("soon", "-1h", "0", "never"):
        refused = cli("errors", "mute", "0123456789abcdef", "--for", wrong)
        assert (refused.code, "is not a duration: write 90s, 10m, 2h or 1d" in refused.err) == (2, True), refused.err
    assert cli("errors", "list", "--task", "a b").code == 2
