"""Duties, as far as both engines do the same: which process had a turn."""

from __future__ import annotations

import json
from datetime import datetime

import msgspec

from taskflowmq.core.system import DutyProcess
from taskflowmq.ports.store import DutyView


def stored_process(by: DutyProcess | None) -> str | None:
    """Return what is stored of the process that takes a turn: JSON in ASCII, which every database can hold."""
    return None if by is None else json.dumps(msgspec.to_builtins(by), separators=(",", ":"))


def duty_view(
    duty: str, ran_at: datetime | None, failed_at: datetime | None, problem: str | None, ran_by: str | None
) -> DutyView:
    """Return a duty from the columns of list_duties."""
    process = None if ran_by is None else msgspec.json.decode(ran_by, type=DutyProcess)
    return DutyView(duty, ran_at, failed_at, problem, process)
