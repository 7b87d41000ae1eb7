"""When a child whose loop stands still is killed for it: when something of ours waits, not when a body computes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from taskflowmq.worker.slots import TICK_US, SlotTable
from taskflowmq.worker.supervision import standstill
from taskflowmq.worker.supervision.machine import cpu_seconds
from taskflowmq.worker.supervision.standstill import COMPUTES, Standstill

LEASE = 30.0


class Rig:
    """A child whose last tick was at second 100, and the processor time that it is said to have used."""

    def __init__(self) -> None:
        self.table = SlotTable.create(2)
        self.standstill = Standstill(self.table)
        self.table.cells[TICK_US] = 100_000_000
        self.used = 5.0

    def runs_a_body(self) -> int:
        slot = self.table.take()
        self.table.start(slot, uuid4(), 1, None)
        return slot

    def stalled_after(self, seconds: float, *, computes: float) -> bool:
        """Look each second, while it uses this share of a core."""
        found = False
        for second in range(1, int(seconds) + 1):
            self.used += computes
            found = self.standstill.is_stalled(1, 100.0 + second, LEASE)
        return found


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    rig = Rig()

    def used(_: Any) -> float:
        return rig.used

    monkeypatch.setattr(standstill, "cpu_seconds", used)
    yield rig
    rig.table.close()


@pytest.mark.parametrize("body", [False, True])
def test_a_child_that_waits_outside_every_body_is_stalled(rig: Rig, body: bool) -> None:
    if body:
        rig.runs_a_body()
    assert not rig.stalled_after(LEASE - 1, computes=0.0)
    assert rig.stalled_after(LEASE + 1, computes=0.0)


def test_a_child_whose_body_computes_with_the_interpreter_held_is_not(rig: Rig) -> None:
    rig.runs_a_body()
    assert not rig.stalled_after(10 * LEASE, computes=2 * COMPUTES)


def test_when_the_body_has_stopped_computing_it_is(rig: Rig) -> None:
    rig.runs_a_body()
    assert not rig.stalled_after(2 * LEASE, computes=2 * COMPUTES)
    assert rig.stalled_after(200 * LEASE, computes=0.0)


@pytest.mark.parametrize("lasts", [LEASE - 1, LEASE, 2 * LEASE])
def test_when_the_body_has_ended_the_loop_has_its_time_to_turn(rig: Rig, lasts: float) -> None:
    slot = rig.runs_a_body()
    assert not rig.stalled_after(lasts, computes=1.0)
    rig.table.finish(slot)  # by its thread, which gave the interpreter back just now
    assert not any(rig.standstill.is_stalled(1, 100 + lasts + second, LEASE) for second in (0.01, 1, LEASE - 1))
    assert rig.standstill.is_stalled(1, 100 + lasts + LEASE + 1, LEASE)


def test_a_loop_that_turns_without_a_body_is_stalled(rig: Rig) -> None:
    assert rig.stalled_after(LEASE + 1, computes=1.0)


def test_each_standstill_is_judged_for_itself(rig: Rig) -> None:
    rig.runs_a_body()
    assert not rig.stalled_after(LEASE + 5, computes=1.0)
    rig.table.cells[TICK_US] = 100_000_000 + 36_000_000
    assert not any(rig.standstill.is_stalled(1, 136.0 + second, LEASE) for second in range(int(LEASE)))
    assert rig.standstill.is_stalled(1, 136.0 + LEASE + 1, LEASE)


def test_the_processor_time_of_a_process_grows() -> None:
    before = cpu_seconds(os.getpid())
    while cpu_seconds(os.getpid()) == before:
        sum(range(10_000))
    assert cpu_seconds(2**22 + 1) == 0.0
