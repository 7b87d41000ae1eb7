"""What could not be tried here is said at the end of a run, test by test; on CI it is a failure."""

from __future__ import annotations

import os
from collections import defaultdict
from typing import NoReturn

import pytest

#: Begins the reason of a skipped test that should have run.
NOT_TESTED = "NOT TESTED: "


def cannot_test(what: str, why: Exception) -> NoReturn:
    """Skip the test that asks, for want of something; on CI fail it."""
    reason = f"{NOT_TESTED}{what}: {why}"
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List the tests that did not run for want of something, by what they wanted."""
    missed: dict[str, list[str]] = defaultdict(list)
    for report in terminalreporter.getreports("skipped"):
        if isinstance(report.longrepr, tuple):
            reason = str(report.longrepr[2]).removeprefix("Skipped: ")
            if reason.startswith(NOT_TESTED):
                missed[reason].append(report.nodeid)
    for reason, tests in sorted(missed.items()):
        terminalreporter.section(f"{len(tests)} not tested", sep="!", red=True, bold=True)
        terminalreporter.line(reason)
        for test in sorted(tests):
            terminalreporter.line(f"  {test}")
