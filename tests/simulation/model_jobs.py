"""What readers see of jobs, and what users do to them, in the model."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from itertools import accumulate
from uuid import UUID

import msgspec
from tests.simulation.rows import Data, Ended, Ready, Running, Waiting

from taskflowmq.core.job import Attempts, AttemptView, Counters, JobFilter, JobView, Page, QueueRef, Reason, State
from taskflowmq.core.operations import CancelAnswer, DeleteAnswer, RetryAnswer
from taskflowmq.ports.store import MAX_PAGE_BYTES
from taskflowmq.testing.as_stored import job_view


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
                attempt=row.attempt,
                lease_no=row.lease_no,
                worker=str(row.worker),
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
            found.append(_last_attempt(last))
        attempts = Attempts(sorted(found, key=lambda view: view.lease_no))
        attempts.counts.update(data.untold.get(job_id, {}))
        return attempts

    async def list_jobs(self, query: JobFilter, *, limit: int, before: UUID | None) -> Page:
        found = [view for job_id in sorted(self._data.jobs, reverse=True) if (view := self._wanted(query, job_id))]
        below = [view for view in found if before is None or view.id < before]
        fit = sum(size <= MAX_PAGE_BYTES for size in accumulate(view.weight for view in below))
        end = min(limit, max(fit, 1))
        return Page(below[:end], below[end - 1].id if len(below) > end else None)

    async def cancel(self, tenant: str, job_id: UUID, *, actor: str) -> CancelAnswer:
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

    async def retry(self, tenant: str, job_id: UUID) -> RetryAnswer:
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
        else:
            return RetryAnswer.CONFLICT
        data.ready[job_id] = Ready(
            batch=data.next_batch(), rank=0, ready_at=now, expires_at=expires, counters=counters, flags=flags
        )
        await self._wake([job.queue])
        return answer

    async def delete(self, tenant: str, job_id: UUID) -> DeleteAnswer:
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
        fits = fits and (query.tag is None or query.tag in view.tags)
        fits = fits and (query.created_after is None or view.created_at >= query.created_after)
        return view if fits and (query.created_before is None or view.created_at < query.created_before) else None

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
        )

    def _last_error(self, job_id: UUID, round_no: int) -> bytes | None:
        rows = [row for (owner, _), row in self._data.tried.items() if owner == job_id]
        errors = [row for row in rows if row.round == round_no and row.error is not None]
        return max(errors, key=lambda row: row.lease_no).error if errors else None


def _last_attempt(last: Running | Ended) -> AttemptView:
    ended = last if isinstance(last, Ended) else None
    return AttemptView(
        attempt=last.counters.attempt,
        lease_no=last.counters.lease_no,
        worker=str(last.worker),
        started_at=last.started_at,
        finished_at=ended.finished_at if ended else None,
        outcome=ended.state if ended else "running",
        raw_error=ended.error if ended else None,
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
