"""The script that judges a change fails when the checks fail, when the tests fail, and when no test ran."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from tools.problems import ROOT


@pytest.mark.parametrize(
    ("check", "test", "passes"),
    [
        ("true", "true", True),
        ("false", "true", False),
        ("true", "exit 1", False),
        ("true", "exit 5", False),  # pytest: no tests were collected
    ],
)
def test_it_passes_only_when_everything_passed(tmp_path: Path, check: str, test: str, passes: bool) -> None:
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci/run", tmp_path / ".ci/run")
    (tmp_path / "Makefile").write_text(f".PHONY: check test\ncheck:\n\t{check}\ntest:\n\t{test}\n")
    done = subprocess.run(["bash", tmp_path / ".ci/run"], cwd="/", capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == passes, done.stderr
    assert ("all passed" in done.stdout) == passes
