"""What readers see of jobs, and what users do to them by hand. A job is found by tenant and id."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from taskflowmq.core import operations
from taskflowmq.core.attempts import Attempts
from taskflowmq.core.audit import Caller
from taskflowmq.core.bulk import Counted
from taskflowmq.core.filter_match import JobFacts, Needles, Needs
from taskflowmq.core.job import FINAL, JobFilter, JobView, QueueRef, Sort, State
from taskflowmq.core.operations import MOST_LOOKS, Move
from taskflowmq.core.rows import READ_ARGS, READ_ERROR, JobRow
from taskflowmq.core.waiting import MOST_AHEAD
from taskflowmq.stores.common.audit import job_act
from taskflowmq.stores.common.jobs import A, CommonJobs, Decide
from taskflowmq.stores.common.listing import Stretch, Window
from taskflowmq.stores.postgres import rows
from taskflowmq.stores.postgres.audit import write_with_act
from taskflowmq.stores.postgres.notifier import PostgresNotifier
from taskflowmq.stores.postgres.pool import Pool
from taskflowmq.stores.postgres.queries import q

#: Each returns the jobs that were still in the place that the move was decided for.
_STATEMENTS = {
    Move.CANCEL_READY: q.cancel_ready_jobs,
    Move.CANCEL_WAITING: q.cancel_waiting_jobs,
    Move.REQUEST_CANCEL: q.request_cancels,
    Move.BEGIN_ROUND: q.retry_dead_jobs,
    Move.MAKE_DUE: q.make_due_now,
    Move.PARK: q.park_ready_jobs,
    Move.SET_DUE: q.set_due_of_waiting,
    Move.DELETE: q.delete_jobs,
}


def move_statement(
    move: Move,
    now: datetime | None,
    ids: Sequence[UUID],
    states: Collection[State],
    actor: str | None,
    due: datetime | None = None,
) -> tuple[Any, ...]:
    """Return the statement that makes a move, with its arguments.

    Args:
        move: what to write.
        now: the store's time, None for the database's.
        ids: of the jobs, in order.
        states: in which a job may be that is deleted.
        actor: the caller, where that is stored.
        due: the new time of jobs that wait for another one.
    """
    if move in (Move.PARK, Move.SET_DUE):
        return (_STATEMENTS[move], ids, due)
    more: tuple[Any, ...] = ()
    if move is Move.REQUEST_CANCEL:
        more = (actor,)
    elif move is Move.DELETE:
        more = ([str(state) for state in states],)
    return (_STATEMENTS[move], now, ids, *more)


class PostgresJobs(CommonJobs):
    """Jobs on PostgreSQL."""

    def __init__(
        self,
        pool: Pool,
        notifier: PostgresNotifier,
        now: Callable[[], datetime | None],
    ) -> None:
        self._pool = pool
        self._notifier = notifier
        self._now = now

    async def get(self, tenant: str, job_id: UUID) -> JobView | None:
        """Return one job, or None."""
        row = await self._pool.fetchrow(q.get_job, tenant, job_id)
        return rows.job_view(row) if row is not None else None

    async def get_many(self, tenant: str, job_ids: Sequence[UUID]) -> list[JobView]:
        """Return the jobs that exist among the ids, in id order."""
        return [rows.job_view(row) for row in await self._pool.fetch(q.get_jobs, tenant, sorted(set(job_ids)))]

    async def attempts(self, tenant: str, job_id: UUID) -> Attempts:
        """Return a job's attempts that failed, crashed or snoozed, oldest first, and the current or final one."""
        found = await self._pool.fetch(q.list_attempts, tenant, job_id)
        return Attempts(map(rows.attempt_view, found), found[0]["due_at"] if found else None)

    async def get_rows(self, tenant: str, job_ids: Sequence[UUID]) -> list[JobRow]:
        """Return the rows of the jobs that exist among the ids, in id order."""
        found = await self._pool.fetch(q.get_rows, tenant, sorted(job_ids), READ_ARGS, READ_ERROR)
        return [rows.job_row(row) for row in found]

    async def count_ahead(self, tenant: str, job_id: UUID, *, most: int = MOST_AHEAD) -> Counted | None:
        """Count the ready jobs that are claimed before a ready one of their queue; None: it is not ready."""
        found = await self._pool.fetchval(q.count_ahead, tenant, job_id, most + 1)
        return None if found is None else Counted(min(found, most), found <= most)

    async def _read_facts(self, tenant: str, job_ids: Sequence[UUID], needs: Needs) -> list[JobFacts]:
        return [rows.job_facts(row) for row in await self._pool.fetch(q.read_facts, tenant, job_ids, *needs)]

    async def _time(self) -> datetime:
        now: datetime = await self._pool.fetchval(q.read_now, self._now())
        return now

    async def _find(self, query: JobFilter, needles: Needles, stretch: Stretch, size: int, most: int) -> Window:
        row = await self._pool.fetchrow(
            q.list_jobs if query.sort is Sort.NEWEST else q.list_oldest_jobs,
            [str(state) for state in query.states],
            stretch.start,
            size,
            stretch.end,
            query.tenant,
            query.queue,
            query.task,
            query.created_after,
            query.created_before,
            most,
            query.tag,
            query.worker,
            query.finished_after,
            query.finished_before,
            *needles,
            query.fingerprint,
        )
        return Window(row["fit"], row["looked"], row["last"])

    async def _operate(
        self,
        decide: Decide[A],
        tenant: str,
        job_id: UUID,
        by: Caller | None,
        actor: str | None = None,
        due: datetime | None = None,
    ) -> A:
        for _ in range(MOST_LOOKS):
            place = await self._pool.fetchrow(q.find_places, tenant, [job_id])
            state = None if place is None or place["state"] is None else State(place["state"])
            answer, move = decide(state)
            if move is None or state is None:
                return answer
            statement, *args = move_statement(move, self._now(), [job_id], FINAL, actor, due)
            act = None if by is None else job_act(move, job_id, place["queue"], state, answer, by, due)
            if await write_with_act(self._pool, self._now(), statement, args, act):
                if move.makes_ready:
                    await self._notifier.wake([QueueRef(tenant, place["queue"])])
                return answer
        raise operations.moving(job_id)
