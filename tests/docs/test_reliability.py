"""docs/reliability.md points at tests that exist, and leaves out no fault."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "reliability.md").read_text()
#: `tests/faults/test_deaths.py::test_name`, or a file or folder alone.
NAMED = sorted(set(re.findall(r"`((?:tests|src)/[\w/]+(?:\.py)?)(?:::(\w+))?`", TEXT)))


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_what_the_table_names_exists(path: str, name: str) -> None:
    found = ROOT / path
    assert found.exists(), path
    assert not name or re.search(rf"def {name}\b", found.read_text()), f"{path} has no {name}"


def test_every_fault_has_a_row() -> None:
    rows = {int(number) for number in re.findall(r"^\| F(\d+) \|", TEXT, re.MULTILINE)}
    assert rows == set(range(1, 51))
