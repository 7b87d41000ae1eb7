"""What readers see of jobs, and what users do to them by hand. A job is found by tenant and id."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from taskflowmq.core import operations
from taskflowmq.core.job import Attempts, JobFilter, JobView, Page, QueueRef, State
from taskflowmq.core.operations import MOST_LOOKS, Move
from taskflowmq.ports.store import PAGE_SLICE
from taskflowmq.stores.common.jobs import A, CommonJobs, Decide
from taskflowmq.stores.common.listing import id_bounds, that_fit, windows
from taskflowmq.stores.postgres import rows
from taskflowmq.stores.postgres.notifier import PostgresNotifier
from taskflowmq.stores.postgres.pool import Pool
from taskflowmq.stores.postgres.queries import q

#: Each returns no row where the job has left the place that the move was decided for.
_STATEMENTS = {
    Move.CANCEL_READY: q.cancel_ready_job,
    Move.CANCEL_WAITING: q.cancel_waiting_job,
    Move.REQUEST_CANCEL: q.request_cancel,
    Move.BEGIN_ROUND: q.retry_dead_job,
    Move.MAKE_DUE: q.make_due_now,
    Move.DELETE: q.delete_job,
}


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
        return Attempts(rows.attempt_view(row) for row in await self._pool.fetch(q.list_attempts, tenant, job_id))

    async def list_jobs(self, query: JobFilter, *, limit: int, before: UUID | None) -> Page:
        """Return jobs newest first, below ``before``. A page may be short; only ``next=None`` ends a list."""
        found, following = await self._find(query, limit, before)
        items: list[JobView] = []
        shown = size = 0
        while shown < min(limit, len(found)):
            part = found[shown : min(shown + PAGE_SLICE, limit)]
            views = (await self.get_many(query.tenant, part))[::-1]
            count = that_fit(views, size)
            # A job may have moved between the statements: only jobs that the filter asked for are shown.
            items += [view for view in views[:count] if not query.states or view.state in query.states]
            if count < len(views):
                return Page(items, views[count - 1].id if count else found[shown - 1])
            size += sum(view.weight for view in views)
            shown += len(part)
        return Page(items, found[shown - 1] if shown < len(found) else following)

    async def _find(self, query: JobFilter, limit: int, before: UUID | None) -> tuple[list[UUID], UUID | None]:
        """Return ids that fit, newest first, if possible one more than a page takes, and where the search ended."""
        bounds = id_bounds(query)
        below = bounds.below if before is None else min(before, bounds.below)
        states = [str(state) for state in query.states]
        wanted = (query.tenant, query.queue, query.task, query.created_after, query.created_before)
        found: list[UUID] = []
        for size in windows(limit):
            most = limit + 1 - len(found)
            row = await self._pool.fetchrow(q.list_jobs, states, below, size, bounds.lowest, *wanted, most, query.tag)
            found += row["fit"]
            if len(found) > limit:
                break
            if row["looked"] < size:
                return found, None
            below = row["last"]
        return found, below

    async def _operate(self, decide: Decide[A], tenant: str, job_id: UUID, actor: str | None = None) -> A:
        for _ in range(MOST_LOOKS):
            place = await self._pool.fetchrow(q.find_job, tenant, job_id)
            answer, move = decide(None if place is None or place["state"] is None else State(place["state"]))
            if move is None:
                return answer
            args = (self._now(), job_id, actor) if move is Move.REQUEST_CANCEL else (self._now(), job_id)
            if await self._pool.fetchrow(_STATEMENTS[move], *args) is not None:
                if move.makes_ready:
                    await self._notifier.wake([QueueRef(tenant, place["queue"])])
                return answer
        raise operations.moving(job_id)
