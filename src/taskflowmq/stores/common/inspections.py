"""Requests for stacks and profiles, as far as both engines do the same: what a row says."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from taskflowmq.core.inspection import (
    Inspection,
    InspectionKind,
    InspectionState,
    Place,
    Question,
    WorkerRequests,
    state_of,
)

#: A request that has moved on between the look and the write is looked at again this often.
LOOKS = 3


class InspectionRow(NamedTuple):
    """The columns of read_inspections."""

    id: UUID
    job_id: UUID
    kind: str
    seconds: int
    asked_at: datetime
    asked_by: str
    worker_id: UUID
    answered_at: datetime | None
    answer: bytes | None
    is_late: bool
    is_held: bool


def inspection_of(row: InspectionRow) -> Inspection:
    """Return a request from its row."""
    return Inspection(
        id=row.id,
        job_id=row.job_id,
        kind=InspectionKind(row.kind),
        seconds=row.seconds,
        state=state_of(Place(row.answered_at is not None, bool(row.is_late), bool(row.is_held))),
        asked_at=row.asked_at,
        asked_by=row.asked_by,
        worker_id=row.worker_id,
        answered_at=row.answered_at,
        raw_answer=row.answer,
    )


def waits(found: Inspection | None) -> bool:
    """Tell whether a request waits, so that another one of its kind is the same."""
    return found is not None and found.state is InspectionState.WAITING


def requests_of(rows: Iterable[Any]) -> WorkerRequests:
    """Return what a worker is wanted to do, from rows of list_requests: (job, kind, id, lease_no, seconds)."""
    cancel: list[UUID] = []
    inspect: list[Question] = []
    for job_id, kind, number, lease_no, seconds in rows:
        if kind is None:
            cancel.append(job_id)
        else:
            inspect.append(Question(number, job_id, lease_no, InspectionKind(kind), seconds))
    return WorkerRequests(cancel, inspect)
