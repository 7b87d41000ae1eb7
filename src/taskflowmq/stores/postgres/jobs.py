"""What readers see of jobs, and what users do to them by hand. A job is found by tenant and id."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from taskflowmq.core import operations
from taskflowmq.core.attempts import Attempts
from taskflowmq.core.bulk import Counted
from taskflowmq.core.filter_match import JobFacts, Needles, Needs
from taskflowmq.core.job import FINAL, JobFilter, JobView, QueueRef, Sort, State
from taskflowmq.core.operations import MOST_LOOKS, LaneName, Move
from taskflowmq.core.rows import READ_ARGS, READ_ERROR, JobRow
from taskflowmq.core.waiting import MOST_AHEAD
from taskflowmq.stores.common.jobs import A, CommonJobs, Place, Plan, Write
from taskflowmq.stores.common.listing import Stretch, Window
from taskflowmq.stores.postgres import rows
from taskflowmq.stores.postgres.audit import write_with_acts
from taskflowmq.stores.postgres.names import Names
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
    Move.CHANGE_LANE_READY: q.move_ready_jobs,
    Move.CHANGE_LANE_WAITING: q.move_waiting_jobs,
    Move.DELETE: q.delete_jobs,
}


class Lanes(NamedTuple):
    """The lanes of jobs that are moved, by their numbers.

    Args:
        old: in which each is expected; one that has another is left.
        new: of each.
    """

    old: Sequence[int]
    new: Sequence[int]


def move_statement(
    move: Move,
    now: datetime | None,
    ids: Sequence[UUID],
    states: Collection[State],
    actor: str | None,
    due: datetime | None = None,
    lanes: Lanes | None = None,
) -> tuple[Any, ...]:
    """Return the statement that makes a move, with its arguments.

    Args:
        move: what to write.
        now: the store's time, None for the database's.
        ids: of the jobs, in order.
        states: in which a job may be that is deleted.
        actor: the caller, where that is stored.
        due: the new time of jobs that wait for another one.
        lanes: those of jobs that are moved, in the order of their ids.
    """
    if move in (Move.PARK, Move.SET_DUE):
        return (_STATEMENTS[move], ids, due)
    if lanes is not None and move is Move.CHANGE_LANE_WAITING:
        return (_STATEMENTS[move], ids, *lanes)
    if lanes is not None and move is Move.CHANGE_LANE_READY:
        return (_STATEMENTS[move], now, ids, *lanes)
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
        names: Names,
        notifier: PostgresNotifier,
        now: Callable[[], datetime | None],
    ) -> None:
        self._pool = pool
        self._names = names
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

    async def _operate(self, plan: Plan[A], tenant: str, job_id: UUID, actor: str | None = None) -> A:
        for _ in range(MOST_LOOKS):
            row = await self._pool.fetchrow(q.find_places, tenant, [job_id])
            place = None if row is None else place_of(row)
            planned = plan(place)
            if place is None or not planned.writes:
                return planned.answer
            statements = [await self._statement(write, tenant, job_id, place, actor) for write in planned.writes]
            acts = [write.act for write in planned.writes if write.act is not None]
            if await write_with_acts(self._pool, self._now(), statements, acts):
                if planned.makes_ready:
                    lane = planned.lane or place.lane
                    await self._notifier.wake([QueueRef(tenant, lane.queue)])
                return planned.answer
        raise operations.moving(job_id)

    async def _statement(
        self, write: Write, tenant: str, job_id: UUID, place: Place, actor: str | None
    ) -> tuple[Any, ...]:
        lanes = None
        if write.lane is not None:
            # Committed before it is used, as for a job that is enqueued: the lane stays if this job does not come.
            key = (tenant, *write.lane)
            lanes = Lanes([place.lane_id], [(await self._names.make((), [key])).lanes[key]])
        return move_statement(write.move, self._now(), [job_id], FINAL, actor, write.due, lanes)


def place_of(row: Any) -> Place:
    """Return where a job is, of a row of ``find_places``."""
    state = None if row["state"] is None else State(row["state"])
    return Place(state, LaneName(row["queue"], row["priority"], row["share"]), row["lane_id"])
