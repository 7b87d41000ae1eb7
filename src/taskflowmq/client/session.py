"""What an app has on one event loop: the open store, the commit queue, the waiters.

Everything that stores jobs goes through :meth:`Session.write`: it repeats after a lost answer (the ids make
that harmless, RELIABILITY F8), counts, and wakes workers once the commit is done.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Iterable, Sequence

from taskflowmq.client.group_commit import GroupCommit
from taskflowmq.client.registry import Registry
from taskflowmq.client.watch import Watch
from taskflowmq.core.errors import StoreUnavailable
from taskflowmq.core.job import Enqueued, IdempotencyKey, NewJob
from taskflowmq.ports.store import Store
from taskflowmq.ports.telemetry import Telemetry

#: Pauses before an enqueue is repeated, in seconds; together below what a caller would call hanging.
RETRY_PAUSES_S = (0.05, 0.2, 0.8)
#: How long an unknown task name stays unknown before the store is asked again, in seconds.
UNKNOWN_FOR_S = 1.0


class Session:
    """One app on one loop.

    Args:
        store: opened by :meth:`open`.
        registry: the tasks to announce.
        tenant: whose jobs are read.
        telemetry: counts stored jobs.
    """

    def __init__(self, store: Store, registry: Registry, tenant: str, telemetry: Telemetry | None) -> None:
        self.store = store
        self.registry = registry
        self.commit = GroupCommit(self.write)
        self.watch = Watch(store.board, tenant)
        self._telemetry = telemetry
        self._announced = 0
        self._stored_names: frozenset[str] = frozenset()
        self._names_read_at: float | None = None
        self._to_wake: set[str] = set()
        self._waker: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Open the store."""
        await self.store.open()

    async def close(self) -> None:
        """Answer what was accepted, then close the store; idempotent."""
        await self.commit.close()
        await self.watch.close()
        if self._waker is not None:
            await asyncio.wait([self._waker])
        if self._to_wake:
            await self.store.notifier.wake(tuple(self._to_wake))
            self._to_wake.clear()
        await self.store.close()

    async def announce(self) -> None:
        """Tell the store which tasks exist and how their arguments look, if it was not told yet."""
        revision = self.registry.revision
        if revision != self._announced:
            await self.store.intake.announce_tasks([(task.name, task.args_schema()) for task in self.registry])
            self._announced = revision

    async def knows(self, name: str) -> bool:
        """Tell whether any program has announced or enqueued a task of this name."""
        if name in self._stored_names:
            return True
        now = asyncio.get_running_loop().time()
        if self._names_read_at is not None and now - self._names_read_at < UNKNOWN_FOR_S:
            return False
        self._names_read_at = now
        self._stored_names = frozenset(task.name for task in await self.store.intake.list_tasks())
        return name in self._stored_names

    async def resume(self, queue: str) -> None:
        """Allow claims from a queue again, and tell workers so."""
        await self.store.board.resume(queue)
        self._wake([queue])

    async def write(self, jobs: Sequence[NewJob], idempotency: IdempotencyKey | None = None) -> list[Enqueued]:
        """Store jobs, all or none; repeat when the store does not answer.

        Raises:
            StoreUnavailable: it did not answer after several tries; the jobs may or may not be stored.
            TaskFlowError: the jobs are refused.
        """
        await self.announce()
        for pause in RETRY_PAUSES_S:
            try:
                answers = await self.store.intake.enqueue(jobs, idempotency=idempotency)
                break
            except StoreUnavailable:
                await asyncio.sleep(pause * (0.5 + random.random()))
        else:
            answers = await self.store.intake.enqueue(jobs, idempotency=idempotency)
        self._after_commit(jobs, answers)
        return answers

    def _after_commit(self, jobs: Sequence[NewJob], answers: Sequence[Enqueued]) -> None:
        stored = [job for job, answer in zip(jobs, answers, strict=True) if answer.created]
        if self._telemetry is not None:
            for (queue, task), count in Counter((job.queue, job.task) for job in stored).items():
                self._telemetry.jobs_enqueued(queue, task, count)
        self._wake(job.queue for job in stored if job.delay_ms == 0 and job.run_at is None)

    def _wake(self, queues: Iterable[str]) -> None:
        # Not awaited by the caller: its job is committed, and a wake-up is a courtesy.
        self._to_wake.update(queues)
        if self._to_wake and (self._waker is None or self._waker.done()):
            self._waker = asyncio.create_task(self._wake_all(), name="taskflow-wake")

    async def _wake_all(self) -> None:
        while self._to_wake:
            queues = tuple(self._to_wake)
            self._to_wake.clear()
            try:
                await self.store.notifier.wake(queues)
            except asyncio.CancelledError:
                self._to_wake.update(queues)
                raise
