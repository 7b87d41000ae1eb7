"""ARCHITECTURE.md leads to things that exist: every file and function that it names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "taskflowmq"
NAMED = sorted(
    set(re.findall(r"`((?:\w+|\*)(?:/[\w*]+)+\.(?:py|sql))(?::([\w.]+))?`", (ROOT / "ARCHITECTURE.md").read_text()))
)


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_what_the_text_names_exists(path: str, name: str) -> None:
    found = list(SOURCE.glob(path))
    assert found, path
    for part in name.split(".") if name else ():
        assert all(re.search(rf"(def|class) {part}\b", file.read_text()) for file in found), (path, part)


def test_something_was_found() -> None:
    assert len(NAMED) > 10
