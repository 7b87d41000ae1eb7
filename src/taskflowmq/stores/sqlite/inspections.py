"""Requests for stacks and profiles in a SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from taskflowmq.core.audit import Caller
from taskflowmq.core.inspection import Inspection, InspectionKind, NewInspection, Question
from taskflowmq.stores.common.audit import ascii_text, inspection_act
from taskflowmq.stores.common.inspections import InspectionRow, inspection_of, waits
from taskflowmq.stores.sqlite.audit import append_act
from taskflowmq.stores.sqlite.queries import q
from taskflowmq.stores.sqlite.reader import Reader
from taskflowmq.stores.sqlite.rows import from_us, join_ids, maybe_bytes, maybe_time, to_json
from taskflowmq.stores.sqlite.writer import Writer


class SqliteInspections:
    """Implements :class:`~taskflowmq.ports.store.Inspections`."""

    def __init__(self, writer: Writer, reader: Reader, now: Callable[[], int]) -> None:
        self._writer = writer
        self._reader = reader
        self._now = now

    async def ask(self, tenant: str, job_id: UUID, new: NewInspection, *, by: Caller) -> Inspection | None:
        """Store a request for the worker that runs a job now; None if the job does not run."""
        params = {
            "tenant": tenant,
            "job_id": job_id.bytes,
            "id": new.id.bytes,
            "kind": new.kind,
            "seconds": new.seconds,
            "patience_ms": new.patience_ms,
            "actor": ascii_text(by.actor),
        }

        def write(conn: sqlite3.Connection) -> Inspection | None:
            now = self._now()
            written = conn.execute(q.request_inspection, {**params, "now": now}).fetchall()
            if written:
                append_act(conn, now, inspection_act(job_id, new, by))
            found = _read(conn, now, tenant, [job_id], new.kind, with_answer=True)
            # Of one that was answered before, the job does not run any more.
            return found[0] if found and (written or waits(found[0]) or found[0].id == new.id) else None

        return await self._writer.run(write)

    async def answer(self, question: Question, answer: bytes) -> bool:
        """Store the answer of a worker; False if it is not wanted any more."""
        params = {
            "job_id": question.job_id.bytes,
            "kind": question.kind,
            "id": question.id.bytes,
            "answer": answer.decode(),
        }
        rows = await self._writer.run(
            lambda conn: conn.execute(q.store_answer, {**params, "now": self._now()}).fetchall()
        )
        return bool(rows)

    async def get(self, tenant: str, job_id: UUID, kind: InspectionKind) -> Inspection | None:
        """Return the last request of a kind with its answer; None: there is none."""
        found = await self._reader.run(lambda conn: _read(conn, self._now(), tenant, [job_id], kind, with_answer=True))
        return found[0] if found else None

    async def list_of(self, tenant: str, job_ids: Sequence[UUID]) -> list[Inspection]:
        """Return the requests of jobs, by job and kind, without their answers."""
        return await self._reader.run(lambda conn: _read(conn, self._now(), tenant, job_ids, None, with_answer=False))


def _read(
    conn: sqlite3.Connection,
    now: int,
    tenant: str,
    job_ids: Sequence[UUID],
    kind: InspectionKind | None,
    *,
    with_answer: bool,
) -> list[Inspection]:
    params = {
        "now": now,
        "tenant": tenant,
        "ids": join_ids(job_ids),
        "rows": to_json([0] * len(job_ids)),
        "kind": kind,
        "with_answer": with_answer,
    }
    return [_inspection(row) for row in conn.execute(q.read_inspections, params).fetchall()]


def _inspection(row: Any) -> Inspection:
    number, job_id, kind, seconds, asked_at, asked_by, worker_id, answered_at, answer, *place = row
    columns: list[Any] = [UUID(bytes=number), UUID(bytes=job_id), kind, seconds, from_us(asked_at), asked_by]
    columns += [UUID(bytes=worker_id), maybe_time(answered_at), maybe_bytes(answer), *place]
    return inspection_of(InspectionRow(*columns))
