"""A pytest plugin for runs of mutants: writes what became of each test, one JSON line per phase that says something."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

VARIABLE = "TASKFLOW_MUTANT_RECORD"


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when != "call" and report.passed:
        return
    last = ""
    if report.failed:
        crash = getattr(report.longrepr, "reprcrash", None)
        last = str(crash.message if crash is not None else report.longrepr).strip()[:500]
    line = json.dumps({"node": report.nodeid, "when": report.when, "outcome": report.outcome, "message": last})
    with Path(os.environ[VARIABLE]).open("a", encoding="utf-8") as record:
        record.write(line + "\n")
