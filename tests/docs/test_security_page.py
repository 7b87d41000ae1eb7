"""SECURITY.md names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_promise_names_a_test_that_is_there() -> None:
    rows = re.findall(r"^\| [^|-].*\|$", (ROOT / "SECURITY.md").read_text(), re.MULTILINE)[1:]
    assert rows
    for row in rows:
        named = re.findall(r"`((?:tests|src)/[^`]+)`", row)
        assert named, row
        assert [name for name in named if not (ROOT / name).is_file()] == []
