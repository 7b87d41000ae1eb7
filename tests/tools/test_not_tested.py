"""What could not be tried is listed at the end of a run, and fails on CI."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tools.problems import ROOT

TESTS = """
import pytest
from tests.not_tested import cannot_test

@pytest.fixture
def browser():
    cannot_test("the page in a browser", OSError("there is none"))

def test_one(browser): ...
def test_two(browser): ...
def test_three(): pytest.skip("root")
"""


@pytest.mark.slow
@pytest.mark.parametrize(("ci", "workers"), [(False, []), (False, ["-n", "1"]), (True, [])])
def test_the_tests_that_did_not_run_are_listed(tmp_path: Path, ci: bool, workers: list[str]) -> None:
    (tmp_path / "test_page.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("CI", "PYTEST"))}
    environment |= {"PYTHONPATH": str(ROOT), **({"CI": "true"} if ci else {})}
    command = [sys.executable, "-m", "pytest", "-p", "tests.not_tested", "-p", "no:cacheprovider", *workers]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    if ci:
        assert done.returncode == 1
        assert "2 errors" in done.stdout
        assert "NOT TESTED: the page in a browser: there is none" in done.stdout
        return
    assert done.returncode == 0, done.stdout
    lines = done.stdout.splitlines()
    [title] = [number for number, line in enumerate(lines) if "2 not tested" in line]
    assert lines[title + 1 : title + 4] == [
        "NOT TESTED: the page in a browser: there is none",
        "  test_page.py::test_one",
        "  test_page.py::test_two",
    ]
