"""Faults reach the processes that they are meant for."""

from __future__ import annotations

import random
import signal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from tests.chaos import fleet
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


@pytest.mark.parametrize(("pid", "code", "found"), [(4711, -9, True), (4712, -9, False), (4711, 1, False)])
async def test_a_program_that_another_ended_because_it_stood_with_the_write_lock_is_no_finding(
    pid: int, code: int, found: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleet, "SAID_WITHIN_S", 0.0)
    (tmp_path / "worker-0.log").write_text(f'{{"message":"killed process 4711: {fleet.ENDED_WITH_LOCK}"}}\n')
    slot: Any = SimpleNamespace(program=SimpleNamespace(pid=pid))
    programs = Fleet(tmp_path, random.Random(1))
    assert await programs._was_ended_by_another(slot, code) is found
    assert programs.ended_with_lock == found
