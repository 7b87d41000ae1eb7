"""A store in a dictionary with fault switches, and tasks as plain objects.

For tests of what the worker does alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec

from taskflowmq.core.error_groups import Excess, Occurrences
from taskflowmq.core.errors import LeaseLost, StoreUnavailable
from taskflowmq.core.history import Figures, HistoryKept, joined
from taskflowmq.core.inspection import WorkerRequests
from taskflowmq.core.job import ClaimedJob, Counters, HeldJob, JobKind, NewJob, QueueRef, State
from taskflowmq.core.job_logs import NewLines
from taskflowmq.core.pauses import Pause
from taskflowmq.core.redaction import DEFAULTS, Redaction
from taskflowmq.core.retry import Retry
from taskflowmq.core.system import DutyProcess
from taskflowmq.core.transitions import Transition
from taskflowmq.core.validation import check_storable
from taskflowmq.core.workers import Command
from taskflowmq.ports.hooks import Hooks
from taskflowmq.ports.store import ClaimRequest, DutyTurn, Settled, StagedCount
from taskflowmq.ports.store.workers import NewWorker
from taskflowmq.ports.tasks import Runs, TaskNotice
from taskflowmq.testing.as_stored import claimed_job

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class FakeTask:
    """A TaskSpec around a function."""

    def __init__(self, fn: Callable[..., Any], name: str, runs: Runs | None, retry: Retry, timeout_ms: int | None):
        self.fn, self.name, self.retry, self.timeout_ms = fn, name, retry, timeout_ms
        self.queue = "default"
        self.stops_with_lease = False
        self.hides = Redaction(DEFAULTS).of(name)
        self.runs = runs or (Runs.COROUTINE if inspect.iscoroutinefunction(fn) else Runs.THREAD)
        self.wants_context = "ctx" in inspect.signature(fn).parameters

    def decode(self, args: bytes) -> dict[str, Any]:
        return msgspec.json.decode(args)

    def encode_result(self, value: Any) -> bytes:
        plain = msgspec.to_builtins(value)
        check_storable(plain, "/result")
        return msgspec.json.encode(plain)

    def notice(self) -> TaskNotice:
        return TaskNotice(self.name, b"{}")


class FakeTasks:
    """A TaskRegistry."""

    def __init__(self) -> None:
        self._tasks: dict[str, FakeTask] = {}
        self.revision = 0
        self.hooks = Hooks()

    def add(
        self,
        fn: Callable[..., Any],
        *,
        name: str | None = None,
        runs: Runs | None = None,
        retry: Retry | None = None,
        timeout: float | None = None,
        stops_with_lease: bool = False,
    ) -> str:
        name = name or fn.__name__
        limit = None if timeout is None else int(timeout * 1000)
        self._tasks[name] = task = FakeTask(fn, name, runs, retry or Retry(), limit)
        task.stops_with_lease = stops_with_lease
        self.revision += 1
        return name

    def get(self, name: str) -> FakeTask | None:
        return self._tasks.get(name)

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self._tasks))


class Row:
    """One job: its state and everything that was ever written about it."""

    def __init__(self, new: NewJob) -> None:
        self.new, self.id, self.task = new, new.id, new.task
        self.state = State.PENDING
        self.counters = Counters()
        self.worker: UUID | None = None
        self.history: list[Transition] = []
        self.progress: bytes | None = None

    @property
    def last(self) -> Transition:
        return self.history[-1]

    @property
    def error(self) -> dict[str, str]:
        assert self.last.error is not None
        return msgspec.json.decode(self.last.error)


class FakeHistory:
    """The history of a fake store: what was appended, and scripted answers for its duty."""

    def __init__(self, store: FakeStore) -> None:
        self._store = store
        self.appended: list[tuple[UUID, dict[JobKind, Figures], int]] = []
        self.backlogs: list[int] = []
        self.joins: list[int] = []
        self.prunes: list[int] = []

    def total(self) -> Figures:
        """Return the sum of everything that was appended."""
        return joined(figures for _, row, _ in self.appended for figures in row.values())

    async def now(self) -> datetime:
        return EPOCH + timedelta(seconds=20)

    async def append(self, writer: UUID, figures: Mapping[JobKind, Figures], *, age_ms: int = 0) -> None:
        self._store._check()
        self.appended.append((writer, dict(figures), age_ms))
        self._store._tell()

    async def count_backlog(self) -> int:
        self._store._check()
        return self.backlogs.pop(0) if self.backlogs else 60_000

    async def roll_up(self, kept: HistoryKept) -> int:
        return self.joins.pop(0) if self.joins else 0

    async def prune(self, kept: HistoryKept, limit: int) -> int:
        return self.prunes.pop(0) if self.prunes else 0


class FakeAudit:
    """The audit of a fake store, in which nothing is."""

    async def prune(self, age_ms: int, limit: int) -> int:
        return 0


class FakeErrors:
    """The groups of errors of a fake store: what was appended."""

    def __init__(self, store: FakeStore) -> None:
        self._store = store
        self.appended: list[Occurrences] = []
        #: Whose failures they were.
        self.writers: list[UUID | None] = []
        #: What the next call deletes.
        self.excess: list[Excess] = []

    async def append(self, seen: Sequence[Occurrences], *, writer: UUID | None = None) -> None:
        self._store._check()
        self.appended += seen
        self.writers.append(writer)

    async def roll_up(self, kept: HistoryKept) -> int:
        return 0

    async def prune(self, kept: HistoryKept, limit: int) -> int:
        return 0

    async def delete_excess(self, most: int, limit: int) -> list[Excess]:
        excess, self.excess = self.excess, []
        return excess


def queue_of(row: Row) -> QueueRef:
    """Return the queue of a job."""
    return QueueRef(row.new.tenant, row.new.queue)


class FakeLogs:
    """What jobs have logged, in a fake store."""

    def __init__(self, store: FakeStore) -> None:
        self._store = store
        self.appended: list[list[NewLines]] = []
        self.refuse: Exception | None = None

    async def append(self, attempts: Sequence[NewLines]) -> None:
        self._store._check()
        if self.refuse is not None:
            raise self.refuse
        self.appended.append(list(attempts))
        self._store._tell()

    def lines(self, job_id: UUID | None = None) -> list[tuple[int, str]]:
        """Return the number and the message of every line that was stored, of one job or of all."""
        return [
            (seq, line.message)
            for batch in self.appended
            for one in batch
            for seq, _, line in one.lines
            if job_id in (None, one.job_id)
        ]


class FakeStore:
    """All parts of a store that a worker uses.

    ``away`` makes every call fail; ``lose_replies`` after it took effect.
    """

    url = "fake://"

    def __init__(self) -> None:
        self.intake = self.claims = self.workers = self.upkeep = self.notifier = self.schema = self  # type: ignore[assignment]
        self.jobs = self.queues = self.stats = self
        self.history = FakeHistory(self)
        self.logs = FakeLogs(self)
        self.errors = FakeErrors(self)
        self.audit = FakeAudit()
        self.rows: dict[UUID, Row] = {}
        self.leases: dict[UUID, bool] = {}
        self.away = False
        self.lose_replies = 0
        self.lose_claims = 0
        self.refuse: Callable[[Transition], bool] = lambda _: False
        self.cancelled: set[UUID] = set()
        self.paused: set[QueueRef] = set()
        self.introduced: list[dict[str, Any]] = []
        #: What operators have told workers to do, and what those have said of themselves.
        self.commands: dict[UUID, Command] = {}
        self.loads: dict[UUID, bytes | None] = {}
        self.announced: list[str] = []
        self.claims_made: list[ClaimRequest] = []
        self.settles: list[int] = []
        self.changed = asyncio.Event()
        self.wakes: asyncio.Queue[QueueRef | None] = asyncio.Queue()
        self.suspects_of: list[tuple[tuple[str, ...], tuple[str, ...]]] = []
        self.listened: list[tuple[tuple[str, ...], tuple[str, ...]]] = []
        self.turns: dict[str, DutyTurn] = {}
        #: What duties have noted.
        self.failed: dict[str, str] = {}
        self.leases_given: dict[str, int | None] = {}
        self.renewals = 0
        self.notes: dict[str, str | None] = {}

    # -- what tests do

    def put(self, task: str, *, max_attempts: int = 3, timeout: float | None = None, **args: Any) -> Row:
        limit = None if timeout is None else int(timeout * 1000)
        new = NewJob(uuid4(), task, msgspec.json.encode(args), max_attempts=max_attempts, timeout_ms=limit)
        return self.add(new)

    def put_for(self, tenant: str, task: str) -> Row:
        return self.add(NewJob(uuid4(), task, b"{}", tenant=tenant))

    def add(self, new: NewJob) -> Row:
        row = Row(new)
        self.rows[row.id] = row
        self.wakes.put_nowait(queue_of(row))
        return row

    def count(self, state: State) -> int:
        return sum(row.state is state for row in self.rows.values())

    async def until(self, happened: Callable[[], bool], seconds: float = 30) -> None:
        """Wait for a condition; looked at after every write."""
        async with asyncio.timeout(seconds):
            while not happened():
                self.changed.clear()
                await self.changed.wait()

    # -- claims

    async def claim(self, request: ClaimRequest) -> list[ClaimedJob]:
        self._check()
        self.claims_made.append(request)
        self._tell()
        if not self.leases.get(request.worker_id):
            return []
        found = [
            row
            for row in self.rows.values()
            if row.state is State.PENDING
            and row.task in request.tasks
            and (not request.tenants or row.new.tenant in request.tenants)
            and queue_of(row) not in self.paused
            and (row.counters.crashes > 0) == request.isolated
        ]
        claimed = [self._claim(row, request.worker_id) for row in found[: request.limit]]
        if claimed and self.lose_claims:
            self.lose_claims -= 1
            raise StoreUnavailable("the answer to the claim was lost")
        return claimed

    def _claim(self, row: Row, worker_id: UUID) -> ClaimedJob:
        row.state, row.worker = State.RUNNING, worker_id
        c = row.counters
        row.counters = c = msgspec.structs.replace(c, attempt=c.attempt + 1, lease_no=c.lease_no + 1)
        after = row.new.expires_in_ms
        ends = None if after is None else EPOCH + timedelta(milliseconds=after)
        return claimed_job(row.new, c, created_at=EPOCH, run_at=EPOCH, expires_at=ends, waited=0.0)

    async def settle(self, transitions: Sequence[Transition]) -> list[Settled]:
        self._check()
        if any(self.refuse(transition) for transition in transitions):
            raise RuntimeError("refused")
        self.settles.append(len(transitions))
        answers = [self._settle(transition) for transition in transitions]
        self._tell()
        if self.lose_replies:
            self.lose_replies -= 1
            raise StoreUnavailable("the reply was lost")
        return answers

    def _settle(self, change: Transition) -> Settled:
        row = self.rows[change.job_id]
        if row.state is not State.RUNNING or row.counters.lease_no != change.counters.lease_no:
            known = [past.to for past in row.history if past.counters.lease_no == change.counters.lease_no]
            same = change.to in known or (change.completed_by_caller and State.COMPLETED in known)
            return Settled.REPLAYED if same else Settled.STALE
        row.state, row.counters = change.to, change.counters
        if row.id in self.cancelled and not row.state.final:
            row.state = State.CANCELLED
        row.history.append(change)
        return Settled.APPLIED

    async def settle_on(self, conn: Any, transition: Transition) -> None:
        if self._settle(transition) is not Settled.APPLIED:
            raise LeaseLost("gone")

    def settle_on_sync(self, conn: Any, transition: Transition) -> None:
        if self._settle(transition) is not Settled.APPLIED:
            raise LeaseLost("gone")

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Any]:
        yield self

    async def save_progress(self, updates: Sequence[tuple[UUID, int, bytes]]) -> None:
        self._check()
        for job_id, lease_no, value in updates:
            if self.rows[job_id].counters.lease_no == lease_no:
                self.rows[job_id].progress = value
        self._tell()

    async def requests(self, worker_id: UUID) -> WorkerRequests:
        self._check()
        return WorkerRequests([job_id for job_id in self.cancelled if self.rows[job_id].worker == worker_id], [])

    async def paused_queues(self) -> dict[QueueRef, Pause]:
        self._check()
        return {queue: Pause(datetime.now(UTC)) for queue in self.paused}

    # -- workers

    async def register(self, worker: NewWorker) -> None:
        self._check()
        self.introduced.append(msgspec.json.decode(worker.info))
        if worker.command is not None:
            self.commands[worker.id] = worker.command
        self.leases[worker.id] = True
        self._tell()

    async def announce_tasks(self, tenant: str, tasks: Sequence[TaskNotice], *, keep: bool = False) -> None:
        self._check()
        self.announced.append(tenant)

    async def renew(
        self, worker_ids: Sequence[UUID], lease_ms: int, *, loads: Sequence[bytes | None] = ()
    ) -> dict[UUID, Command | None]:
        self._check()
        self.renewals += 1
        self.loads |= dict(zip(worker_ids, loads, strict=False))
        self._tell()
        return {worker_id: self.commands.get(worker_id) for worker_id in worker_ids if self.leases.get(worker_id)}

    async def end(self, worker_id: UUID) -> bool:
        self._check()
        was, self.leases[worker_id] = self.leases.get(worker_id, False), False
        self._tell()
        return was

    async def end_expired(self, limit: int, *, turn_within_ms: int | None = None) -> list[UUID]:
        return []

    async def report(self, worker_id: UUID, notes: Mapping[str, str | None]) -> None:
        self._check()
        self.notes.update(notes)
        self._tell()

    async def orphaned(self, limit: int) -> list[UUID]:
        held = {row.worker for row in self.rows.values() if row.state is State.RUNNING and row.worker is not None}
        return [worker_id for worker_id in held if not self.leases.get(worker_id)]

    async def held_jobs(self, worker_id: UUID, limit: int) -> list[HeldJob]:
        self._check()
        rows = [row for row in self.rows.values() if row.state is State.RUNNING and row.worker == worker_id]
        kinds = [JobKind(row.new.tenant, row.new.queue, row.new.task) for row in rows]
        found = zip(rows[:limit], kinds, strict=False)
        return [HeldJob(row.id, row.new.max_attempts, row.counters, kind) for row, kind in found]

    async def suspects_ready(self, tenants: Sequence[str], queues: Sequence[str]) -> bool:
        self._check()
        self.suspects_of.append((tuple(tenants), tuple(queues)))
        return any(row.state is State.PENDING and row.counters.crashes for row in self.rows.values())

    # -- upkeep and the rest

    async def stage_due(self, limit: int) -> StagedCount:
        self._check()
        due = [row for row in self.rows.values() if row.state in (State.RETRYING, State.SCHEDULED)]
        for row in due:
            row.state = State.PENDING
        return StagedCount(len(due), 0, None)

    async def take_turn(
        self, duty: str, interval_ms: int, *, lease_ms: int | None = None, by: DutyProcess | None = None
    ) -> DutyTurn:
        self._check()
        self.leases_given[duty] = lease_ms
        return self.turns.get(duty, DutyTurn(taken=True, gap_ms=1, grace=False))

    async def note_failure(self, duty: str, problem: str) -> None:
        self._check()
        self.failed[duty] = problem

    async def note_success(self, duty: str) -> None:
        self._check()
        self.failed.pop(duty, None)

    async def wake(self, queues: Collection[QueueRef]) -> None:
        for queue in queues:
            self.wakes.put_nowait(queue)

    @contextlib.asynccontextmanager
    async def listen(
        self, tenants: Collection[str], queues: Collection[str]
    ) -> AsyncIterator[AsyncIterator[QueueRef | None]]:
        self.listened.append((tuple(tenants), tuple(queues)))

        async def words() -> AsyncIterator[QueueRef | None]:
            while True:
                yield await self.wakes.get()

        yield words()

    def _check(self) -> None:
        if self.away:
            raise StoreUnavailable("away")

    def _tell(self) -> None:
        self.changed.set()
