"""Requests for stacks and profiles, in the model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from tests.simulation.rows import Asked, Data

from taskflowmq.core.audit import Caller
from taskflowmq.core.inspection import (
    Inspection,
    InspectionKind,
    InspectionState,
    NewInspection,
    Place,
    Question,
    state_of,
)
from taskflowmq.stores.common.audit import ascii_text, inspection_act

KEPT = timedelta(hours=1)


class ModelInspections:
    """One request of each kind per job."""

    def __init__(self, data: Data, now: Callable[[], datetime]) -> None:
        self._data, self._now = data, now

    async def ask(self, tenant: str, job_id: UUID, new: NewInspection, *, by: Caller) -> Inspection | None:
        now, before = self._now(), await self.get(tenant, job_id, new.kind)
        if before is not None and (before.id == new.id or before.state is InspectionState.WAITING):
            return before
        held = self._data.running.get(job_id)
        if held is None or self._data.jobs[job_id].new.tenant != tenant:
            return None
        self._data.asked[job_id, new.kind] = Asked(
            question=Question(new.id, job_id, held.counters.lease_no, new.kind, new.seconds),
            worker=held.worker,
            asked_at=now,
            asked_by=ascii_text(by.actor),
            until=now + timedelta(milliseconds=new.patience_ms),
        )
        self._data.note(now, inspection_act(job_id, new, by))
        return await self.get(tenant, job_id, new.kind)

    async def answer(self, question: Question, answer: bytes) -> bool:
        key, now = (question.job_id, question.kind), self._now()
        row = self._data.asked.get(key)
        if row is None or row.question.id != question.id or row.answered_at is not None or row.until <= now:
            return False
        self._data.asked[key] = msgspec.structs.replace(row, answer=answer, answered_at=now)
        return True

    async def get(self, tenant: str, job_id: UUID, kind: InspectionKind) -> Inspection | None:
        found = [one for one in self._of(tenant, [job_id]) if one.kind == kind]
        return found[0] if found else None

    async def list_of(self, tenant: str, job_ids: Sequence[UUID]) -> list[Inspection]:
        return [msgspec.structs.replace(one, raw_answer=None) for one in self._of(tenant, job_ids)]

    def _of(self, tenant: str, job_ids: Sequence[UUID]) -> list[Inspection]:
        found = []
        for (job_id, _), row in sorted(self._data.asked.items()):
            job = self._data.jobs.get(job_id)
            if job_id in job_ids and job is not None and job.new.tenant == tenant and job.deleted_at is None:
                found.append(self._view(row))
        return found

    def _view(self, row: Asked) -> Inspection:
        asked = row.question
        held = self._data.running.get(asked.job_id)
        place = Place(
            has_answer=row.answered_at is not None,
            is_late=row.until <= self._now(),
            is_held=held is not None and held.counters.lease_no == asked.lease_no,
        )
        return Inspection(
            id=asked.id,
            job_id=asked.job_id,
            kind=asked.kind,
            seconds=asked.seconds,
            state=state_of(place),
            asked_at=row.asked_at,
            asked_by=row.asked_by,
            worker_id=row.worker,
            answered_at=row.answered_at,
            raw_answer=row.answer,
        )


def questions_of(data: Data, worker_id: UUID, now: datetime) -> list[Question]:
    """Return the requests that a worker has not answered in time, by job."""
    waiting = sorted((key, row) for key, row in data.asked.items() if row.worker == worker_id)
    return [row.question for _, row in waiting if row.answered_at is None and row.until > now]


def forget_old(data: Data, now: datetime) -> int:
    """Delete the requests that are older than they are kept, and return how many."""
    old = [key for key, row in data.asked.items() if row.asked_at <= now - KEPT]
    for key in old:
        del data.asked[key]
    return len(old)
