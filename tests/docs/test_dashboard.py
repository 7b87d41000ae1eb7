"""docs/dashboard.md names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "dashboard.md").read_text()
#: Of the table: `tests/browser/test_axe.py::test_name`, or a file alone.
NAMED = sorted(set(re.findall(r"`((?:tests|src|dashboard)/[\w/.-]+\.(?:py|tsx?))(?:::(\w+))?`", TEXT)))


def test_every_row_names_a_test() -> None:
    _, _, table = TEXT.partition("| what | test |\n|---|---|\n")
    rows = table.partition("\n\n")[0].splitlines()
    assert len(rows) > 20
    assert [row for row in rows if "`" not in row] == []


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_what_the_table_names_exists(path: str, name: str) -> None:
    found = ROOT / path
    assert found.exists(), path
    assert not name or re.search(rf"def {name}\b", found.read_text()), f"{path} has no {name}"
