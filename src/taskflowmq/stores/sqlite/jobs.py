"""What readers see of jobs, and what users do to them by hand. A job is found by tenant and id."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from uuid import UUID

from taskflowmq.core.job import Attempts, JobFilter, JobView, Page, QueueRef, Reason, State
from taskflowmq.core.operations import Move
from taskflowmq.ports.store import PAGE_SLICE
from taskflowmq.stores.common.jobs import A, CommonJobs, Decide
from taskflowmq.stores.common.listing import id_bounds, that_fit, windows
from taskflowmq.stores.sqlite.job_steps import batch_of, cancel_ready, cancel_waiting, make_ready
from taskflowmq.stores.sqlite.notifier import SqliteNotifier
from taskflowmq.stores.sqlite.queries import q
from taskflowmq.stores.sqlite.reader import Reader
from taskflowmq.stores.sqlite.rows import attempt_view, job_view, to_us, zeros
from taskflowmq.stores.sqlite.stats import LISTED
from taskflowmq.stores.sqlite.steps import Step, Steps, run_steps
from taskflowmq.stores.sqlite.writer import Writer


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
        ids = sorted(set(job_ids))
        query = JobFilter(tenant=tenant)
        rows = await self._reader.run(lambda conn: _details(conn, [job_id.bytes for job_id in ids], query))
        return [job_view(row) for row in rows]

    async def attempts(self, tenant: str, job_id: UUID) -> Attempts:
        """Return a job's attempts that failed, crashed or snoozed, oldest first, and the current or final one."""

        def read(conn: sqlite3.Connection) -> list[tuple[object, ...]]:
            if _place(conn, tenant, job_id) is None:
                return []
            return conn.execute(q.list_attempts, {"job_id": job_id.bytes}).fetchall()

        return Attempts(attempt_view(row) for row in await self._reader.run(read))

    async def list_jobs(self, query: JobFilter, *, limit: int, before: UUID | None) -> Page:
        """Return jobs newest first, below ``before``. A page may be short; only ``next=None`` ends a list."""
        items, following = await self._reader.run(lambda conn: _page(conn, query, limit, before))
        return Page(items, None if following is None else UUID(bytes=following))

    async def _operate(self, decide: Decide[A], tenant: str, job_id: UUID, actor: str | None = None) -> A:
        def write(conn: sqlite3.Connection) -> tuple[A, str]:
            place = _place(conn, tenant, job_id)
            queue, state = ("", None) if place is None or place[1] is None else (place[0], State(place[1]))
            answer, move = decide(state)
            if move is not None and run_steps(conn, _move(move, job_id, self._now(), actor)) != 1:
                raise RuntimeError(f"job {job_id} has left its place in the middle of a transaction ({move.value})")
            return answer, queue if move is not None and move.makes_ready else ""

        answer, queue = await self._writer.run(write)
        if queue:
            await self._notifier.wake([QueueRef(tenant, queue)])
        return answer


def _move(move: Move, job_id: UUID, now: int, actor: str | None) -> Steps[int]:
    """Write a move in the transaction in which it was decided, and return how many jobs it found: 1.

    No other writer can have written in between.
    """
    params = {"job_id": job_id.bytes, "now": now}
    match move:
        case Move.CANCEL_READY:
            return (yield from cancel_ready(job_id.bytes, Reason.CANCELLED_BY_USER, now))
        case Move.CANCEL_WAITING:
            return (yield from cancel_waiting(job_id.bytes, Reason.CANCELLED_BY_USER, now))
        case Move.REQUEST_CANCEL:
            return (yield Step(q.request_cancel, {**params, "actor": actor})).changed
        case Move.BEGIN_ROUND:
            found = yield from make_ready(q.place_new_round, job_id.bytes, params)
            yield Step(q.delete_outcome_by_id, params)
            return found
        case Move.MAKE_DUE:
            found = yield from make_ready(q.place_due_now, job_id.bytes, params)
            yield Step(q.delete_waiting_jobs, batch_of(job_id.bytes))
            return found
        case Move.DELETE:
            found = (yield Step(q.delete_outcome_by_id, params)).changed
            yield Step(q.delete_attempts, params)
            yield Step(q.empty_job, params)
            return found


def _place(conn: sqlite3.Connection, tenant: str, job_id: UUID) -> tuple[str, str | None] | None:
    """Return a job's queue and state, or None if the tenant has no such job."""
    found: tuple[str, str | None] | None = conn.execute(
        q.find_place, {"tenant": tenant, "job_id": job_id.bytes}
    ).fetchone()
    return found


def _details(conn: sqlite3.Connection, ids: Sequence[bytes], query: JobFilter) -> list[tuple[object, ...]]:
    params = {
        "ids": b"".join(ids),
        "rows": zeros(len(ids)),
        "tenant": query.tenant,
        "queue": query.queue,
        "task": query.task,
        "tag": query.tag,
        "created_after": None if query.created_after is None else to_us(query.created_after),
        "created_before": None if query.created_before is None else to_us(query.created_before),
    }
    return conn.execute(q.get_jobs, params).fetchall()


def _page(
    conn: sqlite3.Connection, query: JobFilter, limit: int, before: UUID | None
) -> tuple[list[JobView], bytes | None]:
    """Read windows of ids, newest first, until a page is full or enough ids were read."""
    bounds = id_bounds(query)
    following = bounds.below.bytes if before is None else min(before, bounds.below).bytes
    params: dict[str, object] = {state.value: int(state in query.states) for state in LISTED}
    params["after"] = bounds.lowest.bytes
    statement = q.list_ids_by_state if query.states else q.list_jobs
    page: list[JobView] = []
    names = {"tenant": query.tenant, "queue": query.queue, "task": query.task}
    if not conn.execute(q.find_names, names).fetchone()[0]:
        return page, None
    size = 0
    for window in windows(limit):
        looked = conn.execute(statement, {**params, "before": following, "window": window}).fetchall()
        ids = [job_id for job_id, fits in looked if fits]
        for start in range(0, len(ids), PAGE_SLICE):
            part = ids[start : start + PAGE_SLICE]
            found = [job_view(row) for row in _details(conn, part, query)]
            count = that_fit(found, size)
            page += found[:count]
            if len(page) > limit:
                return page[:limit], page[limit - 1].id.bytes
            if count < len(found):
                return page, page[-1].id.bytes
            size += sum(view.weight for view in found)
        if len(looked) < window:
            return page, None
        following = looked[-1][0]
    return page, following
