"""The search for dead names finds planted ones, and no name on the list of those that are not dead is stale."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from tools.problems import ROOT

CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["vulture"]
FOUND = re.compile(r"unused \w+ '(\w+)'")


def dead(*arguments: str) -> set[str]:
    """Return the names that vulture calls unused; it must not fail otherwise."""
    command = [sys.executable, "-m", "vulture", "--config", str(ROOT / "pyproject.toml"), *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    names = set(FOUND.findall(done.stdout))
    assert done.returncode == (3 if names else 0), done.stdout + done.stderr
    return names


@pytest.mark.slow
@pytest.mark.parametrize(
    "source",
    [
        "def planted():\n    return 1\n",
        "planted = 1\n",
        "class Used:\n    def planted(self):\n        return 1\n\nUsed()\n",
        "class planted:\n    pass\n",
    ],
)
def test_a_name_that_nothing_uses_is_found(tmp_path: Path, source: str) -> None:
    (tmp_path / "a.py").write_text(source)
    assert dead(str(tmp_path)) == {"planted"}


@pytest.mark.slow
def test_a_name_that_another_module_uses_is_not_dead(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("def planted():\n    return 1\n")
    (tmp_path / "b.py").write_text("import a\na.planted()\n")
    assert dead(str(tmp_path)) == set()


@pytest.mark.slow
def test_every_name_that_is_excused_would_be_found_without_the_excuse() -> None:
    used = set(CONFIG["ignore_names"]) - dead("--ignore-names", "none", *CONFIG["paths"])
    assert not used, "these are used, or gone: take them out of [tool.vulture] in pyproject.toml"
