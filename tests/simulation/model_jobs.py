"""What readers see of jobs, and what users do to them, in the model."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from itertools import accumulate
from typing import Any
from uuid import UUID

import msgspec
from tests.simulation.rows import Data, Ended, Ready, Running, Waiting

from taskflowmq.core import operations
from taskflowmq.core.attempts import Attempts, AttemptView
from taskflowmq.core.audit import Caller
from taskflowmq.core.bulk import COUNT_S, MOST_COUNTED, Counted
from taskflowmq.core.filter_match import matcher
from taskflowmq.core.job import (
    Counters,
    JobFilter,
    JobView,
    Page,
    QueueRef,
    Reason,
    Sort,
    State,
)
from taskflowmq.core.operations import (
    CancelAnswer,
    DeleteAnswer,
    LaneName,
    Move,
    MoveAnswer,
    NewLane,
    NewTime,
    RescheduleAnswer,
    RetryAnswer,
)
from taskflowmq.core.rows import JobRow
from taskflowmq.core.waiting import MOST_AHEAD
from taskflowmq.ports.store import FIRST_LOOK, MAX_PAGE_BYTES, SEARCH_S
from taskflowmq.stores.common.audit import job_act, lane_act
from taskflowmq.testing.as_stored import job_view, row_of


class ModelJobs:
    """Reading and steering."""

    def __init__(
        self, data: Data, now: Callable[[], datetime], wake: Callable[[Sequence[QueueRef]], Awaitable[None]]
    ) -> None:
        self._data, self._now, self._wake = data, now, wake

    async def get(self, tenant: str, job_id: UUID) -> JobView | None:
        return self._view(job_id) if self._seen(tenant, job_id) else None

    async def get_many(self, tenant: str, job_ids: Sequence[UUID]) -> list[JobView]:
        return [self._view(job_id) for job_id in sorted(set(job_ids)) if self._seen(tenant, job_id)]

    async def attempts(self, tenant: str, job_id: UUID) -> Attempts:
        if not self._seen(tenant, job_id):
            return Attempts()
        data = self._data
        found = [
            AttemptView(
                round=row.round,
                attempt=row.attempt,
                lease_no=row.lease_no,
                worker=str(row.worker),
                **self._where(row.worker),
                started_at=row.started_at,
                finished_at=row.finished_at,
                outcome=row.ended,
                raw_error=row.error,
            )
            for (owner, _), row in data.tried.items()
            if owner == job_id
        ]
        last = data.running.get(job_id) or data.ended.get(job_id)
        if last is not None and last.started_at is not None and (job_id, last.counters.lease_no) not in data.tried:
            found.append(self._last_attempt(last))
        if untold := data.untold.get(job_id):
            found.append(_untold(untold))
        job = data.jobs[job_id]
        return Attempts(sorted(found, key=lambda view: view.lease_no), max(job.created_at, job.run_at))

    async def list_jobs(
        self, query: JobFilter, *, limit: int, before: UUID | None, seconds: float = SEARCH_S
    ) -> Page[JobView]:
        newest = query.sort is Sort.NEWEST
        ids = [one for one in self._data.jobs if before is None or (one < before if newest else one > before)]
        looked = sorted(ids, reverse=newest)
        # Without time for more, a store looks at the first jobs only. Which of those without an index of their own are
        # looked at depends on the places; the model looks at all of them.
        ended = len(looked) <= max(limit + 1, FIRST_LOOK) or seconds > 0
        looked = looked if ended else looked[: max(limit + 1, FIRST_LOOK)]
        found = [view for job_id in looked if (view := self._wanted(query, job_id))]
        fit = sum(size <= MAX_PAGE_BYTES for size in accumulate(view.weight for view in found))
        end = min(limit, max(fit, 1))
        following = found[end - 1].id if len(found) > end else None if ended else looked[-1]
        return Page(found[:end], following, len(looked), following is None or len(found) >= limit)

    async def list_rows(
        self, query: JobFilter, *, limit: int, before: UUID | None, seconds: float = SEARCH_S
    ) -> Page[JobRow]:
        page = await self.list_jobs(query, limit=limit, before=before, seconds=seconds)
        return Page([row_of(view) for view in page.items], page.next, page.looked_at, page.complete)

    async def get_rows(self, tenant: str, job_ids: Sequence[UUID]) -> list[JobRow]:
        return [row_of(view) for view in await self.get_many(tenant, job_ids)]

    async def count(self, query: JobFilter, *, most: int = MOST_COUNTED, seconds: float = COUNT_S) -> Counted:
        found = sum(self._wanted(query, job_id) is not None for job_id in self._data.jobs)
        return Counted(min(found, most), found <= most)

    async def count_ahead(self, tenant: str, job_id: UUID, *, most: int = MOST_AHEAD) -> Counted | None:
        ready, jobs = self._data.ready, self._data.jobs
        if job_id not in ready or not self._seen(tenant, job_id):
            return None
        own, place = jobs[job_id].new, _position(ready[job_id])
        of_queue = [
            (jobs[one].new, _position(row)) for one, row in ready.items() if jobs[one].queue == jobs[job_id].queue
        ]
        found = sum(
            new.priority < own.priority or ((new.priority, new.share) == (own.priority, own.share) and position < place)
            for new, position in of_queue
        )
        return Counted(min(found, most), found <= most)

    async def cancel(self, tenant: str, job_id: UUID, *, actor: str, by: Caller | None = None) -> CancelAnswer:
        with self._audited(operations.cancel, tenant, job_id, by):
            return self._cancel(tenant, job_id)

    def _cancel(self, tenant: str, job_id: UUID) -> CancelAnswer:
        if not self._seen(tenant, job_id):
            return CancelAnswer.NOT_FOUND
        if job_id in self._data.ended:
            return CancelAnswer.FINAL
        if self._data.cancel_unstarted(job_id, "cancelled_by_user", self._now()):
            return CancelAnswer.CANCELLED
        held = self._data.running[job_id]
        if held.cancel_at is None:
            self._data.running[job_id] = msgspec.structs.replace(held, cancel_at=self._now())
        return CancelAnswer.REQUESTED

    async def retry(self, tenant: str, job_id: UUID, *, by: Caller | None = None) -> RetryAnswer:
        with self._audited(operations.retry, tenant, job_id, by):
            answer = self._retry(tenant, job_id)
        if answer in (RetryAnswer.NEW_ROUND, RetryAnswer.DUE_NOW):
            await self._wake([self._data.jobs[job_id].queue])
        return answer

    def _retry(self, tenant: str, job_id: UUID) -> RetryAnswer:
        if not self._seen(tenant, job_id):
            return RetryAnswer.NOT_FOUND
        data, now, job = self._data, self._now(), self._data.jobs[job_id]
        ended, waiting = data.ended.get(job_id), data.waiting.pop(job_id, None)
        if ended is not None and ended.state == "dead":
            del data.ended[job_id]
            counters = Counters(round=ended.counters.round + 1, lease_no=ended.counters.lease_no)
            still = job.expires_at if job.expires_at is not None and job.expires_at > now else None
            answer, flags, expires = RetryAnswer.NEW_ROUND, 0, still
        elif waiting is not None:
            counters, flags, expires = waiting.counters, waiting.flags, job.expires_at
            answer = RetryAnswer.DUE_NOW
            if not counters.lease_no:
                data.jobs[job_id] = msgspec.structs.replace(job, run_at=now)
        else:
            return RetryAnswer.CONFLICT
        data.ready[job_id] = Ready(
            batch=data.next_batch(), rank=0, ready_at=now, expires_at=expires, counters=counters, flags=flags
        )
        return answer

    async def reschedule(
        self, tenant: str, job_id: UUID, wanted: NewTime, *, by: Caller | None = None
    ) -> RescheduleAnswer:
        now = self._now()
        due = wanted.on(now)
        decide = partial(operations.reschedule, later=due > now)
        with self._audited(decide, tenant, job_id, by, due):
            answer, move = decide(State(state_of(self._data, job_id)) if self._seen(tenant, job_id) else None)
            data = self._data
            if move is Move.MAKE_DUE:
                self._retry(tenant, job_id)
            elif move is not None:
                place = data.ready.pop(job_id) if move is Move.PARK else data.waiting[job_id]
                why = place.why if isinstance(place, Waiting) else "scheduled"
                data.waiting[job_id] = Waiting(why=why, due_at=due, counters=place.counters, flags=place.flags)
                if not place.counters.lease_no:
                    data.jobs[job_id] = msgspec.structs.replace(data.jobs[job_id], run_at=due)
        if move is not None and move.makes_ready:
            await self._wake([self._data.jobs[job_id].queue])
        return answer

    async def move(
        self, tenant: str, job_id: UUID, lane: NewLane, *, wanted: NewTime | None = None, by: Caller | None = None
    ) -> MoveAnswer:
        data, now = self._data, self._now()
        state = State(state_of(data, job_id)) if self._seen(tenant, job_id) else None
        old = None if state is None else data.jobs[job_id].new
        before = None if old is None else LaneName(old.queue, old.priority, old.share)
        after = None if before is None else lane.of(before)
        answer, move = operations.move(state, there=before == after)
        if state is None or before is None or after is None or answer is MoveAnswer.CONFLICT:
            return answer
        if move is not None:
            if by is not None:
                data.note(now, lane_act(job_id, state, (before, after), answer, by))
            job = data.jobs[job_id]
            new = msgspec.structs.replace(job.new, queue=after.queue, priority=after.priority)
            data.jobs[job_id] = msgspec.structs.replace(job, new=new)
            data.queues.setdefault(QueueRef(tenant, after.queue), None)
            data.used[QueueRef(tenant, after.queue)] = now
            if move is Move.CHANGE_LANE_READY:
                data.ready[job_id] = msgspec.structs.replace(
                    data.ready[job_id], batch=data.next_batch(), rank=0, ready_at=now
                )
                await self._wake([data.jobs[job_id].queue])
        if wanted is not None:
            await self.reschedule(tenant, job_id, wanted, by=by)
        return answer

    async def delete(self, tenant: str, job_id: UUID, *, by: Caller | None = None) -> DeleteAnswer:
        with self._audited(operations.delete, tenant, job_id, by):
            return self._delete(tenant, job_id)

    @contextmanager
    def _audited(
        self,
        decide: Callable[[State | None], Any],
        tenant: str,
        job_id: UUID,
        by: Caller | None,
        due: datetime | None = None,
    ) -> Iterator[None]:
        """Add to the audit what is about to be done to a job, if an operator does it."""
        state = State(state_of(self._data, job_id)) if self._seen(tenant, job_id) else None
        answer, move = decide(state)
        if by is not None and move is not None and state is not None:
            queue = self._data.jobs[job_id].queue.queue
            self._data.note(self._now(), job_act(move, job_id, queue, state, answer, by, due))
        yield

    def _delete(self, tenant: str, job_id: UUID) -> DeleteAnswer:
        if not self._seen(tenant, job_id):
            return DeleteAnswer.NOT_FOUND
        if job_id not in self._data.ended:
            return DeleteAnswer.CONFLICT
        del self._data.ended[job_id]
        self._data.forget_history(job_id)
        self._data.jobs[job_id] = msgspec.structs.replace(self._data.jobs[job_id], deleted_at=self._now())
        return DeleteAnswer.DELETED

    def _seen(self, tenant: str, job_id: UUID) -> bool:
        job = self._data.jobs.get(job_id)
        return job is not None and job.new.tenant == tenant and job.deleted_at is None

    def _wanted(self, query: JobFilter, job_id: UUID) -> JobView | None:
        if not self._seen(query.tenant, job_id):
            return None
        view = self._view(job_id)
        fits = not query.states or view.state in query.states
        fits = fits and query.queue in (None, view.queue) and query.task in (None, view.task)
        fits = fits and query.fingerprint in (None, view.fingerprint)
        fits = fits and (query.tag is None or query.tag in view.tags)
        fits = fits and (query.worker is None or str(query.worker) == view.worker)
        fits = fits and _within(view.created_at, query.created_after, query.created_before)
        fits = fits and matcher(query.terms, self._now(), query.hidden)(view)
        return view if fits and _within(view.finished_at, query.finished_after, query.finished_before) else None

    def _view(self, job_id: UUID) -> JobView:
        job, place = self._data.jobs[job_id], place_of(self._data, job_id)
        new, ended = job.new, place if isinstance(place, Ended) else None
        running = place if isinstance(place, Running) else None
        started = ended or running
        return job_view(
            new,
            state=State(state_of(self._data, job_id)),
            reason=Reason(ended.reason) if ended and ended.reason else None,
            counters=place.counters,
            created_at=job.created_at,
            run_at=place.due_at if isinstance(place, Waiting) else job.run_at,
            started_at=started.started_at if started else None,
            finished_at=ended.finished_at if ended else None,
            expires_at=job.expires_at,
            raw_result=ended.result if ended else None,
            result_error=ended.result_error if ended else None,
            raw_error=ended.error if ended else self._last_error(job_id, place.counters.round),
            raw_progress=started.progress if started else None,
            worker=str(started.worker) if started and started.worker else None,
            cancel_requested_at=running.cancel_at if running else None,
            unique_key=new.unique.key if new.unique else None,
            fingerprint=ended.fingerprint if ended else None,
        )

    def _where(self, worker: UUID | None) -> dict[str, Any]:
        known = None if worker is None else self._data.workers.get(worker)
        return {"host": known and known.host, "pid": known and known.pid}

    def _last_attempt(self, last: Running | Ended) -> AttemptView:
        ended = last if isinstance(last, Ended) else None
        return AttemptView(
            round=last.counters.round,
            attempt=last.counters.attempt,
            lease_no=last.counters.lease_no,
            worker=str(last.worker),
            **self._where(last.worker),
            started_at=last.started_at,
            finished_at=ended.finished_at if ended else None,
            outcome=ended.state if ended else "running",
            raw_error=ended.error if ended else None,
        )

    def _last_error(self, job_id: UUID, round_no: int) -> bytes | None:
        rows = [row for (owner, _), row in self._data.tried.items() if owner == job_id]
        errors = [row for row in rows if row.round == round_no and row.error is not None]
        return max(errors, key=lambda row: row.lease_no).error if errors else None


def _position(ready: Ready) -> tuple[int, float]:
    return ready.batch, ready.rank


def _within(at: datetime | None, after: datetime | None, before: datetime | None) -> bool:
    if at is None:
        return after is None and before is None
    return (after is None or at >= after) and (before is None or at < before)


def _untold(counts: dict[str, int]) -> AttemptView:
    """Return what stores keep at claim 0: how many attempts are not kept."""
    return AttemptView(
        round=0,
        attempt=0,
        lease_no=0,
        worker=None,
        host=None,
        pid=None,
        started_at=None,
        finished_at=None,
        outcome="snoozed",
        raw_error=msgspec.json.encode(counts),
    )


def place_of(data: Data, job_id: UUID) -> Ready | Waiting | Running | Ended:
    """Return the row that says where a job is."""
    place = data.ready.get(job_id) or data.waiting.get(job_id) or data.running.get(job_id)
    return place or data.ended[job_id]


def state_of(data: Data, job_id: UUID) -> str:
    """Return the state that its place gives a job."""
    place = place_of(data, job_id)
    if isinstance(place, Ended):
        return str(place.state)
    if isinstance(place, Waiting):
        return str(place.why)
    return "pending" if isinstance(place, Ready) else "running"
