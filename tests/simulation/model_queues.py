"""Queues and counts, in the model."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from tests.simulation.model_jobs import state_of
from tests.simulation.rows import Data, Ready
from tests.simulation.rules import Lane, lane_of

from taskflowmq.core.audit import Action, Caller
from taskflowmq.core.job import QueueRef, State
from taskflowmq.core.pauses import Pause
from taskflowmq.core.retention import QueueRetention
from taskflowmq.core.validation import UNUSED_AFTER
from taskflowmq.ports.store import QueueView, StoreSizes, StoreStats
from taskflowmq.stores.common.audit import queue_act, queue_before

_COUNTED = [state for state in State if state not in (State.BLOCKED, State.SUSPENDED)]


class ModelStats:
    """Counting."""

    def __init__(self, data: Data, now: Callable[[], datetime]) -> None:
        self._data, self._now = data, now

    async def count(self, tenant: str) -> StoreStats:
        return self._count(lambda queue: queue.tenant == tenant)

    async def sizes(self) -> StoreSizes:
        return StoreSizes(engine="Model", version="1", bytes=len(self._data.jobs))

    async def list_ready_tenants(self) -> list[str]:
        return sorted({lane_of(self._data, job_id)[1] for job_id in self._data.ready})

    async def count_all(self) -> StoreStats:
        return self._count(lambda _: True)

    def _count(self, wanted: Callable[[QueueRef], bool]) -> StoreStats:
        states = {str(state): 0 for state in _COUNTED}
        queues: dict[QueueRef, dict[str, int]] = {queue: {} for queue in self._data.queues if wanted(queue)}
        for job_id, job in self._data.jobs.items():
            if job.deleted_at is None and wanted(job.queue):
                state = state_of(self._data, job_id)
                states[state] += 1
                if not State(state).final:
                    mine = queues[job.queue]
                    mine[state] = mine.get(state, 0) + 1
        views = [
            QueueView(
                tenant=queue.tenant,
                name=queue.queue,
                states=queues[queue],
                oldest_ready_age=self._oldest(queue),
                retention=self._data.retentions.get(queue, QueueRetention()),
                pause=self._data.queues[queue],
            )
            for queue in sorted(queues)
            if queues[queue] or self._is_kept(queue)
        ]
        return StoreStats(states=states, queues=views, as_of=self._now(), exact=True)

    def _is_kept(self, queue: QueueRef) -> bool:
        usual = QueueRetention()
        if self._data.queues[queue] is not None or self._data.retentions.get(queue, usual) != usual:
            return True
        return self._now() - self._data.used[queue] <= UNUSED_AFTER

    def _oldest(self, queue: QueueRef) -> float | None:
        """Return how long the first of a queue's lanes have been ready at most. A clock that was stepped back has put
        jobs behind them that say they are older."""
        first: dict[Lane, Ready] = {}
        for job_id, row in self._data.ready.items():
            lane = lane_of(self._data, job_id)
            if lane[1:3] == queue:
                first[lane] = min(first.get(lane, row), row, key=lambda one: (one.batch, one.rank))
        ready = [row.ready_at for row in first.values()]
        return max((self._now() - min(ready)).total_seconds(), 0.0) if ready else None


class ModelQueues:
    """Pausing, resuming and keeping."""

    def __init__(
        self,
        data: Data,
        now: Callable[[], datetime],
        wake: Callable[[Sequence[QueueRef]], Awaitable[None]],
        stats: ModelStats,
    ) -> None:
        self._data, self._now, self._wake, self._stats = data, now, wake, stats

    async def list_queues(self, tenant: str) -> list[QueueView]:
        return (await self._stats.count(tenant)).queues

    async def pause(
        self,
        tenant: str,
        queue: str,
        *,
        actor: str | None = None,
        reason: str | None = None,
        by: Caller | None = None,
    ) -> None:
        ref = QueueRef(tenant, queue)
        self._data.queues.setdefault(ref, None)
        self._note(Action.QUEUE_PAUSE, ref, by, {"paused": {"by": actor, "reason": reason}})
        self._data.used[ref] = self._now()
        held = self._data.queues.get(ref)
        if held is None or reason is not None:
            self._data.queues[ref] = Pause(self._now() if held is None else held.at, actor, reason)

    async def resume(self, tenant: str, queue: str, *, by: Caller | None = None) -> None:
        ref = QueueRef(tenant, queue)
        self._note(Action.QUEUE_RESUME, ref, by, {"paused": None})
        if ref in self._data.queues:
            self._data.queues[ref] = None
            self._data.used[ref] = self._now()
        await self._wake([ref])

    async def set_retention(
        self, tenant: str, queue: str, ages: Mapping[str, int | None], *, by: Caller | None = None
    ) -> None:
        ref = QueueRef(tenant, queue)
        self._data.queues.setdefault(ref, None)
        self._note(Action.QUEUE_RETENTION, ref, by, {"retention": ages})
        self._data.used[ref] = self._now()
        known = self._data.retentions.get(ref, QueueRetention())
        self._data.retentions[ref] = msgspec.structs.replace(known, **ages)

    def _note(self, action: Action, ref: QueueRef, by: Caller | None, after: dict[str, Any]) -> None:
        """Add to the audit what is about to be changed of a queue, if an operator does."""
        if by is not None:
            known = ref in self._data.queues
            kept = self._data.retentions.get(ref, QueueRetention())
            before = queue_before(self._data.queues[ref], kept) if known else None
            self._data.note(self._now(), queue_act(action, ref.queue, by, before, after))
