"""What an app has on one event loop: the open store, the commit queue, the waiters.

Every call that stores jobs goes through :meth:`Session.write`: it repeats after a lost answer (the ids make that
harmless, RELIABILITY F8) and counts. The store wakes workers: it knows when a commit is done.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from typing import Any, TypeVar
from uuid import UUID

from taskflowmq.client.announced import AnnouncedTask
from taskflowmq.client.charts import RATE_MINUTES, Charts
from taskflowmq.client.deadline import DEFAULT_S, PER_JOB_S, bounded, within
from taskflowmq.client.group_commit import GroupCommit
from taskflowmq.client.rules import Announceable, Rules
from taskflowmq.client.seen import as_seen
from taskflowmq.client.suggestions import Suggestions
from taskflowmq.client.watch import Watch
from taskflowmq.core.audit import Act
from taskflowmq.core.errors import SchemaMismatch, StoreUnavailable, TaskFlowError
from taskflowmq.core.history import By
from taskflowmq.core.job import Enqueued, IdempotencyKey, JobView, NewJob, State
from taskflowmq.core.redaction import Redaction, Rule
from taskflowmq.core.waiting import Wait, WaitCode, placed
from taskflowmq.ports.chance import chance
from taskflowmq.ports.store import Store
from taskflowmq.ports.telemetry import Telemetry
from taskflowmq.ports.waiting import Waits, why_waits

#: Pauses before a call is repeated, in seconds; together so short that the call does not seem to hang.
RETRY_PAUSES_S = (0.05, 0.2, 0.8)
#: A call that has failed for so long, in seconds, is not repeated.
PATIENCE_S = 2.0
#: How long an unknown task name stays unknown before the store is queried again, in seconds.
UNKNOWN_FOR_S = 1.0
#: How old the announced options and schemas that jobs are made by may be, in seconds.
KNOWN_FOR_S = 5.0
#: How long the search for the reason of a wait may take, in seconds, and how often the same reason is logged.
WHY_S = 2.0
HINT_AGAIN_S = 60.0

log = logging.getLogger("taskflowmq.client")

T = TypeVar("T")
#: Makes jobs, and the idempotency key of the request that they come with.
Prepare = Callable[[], Awaitable[tuple[Sequence[NewJob], IdempotencyKey | None]]]


class Session:
    """One app on one loop.

    Args:
        store: opened by :meth:`open`.
        registry: the tasks to announce.
        tenant: the tenant of the announced tasks and of the jobs that are read.
        telemetry: counts stored jobs.
        seconds: how long a call may wait for the store.
        rules: of redaction, beside those that tasks announce.
    """

    def __init__(
        self,
        store: Store,
        registry: Announceable,
        tenant: str,
        telemetry: Telemetry | None,
        *,
        seconds: float = DEFAULT_S,
        rules: Sequence[Rule] = (),
    ) -> None:
        self.store = store
        #: The same for callers that wait for one answer: within the deadline.
        self.asked = bounded(store, seconds)
        #: The same as people are shown it: what they may not see is hidden.
        self.rules = Rules(self.asked.intake, registry, tenant, rules)
        self.seen = as_seen(self.asked, self.redaction)
        self.charts = Charts(self.asked.history, self.asked.workers)
        self.suggestions = Suggestions(self.seen)
        self.registry = registry
        self._tenant = tenant
        self._seconds = seconds
        self.commit = GroupCommit(self._write, seconds=seconds)
        self.watch = Watch(self.asked.jobs, tenant, hint=self._hint)
        #: (tenant, task, queue, code) → when it was logged last.
        self._hinted: dict[tuple[str, str, str, WaitCode], float] = {}
        self._telemetry = telemetry
        self._announced = 0
        self._stored_tasks: dict[str, AnnouncedTask] = {}
        self._tasks_read_at: float | None = None
        self._reading = asyncio.Lock()

    async def open(self) -> None:
        """Open the store."""
        await self.store.open()

    async def flush(self) -> None:
        """Wait until the jobs accepted for the next commits are answered."""
        await self.commit.flushed()

    async def close(self) -> None:
        """Answer the accepted jobs, then close the store; idempotent."""
        await self.commit.close()
        await self.watch.close()
        await self.store.close()

    async def within(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what ``work`` returns, if it does so before the deadline for the store."""
        return await within(self._seconds, work)

    async def announce(self) -> None:
        """Announce the tasks and the schemas of their arguments to the store, unless that is done."""
        revision = self.registry.revision
        if revision != self._announced:
            tasks = [task.notice() for task in self.registry]
            try:
                await _repeated(lambda: self.store.intake.announce_tasks(self._tenant, tasks, keep=True))
            except SchemaMismatch as error:
                # Another tenant has one of the names, in a store that is not finished: jobs with others can be stored.
                log.warning("the tasks of tenant %s are not announced until a restart: %s", self._tenant, error)
            self._announced = revision

    async def announced(self, name: str) -> AnnouncedTask | None:
        """Return what the store knows of a task, or None if no program has announced or enqueued it."""
        if self._is_fresh(name) or (name in self._stored_tasks and self._reading.locked()):
            return self._stored_tasks.get(name)
        # Callers that wait for each other's queries have the deadline once, not once per query.
        await within(self._seconds, self._ask_for(name))
        return self._stored_tasks.get(name)

    async def _ask_for(self, name: str) -> None:
        async with self._reading:
            if not self._is_fresh(name):
                await self._read_tasks(name)

    def _is_fresh(self, name: str) -> bool:
        if self._tasks_read_at is None:
            return False
        age = asyncio.get_running_loop().time() - self._tasks_read_at
        return age < (KNOWN_FOR_S if name in self._stored_tasks else UNKNOWN_FOR_S)

    async def redaction(self, tasks: Collection[str] = ()) -> Redaction:
        """Return what is hidden from readers; see :meth:`Rules.known_for`."""
        return await self.rules.known_for(tasks)

    async def _read_tasks(self, name: str) -> None:
        try:
            views = await self.asked.intake.list_tasks(self._tenant)
        except StoreUnavailable:
            if name not in self._stored_tasks:
                raise
            views = None  # the previous answer serves until the store is back
        self._tasks_read_at = asyncio.get_running_loop().time()
        if views is not None:
            known = self._stored_tasks
            self._stored_tasks = {
                view.name: found
                if (found := known.get(view.name)) is not None and found.says(view)
                else AnnouncedTask(view)
                for view in views
            }

    async def why(self, job_id: UUID, tenant: str, *, place: bool) -> Wait | None:
        """Return why a job has not ended; None if the store does not answer in time.

        Args:
            job_id, tenant: the job.
            place: whether to count the jobs ahead of it as well.
        """
        try:
            return await within(WHY_S, self._why(job_id, tenant, place))
        except TaskFlowError as error:
            log.debug("cannot determine why job %s waits: %s", job_id, error)
            return None

    async def _why(self, job_id: UUID, tenant: str, place: bool) -> Wait | None:
        view = await self.store.jobs.get(tenant, job_id)
        if view is None:
            return None
        return await (self.wait_of(view) if place else why_waits(self.store, view))

    async def wait_of(self, view: JobView) -> Wait:
        """Return why a job has not ended; of a ready one also its place, and about how long it waits there.

        Args:
            view: the job, just read.
        """
        wait = await why_waits(self.asked, view)
        if view.state is not State.PENDING:
            return wait
        ahead = await self.asked.jobs.count_ahead(view.tenant, view.id)
        recent = await self.charts.summaries(view.tenant, By.QUEUE, RATE_MINUTES)
        rates = {one.name: one.claimed_per_second for one in recent}
        return placed(wait, ahead, rates.get(view.queue))

    async def _hint(self, views: list[JobView]) -> None:
        """Log why jobs that callers wait for will not start by themselves: once a minute and reason."""
        try:
            waits = await Waits.look(self.asked)
        except TaskFlowError as error:
            log.debug("cannot determine why jobs wait: %s", error)
            return
        now = asyncio.get_running_loop().time()
        self._hinted = {key: at for key, at in self._hinted.items() if now - at < HINT_AGAIN_S}
        for view in views:
            wait = waits.of(view)
            key = (view.tenant, view.task, view.queue, wait.code)
            if wait.stuck and key not in self._hinted:
                self._hinted[key] = now
                log.warning("a caller waits for job %s, but %s", view.id, wait)

    def store_one(self, job: NewJob, idempotency: IdempotencyKey | None = None) -> Coroutine[Any, Any, Enqueued]:
        """Store one job, in one commit with those of other callers at the same moment.

        A job with a unique or idempotency key goes alone: it may have to wait for another program's transaction.

        Raises:
            NotUnique, Conflict, IdempotencyMismatch, IdempotencyInFlight, StoreUnavailable.
        """
        # Returns the coroutine of another method: one of its own would be one more frame for every job.
        if job.unique is None and idempotency is None:
            return self.commit.submit(job)
        return self._store_alone(job, idempotency)

    async def _store_alone(self, job: NewJob, idempotency: IdempotencyKey | None) -> Enqueued:
        (stored,) = await self.write([job], idempotency)
        return stored

    async def store_by_hand(self, job: NewJob, act: Act, idempotency: IdempotencyKey | None = None) -> Enqueued:
        """Store a job that an operator makes, with the act; otherwise as :meth:`store_one`."""
        (stored,) = await within(self._seconds, self._write([job], idempotency, act))
        return stored

    async def write(self, jobs: Sequence[NewJob], idempotency: IdempotencyKey | None = None) -> list[Enqueued]:
        """Store jobs, all or none; repeat when the store does not answer.

        Raises:
            StoreUnavailable: it did not answer in time; the jobs may or may not be stored.
            TaskFlowError: the jobs are refused.
        """
        return await within(self._seconds_for(len(jobs)), self._write(jobs, idempotency))

    async def write_prepared(self, prepare: Prepare, count: int) -> tuple[Sequence[NewJob], list[Enqueued]]:
        """Prepare a list of jobs, store them as :meth:`write` does, and return both, within one deadline.

        Both happen in one task. A task that only writes would begin after every other task that is ready on this loop,
        such as the preparation of other lists, and the store would be idle meanwhile.

        Args:
            prepare: returns the jobs, and the key of the request.
            count: of the jobs, for the deadline.

        Raises:
            TaskFlowError: as ``prepare`` and :meth:`write` say.
        """
        return await within(self._seconds_for(count), self._write_prepared(prepare))

    async def _write_prepared(self, prepare: Prepare) -> tuple[Sequence[NewJob], list[Enqueued]]:
        jobs, idempotency = await prepare()
        return jobs, await self._write(jobs, idempotency)

    def _seconds_for(self, count: int) -> float:
        return self._seconds + PER_JOB_S * (count - 1)

    async def _write(
        self, jobs: Sequence[NewJob], idempotency: IdempotencyKey | None = None, act: Act | None = None
    ) -> list[Enqueued]:
        await self.announce()
        given = {} if act is None else {"act": act}
        answers = await _repeated(lambda: self.store.intake.enqueue(jobs, idempotency=idempotency, **given))
        self._count(jobs, answers)
        return answers

    async def make_names(self, jobs: Sequence[NewJob]) -> None:
        """Commit the names that these jobs bring, before a caller's transaction stores the jobs.

        Raises:
            StoreUnavailable: the store did not answer in time.
        """
        await within(self._seconds, _repeated(lambda: self.store.intake.make_names(jobs)))

    def _count(self, jobs: Sequence[NewJob], answers: Sequence[Enqueued]) -> None:
        if self._telemetry is None:
            return
        stored = Counter(
            (job.queue, job.task)
            for job, answer in zip(jobs, answers, strict=True)
            if answer.created and not answer.replayed
        )
        for (queue, task), count in stored.items():
            self._telemetry.jobs_enqueued(queue, task, count)


async def _repeated(call: Callable[[], Awaitable[T]]) -> T:
    """Repeat a call that the store may not answer; only for calls that may take effect twice."""
    now = asyncio.get_running_loop().time
    began = now()
    for pause in RETRY_PAUSES_S:
        try:
            return await call()
        except StoreUnavailable:
            # A store that took this long to refuse (a lock that another session holds) has repeated the call itself.
            if now() - began > PATIENCE_S:
                raise
            await asyncio.sleep(pause * (0.5 + chance.random()))
    return await call()
