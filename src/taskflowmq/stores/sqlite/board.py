"""What readers see and operators do. Everything about jobs is scoped by tenant: foreign ids are not found."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from uuid import UUID

from taskflowmq.core.ids import lowest_id
from taskflowmq.core.job import AttemptView, JobFilter, JobView, Page, State
from taskflowmq.ports.store import (
    MAX_PAGE_BYTES,
    PAGE_SLICE,
    CancelAnswer,
    DeleteAnswer,
    QueueView,
    RetryAnswer,
    StoreStats,
)
from taskflowmq.stores.sqlite.enqueue import cancel_steps, draw_positions
from taskflowmq.stores.sqlite.notifier import SqliteNotifier
from taskflowmq.stores.sqlite.queries import sql
from taskflowmq.stores.sqlite.reader import Reader
from taskflowmq.stores.sqlite.rows import attempt_view, from_us, job_view, maybe_time, to_us, zeros
from taskflowmq.stores.sqlite.steps import run_steps
from taskflowmq.stores.sqlite.writer import Writer

#: Up to this many jobs per state, counts are exact and counted at every call.
_MOST_COUNTED = 10_000
_COUNT_AGE_S = 2.0
_COUNT_SHARE = 20
#: Rows that one call of list_jobs looks at, at most, before it returns a short page.
_WINDOW = 500
_WINDOWS = 8
_ABOVE_ALL = b"\xff" * 17
_LISTED = (
    State.PENDING,
    State.RUNNING,
    State.SCHEDULED,
    State.RETRYING,
    State.COMPLETED,
    State.CANCELLED,
    State.DEAD,
)


class SqliteBoard:
    """Implements :class:`~taskflowmq.ports.store.Board`."""

    def __init__(
        self, writer: Writer, reader: Reader, slow_reader: Reader, notifier: SqliteNotifier, now: Callable[[], int]
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._slow = slow_reader
        self._notifier = notifier
        self._now = now
        self._counted: StoreStats | None = None
        self._counted_at = 0.0
        self._count_s = 0.0

    async def get(self, tenant: str, job_id: UUID) -> JobView | None:
        """Return one job, or None."""
        params = {"tenant": tenant, "job_id": job_id.bytes}
        rows = await self._reader.run(lambda conn: conn.execute(sql("get_job"), params).fetchall())
        return job_view(rows[0]) if rows else None

    async def get_many(self, tenant: str, job_ids: Sequence[UUID]) -> list[JobView]:
        """Return the jobs that exist among the ids, in id order."""
        ids = sorted(set(job_ids))
        query = JobFilter(tenant=tenant)
        rows = await self._reader.run(lambda conn: _details(conn, [job_id.bytes for job_id in ids], query))
        return [job_view(row) for row in rows]

    async def attempts(self, tenant: str, job_id: UUID) -> list[AttemptView]:
        """Return a job's attempts that failed, crashed or snoozed, oldest first, and the current or final one."""

        def read(conn: sqlite3.Connection) -> list[tuple[object, ...]]:
            if _place(conn, tenant, job_id) is None:
                return []
            return conn.execute(sql("list_attempts"), {"job_id": job_id.bytes}).fetchall()

        return [attempt_view(row) for row in await self._reader.run(read)]

    async def list_jobs(self, query: JobFilter, *, limit: int, before: UUID | None) -> Page:
        """Return jobs newest first, below ``before``. A page may be short; only ``next=None`` ends a list."""
        items, following = await self._reader.run(lambda conn: _page(conn, query, limit, before))
        return Page(items, None if following is None else UUID(bytes=following))

    async def stats(self) -> StoreStats:
        """Return counts per state and queue."""
        found = self._counted
        age_s = time.monotonic() - self._counted_at
        if found is not None and not found.exact and age_s < max(_COUNT_AGE_S, _COUNT_SHARE * self._count_s):
            return found
        began = time.monotonic()
        self._counted = found = await self._slow.run(lambda conn: _count(conn, self._now()))
        self._counted_at = time.monotonic()
        self._count_s = self._counted_at - began
        return found

    async def cancel(self, tenant: str, job_id: UUID, *, actor: str) -> CancelAnswer:
        """Cancel a job that has not started, or ask the worker of a running one."""

        def write(conn: sqlite3.Connection) -> CancelAnswer:
            place = _place(conn, tenant, job_id)
            if place is None:
                return CancelAnswer.NOT_FOUND
            if State(place[1]).final:
                return CancelAnswer.FINAL
            if run_steps(conn, cancel_steps(job_id, self._now())):
                return CancelAnswer.CANCELLED
            params = {"job_id": job_id.bytes, "now": self._now(), "actor": actor}
            conn.execute(sql("request_cancel"), params)
            return CancelAnswer.REQUESTED

        return await self._writer.run(write)

    async def retry(self, tenant: str, job_id: UUID) -> RetryAnswer:
        """Dead: new round (attempt, crashes, losses 0). Scheduled or retrying: due now. Otherwise conflict."""

        def write(conn: sqlite3.Connection) -> tuple[RetryAnswer, str]:
            place = _place(conn, tenant, job_id)
            if place is None:
                return RetryAnswer.NOT_FOUND, ""
            queue, state = place
            if state == State.DEAD:
                self._make_ready(conn, "retry_dead_job", "leave_outcome_by_id", job_id)
                return RetryAnswer.NEW_ROUND, queue
            if state in (State.SCHEDULED, State.RETRYING):
                self._make_ready(conn, "hasten_job", "leave_waiting_by_id", job_id)
                return RetryAnswer.DUE_NOW, queue
            return RetryAnswer.CONFLICT, ""

        answer, queue = await self._writer.run(write)
        if queue:
            await self._notifier.wake([queue])
        return answer

    async def delete(self, tenant: str, job_id: UUID) -> DeleteAnswer:
        """Delete an ended job. Its bare id is kept for 24 h, so that a repeated enqueue stays a no-op."""

        def write(conn: sqlite3.Connection) -> DeleteAnswer:
            place = _place(conn, tenant, job_id)
            if place is None:
                return DeleteAnswer.NOT_FOUND
            if not State(place[1]).final:
                return DeleteAnswer.CONFLICT
            params = {"job_id": job_id.bytes}
            conn.execute(sql("leave_outcome_by_id"), params)
            conn.execute(sql("delete_attempts"), params)
            conn.execute(sql("delete_job"), {**params, "now": self._now()})
            return DeleteAnswer.DELETED

        return await self._writer.run(write)

    async def list_queues(self) -> list[QueueView]:
        """Return every queue, by name."""
        return (await self.stats()).queues

    async def pause(self, queue: str) -> None:
        """Stop claims from a queue; running jobs go on. Creates the queue if it is new."""

        def write(conn: sqlite3.Connection) -> None:
            conn.execute(sql("ensure_queue"), {"name": queue}).fetchall()
            conn.execute(sql("pause_queue"), {"name": queue, "now": self._now()})

        await self._writer.run(write)
        self._counted = None

    async def resume(self, queue: str) -> None:
        """Allow claims from a queue again."""
        await self._writer.run(lambda conn: conn.execute(sql("resume_queue"), {"name": queue}))
        self._counted = None
        await self._notifier.wake([queue])

    def _make_ready(self, conn: sqlite3.Connection, name: str, leave: str, job_id: UUID) -> None:
        seq = run_steps(conn, draw_positions(1))
        conn.execute(sql(name), {"job_id": job_id.bytes, "seq": seq, "now": self._now()})
        conn.execute(sql(leave), {"job_id": job_id.bytes})


def _place(conn: sqlite3.Connection, tenant: str, job_id: UUID) -> tuple[str, str] | None:
    """Return a job's queue and state, or None if the tenant has no such job."""
    found: tuple[str, str] | None = conn.execute(
        sql("find_place"), {"tenant": tenant, "job_id": job_id.bytes}
    ).fetchone()
    return found


def _details(conn: sqlite3.Connection, ids: Sequence[bytes], query: JobFilter) -> list[tuple[object, ...]]:
    params = {
        "ids": b"".join(ids),
        "rows": zeros(len(ids)),
        "tenant": query.tenant,
        "queue": query.queue,
        "task": query.task,
    }
    return conn.execute(sql("get_jobs"), params).fetchall()


def _page(
    conn: sqlite3.Connection, query: JobFilter, limit: int, before: UUID | None
) -> tuple[list[JobView], bytes | None]:
    """Look through windows of ids, newest first, until a page is full or enough has been looked at."""
    following: bytes = _ABOVE_ALL if before is None else before.bytes
    if query.created_before is not None:
        following = min(following, lowest_id(to_us(query.created_before) // 1000).bytes)
    # Ids count milliseconds: the first one after a moment within a millisecond belongs to the next.
    after = b"" if query.created_after is None else lowest_id(-(-to_us(query.created_after) // 1000)).bytes
    params: dict[str, object] = {state.value: int(state in query.states) for state in _LISTED}
    params |= {"after": after, "window": _WINDOW}
    statement = sql("list_ids_by_state" if query.states else "list_jobs")
    page: list[JobView] = []
    size = 0
    for _ in range(_WINDOWS):
        ids = [row[0] for row in conn.execute(statement, {**params, "before": following}).fetchall()]
        for start in range(0, len(ids), PAGE_SLICE):
            part = ids[start : start + PAGE_SLICE]
            found = [job_view(row) for row in _details(conn, part, query)]
            page += found
            size += sum(view.weight for view in found)
            following = part[-1]
            if len(page) > limit:
                return page[:limit], page[limit - 1].id.bytes
            if size >= MAX_PAGE_BYTES:
                return page, following
        if len(ids) < _WINDOW:
            return page, None
    return page, following


def _count(conn: sqlite3.Connection, now: int) -> StoreStats:
    bounded = conn.execute(sql("count_states"), {"most": _MOST_COUNTED + 1}).fetchone()
    states = dict.fromkeys((state.value for state in _LISTED), 0)
    states.update(conn.execute(sql("count_states_exactly")).fetchall())
    queues: dict[str, QueueView] = {}
    for name, paused_at, state, jobs, oldest in conn.execute(sql("list_queues")).fetchall():
        seen = queues.get(name)
        counts = seen.states if seen else {}
        if state is not None:
            counts[state] = jobs
        age = seen.oldest_ready_age if seen else None
        if oldest is not None:
            age = max(now - oldest, 0) / 1_000_000
        queues[name] = QueueView(name=name, paused_at=maybe_time(paused_at), states=counts, oldest_ready_age=age)
    exact = max(bounded) <= _MOST_COUNTED
    return StoreStats(states=states, queues=list(queues.values()), as_of=from_us(now), exact=exact)
