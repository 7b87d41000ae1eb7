"""What readers see of jobs, and what users do to them by hand. A job is found by tenant and id."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

import msgspec

from taskflowmq.core.attempts import Attempts
from taskflowmq.core.audit import Caller
from taskflowmq.core.bulk import Counted
from taskflowmq.core.filter_match import JobFacts, Needles, Needs
from taskflowmq.core.job import JobFilter, JobView, QueueRef, Reason, Sort, State
from taskflowmq.core.operations import Move
from taskflowmq.core.rows import READ_ARGS, READ_ERROR, JobRow
from taskflowmq.core.waiting import MOST_AHEAD
from taskflowmq.stores.common.audit import job_act
from taskflowmq.stores.common.jobs import A, CommonJobs, Decide
from taskflowmq.stores.common.listing import Stretch, Window
from taskflowmq.stores.sqlite.audit import append_act
from taskflowmq.stores.sqlite.job_steps import batch_of, cancel_ready, cancel_waiting, make_ready
from taskflowmq.stores.sqlite.notifier import SqliteNotifier
from taskflowmq.stores.sqlite.queries import q
from taskflowmq.stores.sqlite.reader import Reader
from taskflowmq.stores.sqlite.rows import (
    attempt_view,
    from_us,
    job_facts,
    job_row,
    job_view,
    join_ids,
    maybe_time,
    to_us,
    zeros,
)
from taskflowmq.stores.sqlite.stats import LISTED
from taskflowmq.stores.sqlite.steps import Step, Steps, run_steps
from taskflowmq.stores.sqlite.writer import Writer

_READ = MappingProxyType({"args_read": READ_ARGS, "error_read": READ_ERROR})


class SqliteJobs(CommonJobs):
    """Implements :class:`~taskflowmq.ports.store.Jobs`."""

    def __init__(self, writer: Writer, reader: Reader, notifier: SqliteNotifier, now: Callable[[], int]) -> None:
        self._writer, self._reader = writer, reader
        self._notifier = notifier
        self._now = now

    async def get(self, tenant: str, job_id: UUID) -> JobView | None:
        """Return one job, or None."""
        params = {"tenant": tenant, "job_id": job_id.bytes}
        rows = await self._reader.run(lambda conn: conn.execute(q.get_job, params).fetchall())
        return job_view(rows[0]) if rows else None

    async def get_many(self, tenant: str, job_ids: Sequence[UUID]) -> list[JobView]:
        """Return the jobs that exist among the ids, in id order."""
        rows = await self._reader.run(_reading(q.get_jobs, tenant, sorted(set(job_ids))))
        return [job_view(row) for row in rows]

    async def get_rows(self, tenant: str, job_ids: Sequence[UUID]) -> list[JobRow]:
        """Return the rows of the jobs that exist among the ids, in id order."""
        rows = await self._reader.run(_reading(q.get_rows, tenant, sorted(job_ids), _READ))
        return [job_row(row) for row in rows]

    async def attempts(self, tenant: str, job_id: UUID) -> Attempts:
        """Return a job's attempts that failed, crashed or snoozed, oldest first, and the current or final one."""

        def read(conn: sqlite3.Connection) -> list[tuple[Any, ...]]:
            if not places_of(conn, tenant, [job_id]):
                return []
            return conn.execute(q.list_attempts, {"job_id": job_id.bytes}).fetchall()

        found = await self._reader.run(read)
        return Attempts(map(attempt_view, found), maybe_time(found[0][-1]) if found else None)

    async def count_ahead(self, tenant: str, job_id: UUID, *, most: int = MOST_AHEAD) -> Counted | None:
        """Count the ready jobs that are claimed before a ready one of their queue; None: it is not ready."""
        params = {"tenant": tenant, "job_id": job_id.bytes, "most": most + 1}
        rows = await self._reader.run(lambda conn: conn.execute(q.count_ahead, params).fetchall())
        return Counted(min(rows[0][0], most), rows[0][0] <= most) if rows else None

    async def _read_facts(self, tenant: str, job_ids: Sequence[UUID], needs: Needs) -> list[JobFacts]:
        rows = await self._reader.run(_reading(q.read_facts, tenant, job_ids, needs._asdict()))
        return [job_facts(row) for row in rows]

    async def _time(self) -> datetime:
        return from_us(self._now())

    async def _find(self, query: JobFilter, needles: Needles, stretch: Stretch, size: int, most: int) -> Window:
        statement = q.list_jobs if query.sort is Sort.NEWEST else q.list_oldest_jobs
        names = {"tenant": query.tenant, "queue": query.queue, "task": query.task}
        params = {
            **{state.value: int(state in query.states) for state in LISTED},
            **names,
            **{name: None if at is None else to_us(at) for name, at in _times(query)},
            "any": int(not query.states),
            "tag": query.tag,
            "fingerprint": query.fingerprint,
            "worker": None if query.worker is None else query.worker.bytes,
            "start": stretch.start.bytes,
            "end": stretch.end.bytes,
            "needle": needles.args,
            "text": needles.text,
            "window": size,
            "most": most,
        }

        def read(conn: sqlite3.Connection) -> Window:
            if not conn.execute(q.find_names, names).fetchone()[0]:
                return Window([], 0, None)
            fit, looked, last = conn.execute(statement, params).fetchone()
            return Window(
                [UUID(text) for text in msgspec.json.decode(fit)], looked, None if last is None else UUID(bytes=last)
            )

        return await self._reader.run(read)

    async def _operate(
        self,
        decide: Decide[A],
        tenant: str,
        job_id: UUID,
        by: Caller | None,
        actor: str | None = None,
        due: datetime | None = None,
    ) -> A:
        def write(conn: sqlite3.Connection) -> tuple[A, str]:
            place = places_of(conn, tenant, [job_id]).get(job_id)
            queue, state = ("", None) if place is None else place
            answer, move = decide(state)
            if move is None or state is None:
                return answer, ""
            now = self._now()
            run_steps(conn, move_jobs(move, [job_id], now, actor, due))
            if by is not None:
                append_act(conn, now, job_act(move, job_id, queue, state, answer, by, due))
            return answer, queue if move.makes_ready else ""

        answer, queue = await self._writer.run(write)
        if queue:
            await self._notifier.wake([QueueRef(tenant, queue)])
        return answer


def move_jobs(move: Move, ids: Sequence[UUID], now: int, actor: str | None, due: datetime | None = None) -> Steps[None]:
    """Write a move of jobs in the transaction in which it was decided: no other writer can have written in between.

    Raises:
        RuntimeError: a job has left its place in the middle of the transaction.
    """
    for step in move.steps:
        found = yield from _written(step, join_ids(ids), now, actor, None if due is None else to_us(due))
        if found != len(ids):
            raise RuntimeError(f"{len(ids)} jobs were to move ({step.value}), but {found} were in their place")


def _written(move: Move, ids: bytes, now: int, actor: str | None, due: int | None) -> Steps[int]:
    """Write a move, and return how many jobs it found."""
    params = {**batch_of(ids), "now": now, "due": due}
    match move:
        case Move.CANCEL_READY:
            return (yield from cancel_ready(ids, Reason.CANCELLED_BY_USER, now))
        case Move.CANCEL_WAITING:
            return (yield from cancel_waiting(ids, Reason.CANCELLED_BY_USER, now))
        case Move.REQUEST_CANCEL:
            return (yield Step(q.request_cancels, {**params, "actor": actor})).changed
        case Move.BEGIN_ROUND:
            found = yield from make_ready(q.place_new_rounds, ids, params)
            yield Step(q.delete_outcomes_by_id, params)
            return found
        case Move.MAKE_DUE:
            found = yield from make_ready(q.place_due_now, ids, params)
            yield Step(q.set_run_at, {**params, "due": now})
            yield Step(q.delete_waiting_jobs, params)
            return found
        case Move.PARK:
            found = (yield Step(q.place_later, params)).changed
            yield Step(q.delete_ready_jobs, params)
            yield Step(q.set_run_at, params)
            return found
        case Move.SET_DUE:
            found = (yield Step(q.set_due_at, params)).changed
            yield Step(q.set_run_at, params)
            return found
        case Move.DELETE:
            found = (yield Step(q.delete_outcomes_by_id, params)).changed
            yield Step(q.delete_attempts, params)
            yield Step(q.delete_lines, params)
            yield Step(q.empty_jobs, params)
            return found
        case Move.PURGE_READY | Move.PURGE_WAITING:
            raise ValueError(f"{move.value} is written as its steps")


def places_of(conn: sqlite3.Connection, tenant: str, ids: Sequence[UUID]) -> dict[UUID, tuple[str, State | None]]:
    """Return the queue and the state of those jobs that the tenant has; no state: the job is nowhere."""
    params = {"tenant": tenant, **batch_of(join_ids(ids))}
    found = msgspec.json.decode(conn.execute(q.find_places, params).fetchone()[0])
    return {ids[number]: (queue, None if state is None else State(state)) for number, queue, state in found}


def _reading(
    statement: str, tenant: str, ids: Sequence[UUID], more: Mapping[str, int] = MappingProxyType({})
) -> Callable[[sqlite3.Connection], list[tuple[object, ...]]]:
    """Return what reads jobs of a tenant by their ids."""
    params = {"ids": join_ids(ids), "rows": zeros(len(ids)), "tenant": tenant, **more}
    return lambda conn: conn.execute(statement, params).fetchall()


def _times(query: JobFilter) -> Iterator[tuple[str, datetime | None]]:
    yield "created_after", query.created_after
    yield "created_before", query.created_before
    yield "finished_after", query.finished_after
    yield "finished_before", query.finished_before
