"""Faults reach the processes that they are meant for."""

from __future__ import annotations

import signal
from typing import Any, cast

import pytest
from tests.chaos.evidence import OpenRuns
from tests.chaos.fleet import Fleet, Slot
from tests.chaos.injector import Injector


class FakeProgram:
    """Keeps the signals that it gets."""

    def __init__(self) -> None:
        self.signals: list[signal.Signals] = []

    def signal_all(self, number: signal.Signals) -> None:
        """Take one."""
        self.signals.append(number)


async def test_what_was_stopped_goes_on_when_its_slot_holds_another(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The children of a killed supervisor, stopped before they ask to die with it, must see that it is gone."""
    slot = Slot("worker-0", (), {}, tmp_path)
    stopped, successor = FakeProgram(), FakeProgram()
    monkeypatch.setattr(slot, "program", stopped)

    def replace() -> bool:
        monkeypatch.setattr(slot, "program", successor)
        return True

    injector = Injector(cast(Fleet, None), {}, cast(Any, type("Database", (), {"not_run": {}})), cast(OpenRuns, None))
    await injector._stopped([slot], 0.0, until=replace)
    assert (stopped.signals, successor.signals) == ([signal.SIGSTOP, signal.SIGCONT], [])
