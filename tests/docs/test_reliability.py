"""docs/reliability.md and its notebook name tests that exist; the page covers each fault, the notebook no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "reliability.md").read_text()
RUNS = (ROOT / "docs" / "reliability-runs.md").read_text()
#: `tests/faults/test_deaths.py::test_name`, or a file or folder alone.
NAMED = sorted(set(re.findall(r"`((?:tests|src)/[\w/]+(?:\.py)?)(?:::(\w+))?`", TEXT + RUNS)))


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_what_the_table_names_exists(path: str, name: str) -> None:
    found = ROOT / path
    assert found.exists(), path
    assert not name or re.search(rf"def {name}\b", found.read_text()), f"{path} has no {name}"


def test_every_fault_has_a_row() -> None:
    assert set(_rows(TEXT)) == {f"F{number}" for number in range(1, 51)}


def test_the_notebook_and_the_page_call_faults_alike() -> None:
    page = re.findall(r"^\| (F\d+ \| [^|]+) \|", TEXT, re.MULTILINE)
    runs = re.findall(r"^\| (F\d+ \| [^|]+) \|", RUNS, re.MULTILINE)
    assert runs
    assert set(runs) <= set(page)


def _rows(text: str) -> list[str]:
    return re.findall(r"^\| (F\d+) \|", text, re.MULTILINE)
