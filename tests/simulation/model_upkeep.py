"""The periodic work, in the model."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from tests.simulation.model_inspections import forget_old
from tests.simulation.rows import Data, Ended, Ready

from taskflowmq.core.grace import Grace, grace_after
from taskflowmq.core.history import Figures
from taskflowmq.core.job import QueueRef
from taskflowmq.core.retention import NEVER, QueueRetention, Retention
from taskflowmq.core.system import DutyProcess
from taskflowmq.ports.store import DutyFailure, DutyTurn, DutyView, StagedCount

MS = timedelta(milliseconds=1)
DAY = timedelta(days=1)


class ModelUpkeep:
    """Duties."""

    def __init__(self, data: Data, now: Callable[[], datetime]) -> None:
        self._data, self._now = data, now

    async def take_turn(
        self, duty: str, interval_ms: int, *, lease_ms: int | None = None, by: DutyProcess | None = None
    ) -> DutyTurn:
        data, now, ran_at = self._data, self._now(), self._data.duties.get(duty)
        # A turn that lies further ahead than an interval is from before a step of the clock: it counts as over.
        taken = ran_at is None or not now - interval_ms * MS < ran_at <= now + interval_ms * MS
        if taken:
            data.duties[duty], data.duty_processes[duty] = now, by
        gap = None if ran_at is None or ran_at > now else (now - ran_at) // MS
        grace = data.grace_until is not None and data.grace_until > now
        if taken and lease_ms is not None:
            late = None if ran_at is None or data.late_since is None else (ran_at - data.late_since) // MS
            sweep = grace_after(
                gap_ms=gap,
                sweep_ms=interval_ms,
                lease_ms=lease_ms,
                store_age_ms=None,
                late_ms=late,
                in_force=grace,
            )
            if sweep.step is Grace.GIVE:
                data.late_since = now - sweep.late_ms * MS
                data.grace_until = max(data.grace_until or now, now + lease_ms * MS)
            elif sweep.step is Grace.FORGET:
                data.late_since = None
            grace = sweep.waits
        return DutyTurn(taken=taken, gap_ms=gap, grace=grace)

    async def note_failure(self, duty: str, problem: str) -> None:
        self._data.failures[duty] = DutyFailure(duty, self._now(), problem)

    async def note_success(self, duty: str) -> None:
        self._data.failures.pop(duty, None)

    async def failures(self) -> list[DutyFailure]:
        return [failure for _, failure in sorted(self._data.failures.items())]

    async def duties(self) -> list[DutyView]:
        data = self._data
        found = {duty: data.failures.get(duty) for duty in sorted({*data.duties, *data.failures})}
        return [
            DutyView(
                duty,
                data.duties.get(duty),
                None if failed is None else failed.at,
                None if failed is None else failed.problem,
                data.duty_processes.get(duty),
            )
            for duty, failed in found.items()
        ]

    async def stage_due(self, limit: int) -> StagedCount:
        data, now = self._data, self._now()
        due = sorted((row.due_at, key) for key, row in data.waiting.items() if row.due_at <= now)[:limit]
        batch, expired, queues = data.next_batch(), 0, set[QueueRef]()
        for due_at, job_id in due:
            row, job = data.waiting.pop(job_id), data.jobs[job_id]
            if job.expires_at is not None and job.expires_at <= now:
                expired += 1
                ended = Ended(
                    state="cancelled",
                    reason="expired",
                    worker=None,
                    started_at=None,
                    finished_at=now,
                    counters=row.counters,
                )
                data.end(job_id, ended)
                data.add_figures(job_id, Figures(cancelled=1), now)
                continue
            queues.add(job.queue)
            data.ready[job_id] = Ready(
                batch=batch,
                rank=due_at.timestamp(),
                ready_at=now,
                expires_at=job.expires_at,
                counters=row.counters,
                flags=row.flags,
            )
        ahead = min((row.due_at for row in data.waiting.values()), default=None)
        wait = None if ahead is None else max(-((now - ahead) // MS), 0)
        return StagedCount(len(due) - expired, expired, wait, tuple(sorted(queues)))

    async def expire_ready(self, limit: int) -> int:
        now = self._now()
        late = [(row.expires_at, key) for key, row in self._data.ready.items() if row.expires_at is not None]
        chosen = sorted(pair for pair in late if pair[0] <= now)[:limit]
        for _, job_id in chosen:
            self._data.cancel_unstarted(job_id, "expired", now)
        return len(chosen)

    async def prune(self, retention: Retention, limit: int) -> int:
        data, now = self._data, self._now()
        newest = sorted(data.ended, reverse=True)
        too_many = set() if retention.keep is None else set(newest[retention.keep :])
        old = [key for key in data.ended if self._is_over(key, retention, key in too_many)]
        for job_id in sorted(old)[:limit]:
            del data.ended[job_id], data.jobs[job_id]
            data.forget_history(job_id)
        bare = [key for key, job in data.jobs.items() if job.deleted_at is not None and job.deleted_at <= now - DAY]
        for job_id in bare:
            del data.jobs[job_id]
        over = [full_key for full_key, key in data.keys.items() if key.until is not None and key.until <= now]
        for full_key in over:
            del data.keys[full_key]
        asked = [full_key for full_key, row in data.requests.items() if row.created_at <= now - DAY]
        for full_key in asked:
            del data.requests[full_key]
        past = [key for key, row in data.workers.items() if row.ended_at is not None and self._is_past(key, retention)]
        for worker_id in past:
            del data.workers[worker_id]
        return len(old[:limit]) + len(bare) + len(over) + len(asked) + len(past) + forget_old(data, now)

    def _is_past(self, worker_id: UUID, retention: Retention) -> bool:
        """Tell whether an ended worker is forgotten: no job that is kept can have run there."""
        ended_at, data = self._data.workers[worker_id].ended_at, self._data
        if ended_at is None or any(held.worker == worker_id for held in data.running.values()):
            return False
        states = ("completed_ms", "cancelled_ms", "dead_ms")
        ages = [getattr(retention, name) for name in states]
        ages += [age for own in data.retentions.values() for name in states if (age := getattr(own, name)) is not None]
        return None not in ages and NEVER not in ages and ended_at <= self._now() - max(ages) * MS - 3 * DAY

    def _is_over(self, job_id: UUID, retention: Retention, too_many: bool) -> bool:
        """Tell whether an ended job may go: by the retention that its queue has for its state, or that of all."""
        ended = self._data.ended[job_id]
        own = self._data.retentions.get(self._data.jobs[job_id].queue, QueueRetention())
        age = getattr(own, f"{ended.state}_ms")
        if age is None:
            if too_many and ended.state != "dead":
                return True
            age = getattr(retention, f"{ended.state}_ms")
        return age not in (None, NEVER) and ended.finished_at <= self._now() - age * MS

    async def maintain(self) -> None:
        return None

    async def check(self) -> list[str]:
        data = self._data
        wrong = []
        for job_id, job in data.jobs.items():
            places = [place for place in (data.ready, data.waiting, data.running, data.ended) if job_id in place]
            if len(places) != (job.deleted_at is None):
                wrong.append(f"job {job_id} is in {len(places)} places")
        for (tenant, key), held in data.keys.items():
            if held.free_at != "time" and not data.live(held.job_id):
                wrong.append(f"job {held.job_id} holds the key {key} of {tenant} but has ended")
        return wrong
