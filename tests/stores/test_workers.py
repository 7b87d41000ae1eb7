"""Workers, as far as both engines do the same."""

from __future__ import annotations

import pytest

from taskflowmq.core.workers import Command
from taskflowmq.stores.common.workers import command_of


@pytest.mark.parametrize("command", Command)
def test_a_stored_command_is_read_back(command: Command) -> None:
    assert command_of(str(command)) is command


@pytest.mark.parametrize("stored", [None, "restart"])
def test_a_command_of_a_later_version_lists_no_worker_wrongly_and_stops_none(stored: str | None) -> None:
    assert command_of(stored) is None
