"""The executable reference: a store of dictionaries, with every port, by the rules of the contract and nothing else.

It is the oracle for the real stores, and fast enough to explore with. Each call is atomic because nothing here ever
waits. Two stores of one :class:`~tests.simulation.rows.Data` are two programs on one database.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from tests.simulation.model_audit import ModelAudit
from tests.simulation.model_bulks import ModelBulks
from tests.simulation.model_errors import ModelErrors
from tests.simulation.model_history import ModelHistory
from tests.simulation.model_inspections import ModelInspections, questions_of
from tests.simulation.model_jobs import ModelJobs
from tests.simulation.model_logs import ModelLogs
from tests.simulation.model_probes import ModelProbes
from tests.simulation.model_queues import ModelQueues, ModelStats
from tests.simulation.model_upkeep import ModelUpkeep
from tests.simulation.model_views import ModelViews
from tests.simulation.rows import Data, Job, Key, Member, Ready, Request, Waiting
from tests.simulation.rules import Choices, claimable, readable, settle, take

from taskflowmq.core.audit import Act, Caller
from taskflowmq.core.errors import Conflict, IdempotencyMismatch, LeaseLost, NotUnique
from taskflowmq.core.ids import MAX_SKEW_MS
from taskflowmq.core.inspection import WorkerRequests
from taskflowmq.core.job import (
    ClaimedJob,
    Counters,
    Enqueued,
    Flag,
    HeldJob,
    IdempotencyKey,
    JobKind,
    NewJob,
    QueueRef,
)
from taskflowmq.core.pauses import Pause
from taskflowmq.core.releases import MAX_RELEASES, Release
from taskflowmq.core.transitions import Transition
from taskflowmq.core.workers import Command, CommandAnswer, Known, decide
from taskflowmq.ports.clock import Clock
from taskflowmq.ports.store import ClaimRequest, Settled
from taskflowmq.ports.store.workers import NewWorker, RunningJob, WorkerView
from taskflowmq.ports.tasks import TaskNotice, TaskView
from taskflowmq.stores.common.audit import worker_act

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_FLAGS = {"finish": Flag.UNIQUE_FINISH, "start": Flag.UNIQUE_START, "time": 0}


class ModelIntake:
    """How jobs get in."""

    def __init__(self, data: Data, now: Callable[[], datetime], notifier: ModelNotifier) -> None:
        self._data, self._now, self._notifier = data, now, notifier

    async def enqueue(
        self, jobs: Sequence[NewJob], *, idempotency: IdempotencyKey | None = None, act: Act | None = None
    ) -> list[Enqueued]:
        with self._data.all_or_none():
            answers = self._once(jobs, idempotency) if idempotency else self._enqueue(jobs)
            if act is not None and any(one.created and not one.replayed for one in answers):
                self._data.note(self._now(), act)
        await self._notifier.wake({QueueRef(job.tenant, job.queue) for job in jobs})
        return answers

    async def enqueue_on(self, conn: Any, jobs: Sequence[NewJob], *, wake: bool = True) -> list[Enqueued]:
        return self._enqueue(jobs)

    def enqueue_on_sync(self, conn: Any, jobs: Sequence[NewJob], *, wake: bool = True) -> list[Enqueued]:
        return self._enqueue(jobs)

    def knows_names(self, jobs: Sequence[NewJob]) -> bool:
        return True

    async def make_names(self, jobs: Sequence[NewJob]) -> None:
        """Names are made with their jobs: nothing here ever waits."""

    async def announce_tasks(self, tenant: str, tasks: Sequence[TaskNotice], *, keep: bool = False) -> None:
        for notice in tasks:
            name, key, now = notice.name, (tenant, notice.name), self._now()
            known = self._data.tasks.get(key)
            if known is None:
                known = self._data.tasks[key] = TaskView(name=name, args_schema=None, options=None, seen_at=now)
            if keep and known.args_schema is not None and known.seen_at > now - HOUR:
                continue
            said = (notice.args_schema, known.options if notice.options is None else notice.options)
            if said != (known.args_schema, known.options) or known.seen_at <= now - MINUTE:
                schema, options = said
                seen = max(known.seen_at, now)
                self._data.tasks[key] = TaskView(name=name, args_schema=schema, options=options, seen_at=seen)

    async def list_tasks(self, tenant: str) -> list[TaskView]:
        return [self._data.tasks[key] for key in sorted(self._data.tasks) if key[0] == tenant]

    def _once(self, jobs: Sequence[NewJob], idempotency: IdempotencyKey) -> list[Enqueued]:
        full_key = jobs[0].tenant if jobs else "default", idempotency.key
        known, now = self._data.requests.get(full_key), self._now()
        if known is not None and known.created_at > now - DAY:
            if known.fingerprint != idempotency.fingerprint:
                raise IdempotencyMismatch(f"the key {idempotency.key!r} was used with a different request")
            return [Enqueued(job_id, created, True) for job_id, created in known.answers]
        answers = self._enqueue(jobs)
        first = tuple((answer.id, answer.created) for answer in answers)
        self._data.requests[full_key] = Request(fingerprint=idempotency.fingerprint, answers=first, created_at=now)
        return answers

    def _enqueue(self, jobs: Sequence[NewJob]) -> list[Enqueued]:
        now, batch = self._now(), self._data.next_batch()
        return [self._store(job, now, batch) for job in jobs]

    def _store(self, job: NewJob, now: datetime, batch: int) -> Enqueued:
        data = self._data
        skew = abs((job.id.int >> 80) - int(now.timestamp() * 1000))
        if skew > MAX_SKEW_MS:
            raise Conflict(f"the id {job.id} differs from the store's clock by more than 24 h")
        known = data.jobs.get(job.id)
        if known is not None:
            same = known.deleted_at is not None or (known.new.task, known.new.args) == (job.task, job.args)
            if known.new.tenant != job.tenant or not same:
                raise Conflict(f"the id {job.id} is stored with different content")
            return Enqueued(job.id, True, True)
        if job.unique is not None:
            holder = self._holder(job, now)
            if holder is not None:
                return Enqueued(holder, False)
        run_at = job.run_at or now + timedelta(milliseconds=job.delay_ms)
        ends = None if job.expires_in_ms is None else now + timedelta(milliseconds=job.expires_in_ms)
        data.jobs[job.id] = stored = Job(new=job, created_at=now, run_at=run_at, expires_at=ends)
        data.queues.setdefault(stored.queue, None)
        data.used[stored.queue] = now
        task = TaskView(name=job.task, args_schema=None, options=None, seen_at=now)
        data.tasks.setdefault((job.tenant, job.task), task)
        flags = _FLAGS[job.unique.free_at] if job.unique else 0
        if run_at <= now:
            data.ready[job.id] = Ready(
                batch=batch, rank=0, ready_at=now, expires_at=ends, counters=Counters(), flags=flags
            )
        else:
            data.waiting[job.id] = Waiting(why="scheduled", due_at=run_at, counters=Counters(), flags=flags)
        return Enqueued(job.id, True)

    def _holder(self, job: NewJob, now: datetime) -> UUID | None:
        """Take a job's key, or return who holds it."""
        unique, data = job.unique, self._data
        assert unique is not None
        full_key = job.tenant, unique.key
        held = data.keys.get(full_key)
        if held is not None and (held.until is None or held.until > now):
            if unique.on_conflict == "raise":
                raise NotUnique(unique.key, str(held.job_id))
            replaced = unique.on_conflict == "replace" and data.cancel_unstarted(held.job_id, "cancelled_by_user", now)
            if not replaced:
                return held.job_id
        until = None if unique.period_ms is None else now + timedelta(milliseconds=unique.period_ms)
        data.keys[full_key] = Key(job_id=job.id, free_at=unique.free_at, until=until)
        return None


class ModelClaims:
    """How workers get jobs and give them back changed."""

    def __init__(self, data: Data, now: Callable[[], datetime], notifier: ModelNotifier) -> None:
        self._data, self._now, self._notifier = data, now, notifier
        self._choices: dict[UUID, Choices] = {}

    async def claim(self, request: ClaimRequest) -> list[ClaimedJob]:
        choices = self._choices.setdefault(request.worker_id, Choices())
        chosen = choices.choose(claimable(self._data, request, self._now()), request.limit)
        return take(self._data, request, chosen, self._now())

    async def settle(self, transitions: Sequence[Transition]) -> list[Settled]:
        answers = settle(self._data, transitions, self._now())
        await self._notifier.wake(
            {self._data.jobs[one.job_id].queue for one in transitions if one.job_id in self._data.ready}
        )
        return answers

    async def settle_on(self, conn: Any, transition: Transition) -> None:
        self.settle_on_sync(conn, transition)

    def settle_on_sync(self, conn: Any, transition: Transition) -> None:
        if settle(self._data, [transition], self._now()) != [Settled.APPLIED]:
            raise LeaseLost(f"the fence {transition.counters.lease_no} of job {transition.job_id} is gone")

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Data]:
        """Not isolated: others see what it does at once. Undone if it raises."""
        with self._data.all_or_none():
            yield self._data

    async def save_progress(self, updates: Sequence[tuple[UUID, int, bytes]]) -> None:
        for job_id, lease_no, progress in updates:
            held = self._data.running.get(job_id)
            if held is not None and held.counters.lease_no == lease_no and readable(progress):
                self._data.running[job_id] = msgspec.structs.replace(held, progress=progress)

    async def requests(self, worker_id: UUID) -> WorkerRequests:
        held = {job_id: one for job_id, one in sorted(self._data.running.items()) if one.worker == worker_id}
        cancel = [job_id for job_id, one in held.items() if one.cancel_at is not None]
        return WorkerRequests(cancel, questions_of(self._data, worker_id, self._now()))

    async def paused_queues(self) -> dict[QueueRef, Pause]:
        return {queue: pause for queue, pause in self._data.queues.items() if pause is not None}

    async def forget(self, worker_id: UUID) -> None:
        self._choices.pop(worker_id, None)


class ModelWorkers:
    """Who is believed alive."""

    def __init__(self, data: Data, now: Callable[[], datetime]) -> None:
        self._data, self._now = data, now

    async def register(self, worker: NewWorker) -> int | None:
        now = self._now()
        row = Member(
            supervisor=worker.supervisor,
            host=worker.host,
            pid=worker.pid,
            version=worker.version,
            started_at=now,
            lease_until=now + timedelta(milliseconds=worker.lease_ms),
            ended_at=None,
            info=worker.info,
            command=worker.command,
            command_at=None if worker.command is None else now,
            release=worker.release,
        )
        known = self._data.workers.setdefault(worker.id, row)
        if known.ended_at is None:
            # A repeat after a lost answer: the lease begins now.
            self._data.workers[worker.id] = msgspec.structs.replace(known, lease_until=row.lease_until)
        return None if worker.release is None else await self.announce_release(worker.release)

    async def announce_release(self, name: str, *, age_ms: int = 0) -> int:
        at, known = self._now() - timedelta(milliseconds=age_ms), self._data.releases
        release = known.get(name) or Release(id=len(known) + 1, name=name, first_at=at, last_at=at)
        known[name] = msgspec.structs.replace(release, last_at=max(release.last_at, at))
        return release.id

    async def list_releases(
        self, since: datetime | None = None, until: datetime | None = None, *, most: int = MAX_RELEASES
    ) -> list[Release]:
        found = [
            one
            for one in self._data.releases.values()
            if (since is None or one.first_at >= since) and (until is None or one.first_at < until)
        ]
        return sorted(found, key=lambda one: (one.first_at, one.id))[-most:]

    async def renew(
        self, worker_ids: Sequence[UUID], lease_ms: int, *, loads: Sequence[bytes | None] = ()
    ) -> dict[UUID, Command | None]:
        now = self._now()
        until, alive = now + timedelta(milliseconds=lease_ms), {}
        for worker_id, load in zip(worker_ids, loads or [None] * len(worker_ids), strict=True):
            if self._lives(worker_id):
                told = {} if load is None else {"load": load, "load_at": now}
                row = msgspec.structs.replace(self._data.workers[worker_id], lease_until=until, **told)
                self._data.workers[worker_id], alive[worker_id] = row, row.command
        return alive

    async def command(
        self, worker_id: UUID, wanted: Command | None, *, actor: str, by: Caller | None = None
    ) -> CommandAnswer:
        row, now = self._data.workers.get(worker_id), self._now()
        answer = CommandAnswer.NOT_FOUND
        if row is not None:
            alive = row.ended_at is None and row.lease_until > now
            answer = decide(Known(alive=alive, command=row.command, info=row.info), wanted)
        if row is not None and answer is CommandAnswer.DONE and by is not None:
            self._data.note(now, worker_act(worker_id, wanted, by, row.command))
        if row is not None and answer is CommandAnswer.DONE and (wanted is None or row.command is not wanted):
            since, said_by = (None, None) if wanted is None else (now, actor)
            self._data.workers[worker_id] = msgspec.structs.replace(
                row, command=wanted, command_at=since, command_by=said_by
            )
        return answer

    async def get(self, worker_id: UUID) -> WorkerView | None:
        return self._view(worker_id) if worker_id in self._data.workers else None

    async def first_jobs(self, tenant: str, most: int) -> dict[UUID, list[RunningJob]]:
        found: dict[UUID, list[RunningJob]] = {}
        for job_id, held in sorted(self._data.running.items()):
            job, jobs = self._data.jobs[job_id].new, found.get(held.worker, [])
            if job.tenant == tenant and len(jobs) < most:
                found[held.worker] = [*jobs, RunningJob(id=job_id, task=job.task, started_at=held.started_at)]
        return found

    async def end(self, worker_id: UUID) -> bool:
        if not self._lives(worker_id):
            return False
        self._data.workers[worker_id] = msgspec.structs.replace(self._data.workers[worker_id], ended_at=self._now())
        return True

    async def end_expired(self, limit: int, *, turn_within_ms: int | None = None) -> list[UUID]:
        now = self._now()
        if turn_within_ms is not None:
            turn, grace = self._data.duties.get("rescuer"), self._data.grace_until
            stale = turn is None or abs(now - turn) > timedelta(milliseconds=turn_within_ms)
            if stale or (grace is not None and grace > now):
                return []
        late = sorted(key for key, row in self._data.workers.items() if row.ended_at is None and row.lease_until <= now)
        for worker_id in late[:limit]:
            await self.end(worker_id)
        return late[:limit]

    async def orphaned(self, limit: int) -> list[UUID]:
        return sorted({held.worker for held in self._data.running.values() if not self._lives(held.worker)})[:limit]

    async def held_jobs(self, worker_id: UUID, limit: int) -> list[HeldJob]:
        mine = sorted((key, held) for key, held in self._data.running.items() if held.worker == worker_id)
        news = {key: self._data.jobs[key].new for key, _ in mine[:limit]}
        kinds = {key: JobKind(new.tenant, new.queue, new.task) for key, new in news.items()}
        return [HeldJob(key, news[key].max_attempts, held.counters, kinds[key]) for key, held in mine[:limit]]

    async def report(self, worker_id: UUID, notes: Mapping[str, str | None]) -> None:
        if self._lives(worker_id):
            row = self._data.workers[worker_id]
            info = msgspec.json.decode(row.info)
            merged = {**info.get("notes", {}), **notes}
            info["notes"] = {kind: text for kind, text in merged.items() if text is not None}
            self._data.workers[worker_id] = msgspec.structs.replace(row, info=msgspec.json.encode(info))

    async def suspects_ready(self, tenants: Sequence[str], queues: Sequence[str]) -> bool:
        suspects = {self._data.jobs[key].queue for key, place in self._data.ready.items() if place.counters.crashes > 0}
        return any(
            self._data.queues.get(queue) is None
            and (not tenants or queue.tenant in tenants)
            and (not queues or queue.queue in queues)
            for queue in suspects
        )

    async def list_workers(self) -> list[WorkerView]:
        since = self._now() - timedelta(hours=1)
        recent = [key for key, row in self._data.workers.items() if row.ended_at is None or row.ended_at >= since]
        return sorted(map(self._view, recent), key=lambda view: (view.started_at, view.id))

    def _view(self, worker_id: UUID) -> WorkerView:
        row = self._data.workers[worker_id]
        return WorkerView(
            **msgspec.structs.asdict(row),
            id=worker_id,
            running=sum(held.worker == worker_id for held in self._data.running.values()),
            lease_over=row.lease_until <= self._now(),
        )

    def _lives(self, worker_id: UUID) -> bool:
        row = self._data.workers.get(worker_id)
        return row is not None and row.ended_at is None


class ModelNotifier:
    """Wake-ups between the stores of one database."""

    def __init__(self, listeners: list[Listening]) -> None:
        self._listeners = listeners

    async def wake(self, queues: Collection[QueueRef]) -> None:
        for listening in self._listeners:
            for queue in sorted(queues):
                listening.hear(queue)

    @asynccontextmanager
    async def listen(
        self, tenants: Collection[str], queues: Collection[str]
    ) -> AsyncIterator[AsyncIterator[QueueRef | None]]:
        listening = Listening(tenants, queues)
        self._listeners.append(listening)
        try:
            yield _heard(listening.inbox)
        finally:
            self._listeners.remove(listening)


class Listening:
    """One listener, and what it has heard."""

    def __init__(self, tenants: Collection[str], queues: Collection[str]) -> None:
        self._tenants, self._queues = frozenset(tenants), frozenset(queues)
        self.inbox = asyncio.Queue[QueueRef]()

    def hear(self, queue: QueueRef) -> None:
        """Take a wake-up of a queue, if it listens to that."""
        wanted = not self._queues or queue.queue in self._queues
        if wanted and (not self._tenants or queue.tenant in self._tenants):
            self.inbox.put_nowait(queue)


async def _heard(inbox: asyncio.Queue[QueueRef]) -> AsyncIterator[QueueRef | None]:
    while True:
        yield await inbox.get()


class ModelSchema:
    """Nothing to migrate."""

    async def version(self) -> int:
        return 1

    async def pending_sql(self, *, finish: bool = False) -> list[tuple[str, str]]:
        return []

    async def missing_rights(self) -> list[str]:
        return []

    async def open_schemas(self) -> list[str]:
        return []

    async def migrate(self, *, finish: bool = False) -> list[str]:
        return []

    async def check_client(self) -> None:
        return None


class ModelStore:
    """A store over :class:`~tests.simulation.rows.Data`."""

    url = "model://"

    def __init__(
        self,
        data: Data,
        clock: Clock,
        listeners: list[Listening] | None = None,
    ) -> None:
        self.data, self.clock = data, clock
        self.notifier = ModelNotifier([] if listeners is None else listeners)
        self.intake = ModelIntake(data, clock.now, self.notifier)
        self.claims = ModelClaims(data, clock.now, self.notifier)
        self.workers = ModelWorkers(data, clock.now)
        self.jobs = ModelJobs(data, clock.now, self.notifier.wake)
        self.bulks = ModelBulks(data, clock.now, self.jobs)
        self.logs = ModelLogs(data, clock.now)
        self.probes = ModelProbes(data, self.jobs)
        self.stats = ModelStats(data, clock.now)
        self.queues = ModelQueues(data, clock.now, self.notifier.wake, self.stats)
        self.errors = ModelErrors(data, clock.now)
        self.history = ModelHistory(data, clock.now)
        self.audit = ModelAudit(data, clock.now)
        self.views = ModelViews(data, clock.now)
        self.inspections = ModelInspections(data, clock.now)
        self.upkeep = ModelUpkeep(data, clock.now)
        self.schema = ModelSchema()

    async def open(self) -> None:
        return None

    async def close(self) -> None:
        return None

    async def ping(self) -> float:
        return 0.0
