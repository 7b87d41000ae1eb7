"""Requests for stacks and profiles, as far as both engines do the same: what a row says."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
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


def inspection_of(
    number: UUID,
    job_id: UUID,
    kind: str,
    seconds: int,
    asked_at: datetime,
    asked_by: str,
    worker_id: UUID,
    answered_at: datetime | None,
    answer: bytes | None,
    is_late: bool,
    is_held: bool,
) -> Inspection:
    """Return a request from the columns of read_inspections."""
    return Inspection(
        id=number,
        job_id=job_id,
        kind=InspectionKind(kind),
        seconds=seconds,
        state=state_of(Place(answered_at is not None, bool(is_late), bool(is_held))),
        asked_at=asked_at,
        asked_by=asked_by,
        worker_id=worker_id,
        answered_at=answered_at,
        raw_answer=answer,
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
