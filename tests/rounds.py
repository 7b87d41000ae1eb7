"""Cases of the conformance suite that run many rounds: a module that runs the suite once more may run fewer of them."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

#: Set it to run every case everywhere with all its rounds.
ALL_ROUNDS = "TASKFLOW_TEST_ALL_ROUNDS"


def is_long(item: pytest.Item) -> bool:
    """Tell whether a case repeats many times what another runs a few times."""
    return item.name.endswith(("[many]", "-many]", "-1500]"))


def leave_out(config: pytest.Config, items: list[pytest.Item], superfluous: Callable[[pytest.Item], bool]) -> None:
    """Take items out of a run, unless all rounds are asked for."""
    if os.environ.get(ALL_ROUNDS):
        return
    left = [item for item in items if superfluous(item)]
    config.hook.pytest_deselected(items=left)
    items[:] = [item for item in items if item not in left]
