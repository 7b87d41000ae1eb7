"""Values that a filter may be completed with. What one process has read is kept: typing asks the store nothing."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, TypeVar

from taskflowmq.core.error_groups import MAX_GROUPS, GroupQuery
from taskflowmq.core.filters import MAX_PAGE
from taskflowmq.core.job import JobFilter
from taskflowmq.core.suggest import SAMPLED, Sample, SuggestCount, SuggestField, Value, Values, merged
from taskflowmq.ports.store import SEARCH_S, Store

#: What was read is kept for a hundred times as long as it took, so that suggestions take at most a hundredth of the
#: time; in seconds at least and at most so long.
KEPT_TIMES, KEPT_LEAST_S, KEPT_MOST_S = 100, 5.0, 300.0
#: Answers that are kept; the one read first goes first.
MOST_KEPT = 200


T = TypeVar("T")


class _Kept(NamedTuple):
    until: float
    answer: Any


class Suggestions:
    """The suggestions of one session. None of its questions reads more than a bounded part of the store.

    Args:
        store: within the deadline.
        clock: monotonic seconds.
    """

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._kept: dict[tuple[str, str], _Kept] = {}
        self._locks: dict[tuple[str, str], asyncio.Lock] = {}

    async def values(self, tenant: str, field: SuggestField) -> Values:
        """Return the values of a field that jobs of a tenant have."""
        match field:
            case SuggestField.TAG | SuggestField.ARGS:
                return (await self._sample(tenant)).values(field)
            case SuggestField.TASK:
                return await self._tasks(tenant)
            case SuggestField.QUEUE:
                return await self._once(tenant, field, lambda: self._queues(tenant))
            case SuggestField.ERROR:
                return await self._once(tenant, field, lambda: self._errors(tenant))
            case _:
                return await self._once("", field, self._workers)

    async def _once(self, tenant: str, what: str, ask: Callable[[], Awaitable[T]]) -> T:
        """Return an answer that is young enough; concurrent callers share one question."""
        key = tenant, what
        lock = self._locks.setdefault(key, asyncio.Lock())
        async with lock:
            kept = self._kept.get(key)
            if kept is not None and self._clock() < kept.until:
                known: T = kept.answer
                return known
            began = self._clock()
            answer = await ask()
            ended = self._clock()
            kept_s = min(max(KEPT_TIMES * (ended - began), KEPT_LEAST_S), KEPT_MOST_S)
            self._kept.pop(key, None)
            self._kept[key] = _Kept(ended + kept_s, answer)
            self._forget()
            return answer

    def _forget(self) -> None:
        while len(self._kept) > MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        for key in [key for key, lock in self._locks.items() if key not in self._kept and not lock.locked()]:
            del self._locks[key]

    async def _sample(self, tenant: str) -> Sample:
        return await self._once(tenant, "sample", lambda: self._look(tenant))

    async def _look(self, tenant: str) -> Sample:
        sample, before, began = Sample(), None, self._clock()
        while sample.jobs < SAMPLED and self._clock() - began < SEARCH_S:
            limit = min(SAMPLED - sample.jobs, MAX_PAGE)
            page = await self._store.jobs.list_rows(JobFilter(tenant=tenant), limit=limit, before=before)
            sample.add(page.items)
            before = page.next
            if before is None:
                break
        return sample

    async def _tasks(self, tenant: str) -> Values:
        sample = await self._sample(tenant)
        announced = await self._once(tenant, SuggestField.TASK, lambda: self._store.intake.list_tasks(tenant))
        names = [task.name for task in announced]
        return Values(merged(names, sample.tasks), SuggestCount.NEWEST_JOBS, sample.jobs)

    async def _queues(self, tenant: str) -> Values:
        queues = await self._store.queues.list_queues(tenant)
        return Values([Value(one.name, sum(one.states.values())) for one in queues], SuggestCount.LIVE_JOBS)

    async def _errors(self, tenant: str) -> Values:
        page = await self._store.errors.list_groups(GroupQuery(tenant=tenant, limit=MAX_GROUPS))
        counts: Counter[str] = Counter()
        for group in page.items:
            counts[group.type] += group.count
        return Values(merged((), counts), SuggestCount.FAILED_ATTEMPTS)

    async def _workers(self) -> Values:
        workers = await self._store.workers.list_workers()
        found = [Value(str(one.id), one.running, f"{one.host} · {one.pid}") for one in workers]
        return Values(found, SuggestCount.RUNNING_JOBS)
