"""docs/configuration.md names every variable that the code reads, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from taskflowmq.cli.enqueue import command
from taskflowmq.client.environment import INTERNAL

ROOT = Path(__file__).parents[2]


def variables(text: str) -> set[str]:
    return {name.removesuffix("_FILE") for name in re.findall(r"\bTASKFLOW_[A-Z_]*[A-Z]\b", text)}


def test_every_variable_is_documented_and_every_documented_one_is_read() -> None:
    read = set().union(*(variables(path.read_text()) for path in (ROOT / "src").rglob("*.py"))) - INTERNAL
    read |= {str(parameter.envvar) for parameter in command.params if parameter.envvar}
    assert variables((ROOT / "docs" / "configuration.md").read_text()) == read
