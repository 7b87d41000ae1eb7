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
from taskflowmq.core.bulk import Counted
from taskflowmq.core.filter_match import JobFacts, Needles, Needs
from taskflowmq.core.job import JobFilter, JobView, QueueRef, Reason, Sort, State
from taskflowmq.core.operations import LaneName, Move
from taskflowmq.core.rows import READ_ARGS, READ_ERROR, JobRow
from taskflowmq.core.waiting import MOST_AHEAD
from taskflowmq.stores.common.jobs import A, CommonJobs, Place, Plan
from taskflowmq.stores.common.listing import Stretch, Window
from taskflowmq.stores.sqlite.audit import append_act
from taskflowmq.stores.sqlite.job_steps import batch_of, cancel_ready, cancel_waiting, make_ready
from taskflowmq.stores.sqlite.names import Names
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
    to_json,
    to_us,
    zeros,
)
from taskflowmq.stores.sqlite.stats import LISTED
from taskflowmq.stores.sqlite.steps import Step, Steps, run_steps
from taskflowmq.stores.sqlite.writer import Writer

_READ = MappingProxyType({"args_read": READ_ARGS, "error_read": READ_ERROR})


class SqliteJobs(CommonJobs):
    """Implements :class:`~taskflowmq.ports.store.Jobs`."""

    def __init__(
        self, threads: tuple[Writer, Reader], names: Names, notifier: SqliteNotifier, now: Callable[[], int]
    ) -> None:
        self._writer, self._reader = threads
        self._names = names
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

    async def _operate(self, plan: Plan[A], tenant: str, job_id: UUID, actor: str | None = None) -> A:
        def write(conn: sqlite3.Connection) -> tuple[A, str]:
            place = places_of(conn, tenant, [job_id]).get(job_id)
            planned = plan(place)
            if place is None:
                return planned.answer, ""
            now = self._now()
            for one in planned.writes:
                lanes = None
                if one.lane is not None:
                    lanes = [run_steps(conn, lane_of(self._names, tenant, one.lane, now))]
                run_steps(conn, move_jobs(one.move, [job_id], now, actor, one.due, lanes))
                if one.act is not None:
                    append_act(conn, now, one.act)
            return planned.answer, (planned.lane or place.lane).queue if planned.makes_ready else ""

        answer, queue = await self._writer.run(write)
        if queue:
            await self._notifier.wake([QueueRef(tenant, queue)])
        return answer


def lane_of(names: Names, tenant: str, lane: LaneName, now: int) -> Steps[int]:
    """Return the number of a lane of a tenant, made if it is new, as for a job that is enqueued."""
    tenant_id = yield from names.tenant(tenant)
    return (yield from names.lane((tenant_id, *lane), now))


def move_jobs(
    move: Move,
    ids: Sequence[UUID],
    now: int,
    actor: str | None,
    due: datetime | None = None,
    lanes: Sequence[int] | None = None,
) -> Steps[None]:
    """Write a move of jobs in the transaction in which it was decided: no other writer can have written in between.

    Args:
        move: what to write.
        ids: of the jobs.
        now: the store's time.
        actor: the caller, where that is stored.
        due: the new time of jobs that wait for another one.
        lanes: the number of the new lane of each job that is moved.

    Raises:
        RuntimeError: a job has left its place in the middle of the transaction.
    """
    more = {"due": None if due is None else to_us(due), "lanes": None if lanes is None else to_json(lanes)}
    for step in move.steps:
        found = yield from _written(step, join_ids(ids), {"now": now, **more}, actor)
        if found != len(ids):
            raise RuntimeError(f"{len(ids)} jobs were to move ({step.value}), but {found} were in their place")


def _written(move: Move, ids: bytes, given: Mapping[str, Any], actor: str | None) -> Steps[int]:
    """Write a move, and return how many jobs it found."""
    params, now = {**batch_of(ids), **given}, given["now"]
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
        case Move.CHANGE_LANE_READY:
            # The row goes before it comes back: its position is new, and a statement of SQLite reads what it writes.
            reply = yield Step(q.read_ready_jobs, params)
            found = (yield Step(q.delete_ready_jobs, params)).changed
            yield Step(q.set_lanes, params)
            yield from make_ready(q.place_in_lanes, ids, {**params, "jobs": reply.rows[0][0]})
            return found
        case Move.CHANGE_LANE_WAITING:
            # The lane of a waiting job is that of its own row.
            return (yield Step(q.set_lanes, params)).changed
        case Move.DELETE:
            found = (yield Step(q.delete_outcomes_by_id, params)).changed
            yield Step(q.delete_attempts, params)
            yield Step(q.delete_lines, params)
            yield Step(q.empty_jobs, params)
            return found
        case Move.PURGE_READY | Move.PURGE_WAITING:
            raise ValueError(f"{move.value} is written as its steps")


def places_of(conn: sqlite3.Connection, tenant: str, ids: Sequence[UUID]) -> dict[UUID, Place]:
    """Return where those jobs are that the tenant has; no state: the job is nowhere."""
    params = {"tenant": tenant, **batch_of(join_ids(ids))}
    found = msgspec.json.decode(conn.execute(q.find_places, params).fetchone()[0])
    return {
        ids[number]: Place(None if state is None else State(state), LaneName(*lane), lane_id)
        for number, *lane, lane_id, state in found
    }


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
