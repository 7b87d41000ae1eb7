"""Requests for stacks and profiles on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from taskflowmq.core.audit import Caller
from taskflowmq.core.inspection import Inspection, InspectionKind, NewInspection, Question
from taskflowmq.stores.common.audit import ascii_text, inspection_act
from taskflowmq.stores.common.inspections import LOOKS, InspectionRow, inspection_of, waits
from taskflowmq.stores.postgres import rows
from taskflowmq.stores.postgres.audit import write_with_act
from taskflowmq.stores.postgres.pool import Pool
from taskflowmq.stores.postgres.queries import q


class PostgresInspections:
    """Implements :class:`~taskflowmq.ports.store.Inspections`."""

    def __init__(self, pool: Pool, now: Callable[[], datetime | None]) -> None:
        self._pool = pool
        self._now = now

    async def ask(self, tenant: str, job_id: UUID, new: NewInspection, *, by: Caller) -> Inspection | None:
        """Store a request for the worker that runs a job now; None if the job does not run."""
        act = inspection_act(job_id, new, by)
        for _ in range(LOOKS):
            wanted = (tenant, job_id, new.id, new.kind, new.seconds, new.patience_ms, ascii_text(by.actor))
            now = self._now()
            written = await write_with_act(self._pool, now, q.request_inspection, (now, *wanted), act)
            found = await self.get(tenant, job_id, new.kind)
            if found is None or written or waits(found) or found.id == new.id:
                return found
        return None

    async def answer(self, question: Question, answer: bytes) -> bool:
        """Store the answer of a worker; False if it is not wanted any more."""
        text = rows.ascii_json(answer).decode()
        wanted = (question.job_id, question.kind, question.id, text)
        return await self._pool.fetchrow(q.store_answer, self._now(), *wanted) is not None

    async def get(self, tenant: str, job_id: UUID, kind: InspectionKind) -> Inspection | None:
        """Return the last request of a kind with its answer; None: there is none."""
        found = await self._read(tenant, [job_id], kind, with_answer=True)
        return found[0] if found else None

    async def list_of(self, tenant: str, job_ids: Sequence[UUID]) -> list[Inspection]:
        """Return the requests of jobs, by job and kind, without their answers."""
        return await self._read(tenant, job_ids, None, with_answer=False)

    async def _read(
        self, tenant: str, job_ids: Sequence[UUID], kind: InspectionKind | None, *, with_answer: bool
    ) -> list[Inspection]:
        found = await self._pool.fetch(q.read_inspections, self._now(), tenant, list(job_ids), kind, with_answer)
        return [_inspection(row) for row in found]


def _inspection(row: Any) -> Inspection:
    columns: list[Any] = [*row]
    columns[8] = None if columns[8] is None else columns[8].encode()
    return inspection_of(InspectionRow(*columns))
