"""Claims jobs when slots are free.

At most one claim is in flight. After a claim that filled its limit, the next follows at once; otherwise it waits for a
wake-up or a poll. Only ``stop`` ends this loop: errors of the store are waited out.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Container
from uuid import UUID

from taskflowmq.core.errors import StoreClosed, TaskFlowError
from taskflowmq.core.job import ClaimedJob, QueueRef
from taskflowmq.core.printable import counted
from taskflowmq.core.transitions import Stopped
from taskflowmq.ports.store import MAX_BATCH, ClaimRequest
from taskflowmq.worker.backoff import backoff, jittered
from taskflowmq.worker.claiming.throughput import Throughput
from taskflowmq.worker.deps import WorkerDeps
from taskflowmq.worker.running.executor import Executor
from taskflowmq.worker.settling.completer import Completer
from taskflowmq.worker.slots import SlotTable
from taskflowmq.worker.store_log import StoreLog

log = logging.getLogger("taskflowmq.worker")

#: More jobs are likely right after some, and their wake-up may be delayed: claim again this soon, then after twice the
#: time each, up to the poll interval.
FIRST_LOOK = 0.004

#: Prefetched jobs were expected to start within a tenth of a second.
STALE_SECONDS = 0.5


class Fetcher:
    """Keeps the slots filled.

    Args:
        deps: the worker's ports.
        executor: starts the jobs.
        slots: room for bodies.
        completer: while it has too much to store, nothing is claimed.
        alone: whether jobs that a process crashed with may be claimed while nothing else runs (embedded worker).
    """

    def __init__(
        self, deps: WorkerDeps, executor: Executor, slots: SlotTable, completer: Completer, *, alone: bool = False
    ) -> None:
        self._deps = deps
        self._executor = executor
        self._slots = slots
        self._completer = completer
        self._alone = alone
        self._buffer = executor.waiting
        self._pace = Throughput(deps.clock.monotonic(), slots.size)
        self._filled = False
        self._buffered_at = 0.0
        self._wake = asyncio.Event()
        self._store_log = StoreLog(deps.store, deps.clock, "claims")
        self._stopped = self._paused = False
        self._answered = asyncio.Event()
        self._answered.set()
        self._known: tuple[int, tuple[str, ...]] = (-1, ())
        #: Monotonic seconds of the last answered claim, for health.
        self.last_answer = deps.clock.monotonic()
        #: Set when jobs arrive; the waiting task clears it.
        self.arrived = asyncio.Event()
        #: Set when a claim failed, which may have taken jobs all the same.
        self.failed = asyncio.Event()
        #: Whether the last claim found nothing at all.
        self.idle = False

    @property
    def buffered(self) -> int:
        """Claimed jobs that wait for a slot."""
        return len(self._buffer)

    @property
    def waiting(self) -> set[UUID]:
        """The jobs among them."""
        return {job.id for job in self._buffer}

    def wake(self) -> None:
        """Claim now instead of at the next poll."""
        self._wake.set()

    def stop(self) -> None:
        """Claim no more and hand back what has not started. Idempotent."""
        self._stopped = True
        self._wake.set()
        self._executor.room.set()
        self._return_all()

    @property
    def is_paused(self) -> bool:
        """Whether nothing is claimed until :meth:`resume`."""
        return self._paused

    def pause(self) -> None:
        """Claim nothing until :meth:`resume`, and hand back what has not started. Idempotent."""
        self._paused = True
        self._return_all()

    def resume(self) -> None:
        """Claim again after :meth:`pause`. Idempotent."""
        if self._paused:
            self._paused = False
            self.last_answer = self._deps.clock.monotonic()  # it was not the store that gave no answer
            self._wake.set()
            self._executor.room.set()

    def _return_all(self) -> None:
        while self._buffer:
            self._executor.give_back(self._buffer.popleft())
        self._executor.give_back_unstarted()

    async def quiet(self) -> None:
        """Wait until no claim is in flight: its jobs are this worker's and must not be lost."""
        await self._answered.wait()

    def drop(self, cancelled: set[UUID]) -> None:
        """Cancel claimed jobs that have not started."""
        for job in [job for job in self._buffer if job.id in cancelled]:
            self._buffer.remove(job)
            self._executor.give_back(job, Stopped(False))

    def return_queues(self, queues: Container[QueueRef]) -> None:
        """Hand back the buffered jobs of these queues."""
        for job in [job for job in self._buffer if QueueRef(job.tenant, job.queue) in queues]:
            self._buffer.remove(job)
            self._executor.give_back(job)

    def return_stale(self, now: float) -> None:
        """Hand back jobs that were buffered too long: bodies are slower than was measured."""
        if self._buffer and now - self._buffered_at > STALE_SECONDS:
            log.info(
                "handed back, since this worker did not start them in time: %s",
                counted(len(self._buffer), "prefetched job"),
            )
            self._pace.forget()
            while self._buffer:
                self._executor.give_back(self._buffer.popleft())

    async def run(self) -> None:
        """Claim until stopped."""
        errors, look = 0, self._deps.options.poll
        while not self._stopped:
            await self._completer.calm()
            if self._deps.options.isolated:
                # Alone until the end: a job whose end is not stored yet would be charged with a crash of the next one.
                await self._completer.flushed()
            limit = self._demand()
            if limit <= 0:
                self._executor.room.clear()
                await self._executor.room.wait()
                continue
            self._wake.clear()
            try:
                count = await self.claim(limit)
                errors = 0
                self._store_log.worked()
            except Exception as error:
                errors += 1
                self.failed.set()
                self._deps.telemetry.event("store_error")
                if not self._store_log.failed(error):
                    known = isinstance(error, TaskFlowError)
                    log.warning("a claim failed: %s: %s", type(error).__name__, error, exc_info=not known)
                if isinstance(error, StoreClosed):
                    await self._open_again()
                await self._pause(backoff(errors), wakeable=False)
                continue
            self._filled = count >= limit
            look = FIRST_LOOK if count else min(2 * look, self._deps.options.poll)
            if not self._filled:
                await self._pause(jittered(look), wakeable=True)

    async def _open_again(self) -> None:
        """Reopen a store that the program's code has closed under this worker: its jobs would stay running forever."""
        try:
            await self._deps.store.open()
        except TaskFlowError as error:
            log.warning("the store was closed while this worker ran, and cannot be reopened: %s", error)
        else:
            log.warning("a handler or its program closed the store while this worker ran; the store was reopened")

    async def claim(self, limit: int) -> int:
        """Claim up to ``limit`` jobs, start or buffer them, and return how many there were."""
        options = self._deps.options
        self._answered.clear()
        try:
            jobs = await self._claim(limit, isolated=options.isolated)
            if not jobs and self._alone and not self._executor.runs:
                jobs = await self._claim(1, isolated=True)
            self._take(jobs)
        finally:
            self._answered.set()
        return len(jobs)

    def _take(self, jobs: list[ClaimedJob]) -> None:
        self.idle = not jobs
        if jobs:
            self._buffer.extend(jobs)
            self._buffered_at = self.last_answer
            if self._stopped or self._paused:  # the answer crossed the request
                self._return_all()
            else:
                self._executor.fill()
                self.arrived.set()

    def _demand(self) -> int:
        """Return how many jobs to claim: the free slots, and a tenth of a second of work beyond them."""
        options = self._deps.options
        if self._paused:
            return 0
        if options.isolated or self._suspect_runs():
            return 1 if not self._executor.runs and not self._buffer else 0
        free, waiting = self._slots.free, len(self._buffer)
        self._pace.measure(self._executor.ended, self._deps.clock.monotonic(), busy=self._filled)
        ahead = self._pace.prefetch
        want = free + ahead - waiting
        # Half a batch at least, unless slots are empty: a claim per ended job would cost a round trip each.
        if waiting and want < ahead // 2:
            return 0
        return min(want, MAX_BATCH)

    def _suspect_runs(self) -> bool:
        return self._alone and any(run.job.crashes for run in self._executor.runs.values())

    async def _claim(self, limit: int, *, isolated: bool) -> list[ClaimedJob]:
        clock = self._deps.clock
        began = clock.monotonic()
        request = ClaimRequest(
            worker_id=self._deps.worker_id,
            tenants=self._deps.tenants,
            queues=self._deps.options.queues,
            tasks=self._task_names(),
            limit=limit,
            isolated=isolated,
        )
        jobs = await self._deps.store.claims.claim(request)
        self.last_answer = clock.monotonic()
        if jobs:
            self._deps.telemetry.jobs_claimed(len(jobs), self.last_answer - began)
            self._deps.history.started(jobs)
        return jobs

    def _task_names(self) -> tuple[str, ...]:
        tasks = self._deps.tasks
        if self._known[0] != tasks.revision:
            self._known = (tasks.revision, tasks.names())
        return self._known[1]

    async def _pause(self, seconds: float, *, wakeable: bool) -> None:
        """Wait for the time, a wake-up, or the stop."""
        if not (wakeable or self._stopped):
            await self._deps.clock.sleep(seconds)
        elif not self._wake.is_set():
            # One event for all three: the time between a wake-up and its claim is part of every pick-up, and
            # asyncio.wait takes five more turns of the loop (ADR 5).
            sleeper = asyncio.ensure_future(self._deps.clock.sleep(seconds))
            sleeper.add_done_callback(self._on_time)
            try:
                await self._wake.wait()
            finally:
                sleeper.remove_done_callback(self._on_time)
                sleeper.cancel()

    def _on_time(self, _: asyncio.Future[None]) -> None:
        self._wake.set()
