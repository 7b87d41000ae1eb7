"""One claiming process: fetcher, executor and completer, and the loops that watch them.

A worker runs embedded in a program (it renews its own lease) or as the child of a supervisor (which renews
for it, reads its slots, and replaces it when it is tainted). Starting and stopping are idempotent.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any
from uuid import uuid4

import msgspec

from taskflowmq.core.errors import SchemaMismatch, TaskFlowError
from taskflowmq.core.workers import Command
from taskflowmq.ports.clock import Clock
from taskflowmq.ports.lifecycle import Duty
from taskflowmq.ports.store import MAX_BATCH, Store
from taskflowmq.ports.tasks import TaskNotice, TaskRegistry
from taskflowmq.ports.telemetry import NoTelemetry, Telemetry
from taskflowmq.worker.backoff import backoff
from taskflowmq.worker.claiming.fetcher import Fetcher
from taskflowmq.worker.claiming.listener import Listener
from taskflowmq.worker.claiming.lost_claims import LostClaims
from taskflowmq.worker.clock import SystemClock
from taskflowmq.worker.deps import WorkerDeps
from taskflowmq.worker.identity import WorkerIdentity, introduction
from taskflowmq.worker.options import WorkerOptions
from taskflowmq.worker.protected_tasks import ProtectedTask, cancelled_itself, start_protected
from taskflowmq.worker.running.capture import Records
from taskflowmq.worker.running.container import usable_cores
from taskflowmq.worker.running.executor import Executor
from taskflowmq.worker.running.lifecycle import Lifecycle
from taskflowmq.worker.running.process_pool import Launch, ProcessPool
from taskflowmq.worker.running.run import HAND_BACK, Reach
from taskflowmq.worker.settling.completer import Completer
from taskflowmq.worker.settling.job_logs import JobLogWriter
from taskflowmq.worker.settling.progress import ProgressWriter
from taskflowmq.worker.slots import (
    HANDED_BACK,
    HEALTHY_US,
    LEASE_US,
    LEFT,
    REGISTERED,
    SETTLED,
    TAINTED,
    TICK_US,
    SlotTable,
)
from taskflowmq.worker.store_log import StoreLog
from taskflowmq.worker.watches.cancel import CancelWatch
from taskflowmq.worker.watches.heartbeat import Heartbeat
from taskflowmq.worker.watches.inspections import Inspector
from taskflowmq.worker.watches.lease import LeaseWatch
from taskflowmq.worker.watches.notes import Notes, no_progress
from taskflowmq.worker.watches.pauses import PauseWatch
from taskflowmq.worker.watches.stdio_guard import StdioGuard
from taskflowmq.worker.watches.timeouts import Timeouts

log = logging.getLogger("taskflowmq.worker")

TICK_SECONDS = 0.25
#: How long a claim or the storing of outcomes may take before the worker reports that it makes no progress.
PATIENCE_SECONDS = 10.0
#: How long an isolation child waits for another isolated job before it ends.
LONELY_SECONDS = 2.0
#: How long the last flushes may take once everything else has ended.
LAST_FLUSH_SECONDS = 5.0
#: How long cancelled tasks may take to end.
CANCEL_SECONDS = 1.0


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Whether claims make progress, and the reason if not.

    ``last_claim_age`` is seconds since the store last answered a claim.
    """

    ok: bool
    running: int
    buffered: int
    backlog: int
    last_claim_age: float
    draining: bool
    tainted: str | None
    trouble: str | None = None


class Worker:
    """Claims, runs and completes jobs.

    Args:
        store: an opened store.
        tasks: the tasks to run.
        options: see :class:`WorkerOptions`.
        clock: time; the system's by default.
        telemetry: metrics; none by default.
        identity: of the worker, and who supervises it; embedded by default.
        duties: loops that run beside the jobs.
        launch: starts killable processes; without it process tasks run in threads.
    """

    def __init__(
        self,
        store: Store,
        tasks: TaskRegistry,
        options: WorkerOptions | None = None,
        *,
        clock: Clock | None = None,
        telemetry: Telemetry | None = None,
        identity: WorkerIdentity | None = None,
        duties: Sequence[Duty] = (),
        launch: Launch | None = None,
    ) -> None:
        self._identity = identity or WorkerIdentity.embedded()
        self._deps = WorkerDeps(
            store,
            tasks,
            clock or SystemClock(),
            telemetry or NoTelemetry(),
            options or WorkerOptions(),
            self._identity.worker_id,
            self._identity.tenant,
        )
        self._supervised = self._identity.table is not None
        self._duties = duties
        self._launch = launch
        self._loops: list[ProtectedTask] = []
        self._built = False
        self._registered = False
        self._shutdown: ProtectedTask | None = None
        self._hurry = asyncio.Event()
        self._finished = asyncio.Event()
        self._tainted: str | None = None
        self._handed_back = 0
        self._command = self._identity.command
        self._records = Records()

    async def __aenter__(self) -> Worker:
        """Start."""
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Drain."""
        await self.drain()

    async def start(self) -> None:
        """Run the start hooks, register and begin to claim. Waits for a store that is unreachable.

        Raises:
            HookFailed: a start hook raised; the cause is its exception.
        """
        if self._loops or self._shutdown is not None:
            return
        self._build()
        await self._life.begin()
        if self._deps.options.job_log_records and self._deps.keeps_lines:
            self._records.begin()
        await self._register()
        if self._is_stopping():  # the request came while the store was unreachable: there is nothing to start
            return
        loops: list[tuple[str, Callable[[], Awaitable[None]]]] = [
            ("fetcher", self._fetcher.run),
            ("listener", Listener(self._deps, self._fetcher.wake).run),
            ("timeouts", self._timeouts.run),
            ("cancel", self._cancels.run),
            ("pauses", self._pauses.run),
            ("lease", self._lease.run),
            ("lost-claims", self._lost_claims.run),
            ("tick", self._tick),
            ("history", self._deps.history.run),
            ("notes", Notes(self._deps, self._executor, self._slots, self._trouble).run),
        ]
        if not self._supervised:
            loops.append(("heartbeat", Heartbeat(self._deps, self._start_again, self._leased, self.obey).run))
        loops.extend((duty.name, duty.run) for duty in self._duties)
        self._loops = [start_protected(self._keep(name, run), f"taskflow-{name}") for name, run in loops]
        log.info("worker %s started", self._deps.worker_id, extra={"concurrency": self._deps.options.slots})

    async def run(self) -> int:
        """Work until a stop is requested; return how many running jobs were handed back."""
        await self.start()
        await self._finished.wait()
        return self._handed_back

    def request_drain(self, timeout: float | None = None) -> None:
        """Claim no more, let running jobs finish, hand back what does not within ``timeout`` seconds; returns
        at once.

        Args:
            timeout: None means the ``drain_timeout`` of the options; ``inf`` waits for as long as it takes.
        """
        if self._shutdown is None:
            limit = self._deps.options.drain_timeout if timeout is None else timeout
            self._shutdown = start_protected(self._stop(limit), "taskflow-drain")

    def request_hand_back(self) -> None:
        """Hand back everything now; returns at once."""
        self._hurry.set()
        self.request_drain(0)

    async def drain(self, timeout: float | None = None) -> int:
        """Drain and wait for the end; return how many running jobs were handed back."""
        self.request_drain(timeout)
        await self._finished.wait()
        return self._handed_back

    async def stop(self) -> int:
        """Hand back everything now and wait for the end."""
        self.request_hand_back()
        await self._finished.wait()
        return self._handed_back

    def obey(self, command: Command | None) -> None:
        """Do what an operator wants of this worker: claim nothing, run jobs again (None), or drain and end."""
        if command is not self._command:
            log.info("obeys an operator: %s", command or "resume")
        self._command = command
        if command is Command.STOP:
            self.request_drain()
        elif command is Command.DRAIN:
            self._fetcher.pause()
        else:
            self._fetcher.resume()

    async def run_until_idle(self) -> int:
        """Run every job that is ready or due, also what those make ready; return how many bodies ended.

        For tests: nothing polls meanwhile, and nothing else is started.
        """
        self._build()
        await self._life.begin()
        await self._register()
        watch = asyncio.create_task(self._keep("timeouts", self._timeouts.run))
        before = self._executor.ended
        try:
            while True:
                self._leased(self._deps.clock.monotonic())  # no supervisor renews it here, and no duty rescues
                staged = await self._deps.store.upkeep.stage_due(MAX_BATCH)
                claimed = await self._fetcher.claim(max(1, self._slots.free))
                await self._executor.idle()
                await self._completer.flushed()
                await self._lines.flush_all()
                if not claimed and not staged.staged:
                    break
        finally:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)
        return self._executor.ended - before

    def health(self) -> Health:
        """Tell whether claims make progress, which is more than that the process exists."""
        if not self._built:
            return Health(ok=False, running=0, buffered=0, backlog=0, last_claim_age=0.0, draining=False, tainted=None)
        age = self._deps.clock.monotonic() - self._fetcher.last_answer
        trouble = self._trouble()
        serves = bool(self._loops) and self._shutdown is None and self._tainted is None and not self._bodies.unfit
        return Health(
            ok=serves and trouble is None,
            running=self._executor.active,
            buffered=self._fetcher.buffered,
            backlog=self._completer.backlog,
            last_claim_age=age,
            draining=self._shutdown is not None,
            tainted=self._tainted,
            trouble=trouble,
        )

    def _trouble(self) -> str | None:
        """Return why this worker makes no progress; None if it does."""
        if self._is_stopping() or not self._registered:
            return None
        now, patience = self._deps.clock.monotonic(), max(3 * self._deps.options.poll, PATIENCE_SECONDS)
        age = now - self._fetcher.last_answer
        claims = self._slots.free > 0 and not self._fetcher.is_paused
        return no_progress(self._completer, age, now, claims=claims, patience=patience)

    def _build(self) -> None:
        if self._built:
            return
        deps = self._deps
        self._slots = self._identity.table or SlotTable.create(deps.options.slots)
        self._progress = ProgressWriter(deps.store.claims, deps.clock)
        self._completer = Completer(deps, self._progress, self._taint)
        self._life = Lifecycle(deps.tasks.hooks)
        stops = deps.tasks.hooks.stops
        most = min(deps.options.slots, usable_cores())
        self._bodies = ProcessPool(self._launch, most, deps.options.grace, lambda: bool(stops))
        self._lines = JobLogWriter(deps.store.logs, deps.clock, deps.options.job_logs)
        reach = Reach(deps.store.claims, self._progress, self._life.state, self._lines if deps.keeps_lines else None)
        self._executor = Executor(deps, self._slots, self._completer, reach, self._bodies, self._taint)
        self._fetcher = Fetcher(deps, self._executor, self._slots, self._completer, alone=not self._supervised)
        self._inspector = Inspector(deps, self._executor)
        self._cancels = CancelWatch(deps, self._executor, self._fetcher, self._inspector.take)
        self._lease = LeaseWatch(deps, self._executor, self._slots.cells)
        self._pauses = PauseWatch(deps, self._fetcher, self._executor)
        self._timeouts = Timeouts(deps, self._executor, self._taint)
        self._lost_claims = LostClaims(deps, self._fetcher, self._executor, self._completer)
        self._built = True
        if self._command is Command.DRAIN:
            self._fetcher.pause()

    def _is_stopping(self) -> bool:
        return self._shutdown is not None

    async def _register(self) -> None:
        """Register this worker and announce its tasks; while the store is unreachable, try again until stopped."""
        if self._registered:
            return
        tasks, errors = self._deps.tasks, 0
        names = tasks.names()
        notices = [spec.notice() for name in names if (spec := tasks.get(name)) is not None]
        row = introduction(self._identity, self._deps, names, self._command)
        began, store_log = 0.0, StoreLog(self._deps.store, self._deps.clock, "registration")
        while not self._is_stopping():
            began = self._deps.clock.monotonic()
            try:
                self._deps.release_id = await self._deps.store.workers.register(row)
                for tenant in self._deps.tenants or (self._deps.tenant,):
                    await self._announce(tenant, notices)
                store_log.worked()
                break
            except TaskFlowError as error:
                errors += 1
                if not store_log.failed(error):
                    log.warning("the worker cannot register yet: %s", error)
                await self._deps.clock.sleep(backoff(errors, longest=2.0))
        if self._is_stopping():  # it may have ended meanwhile, and its slots with it
            return
        self._leased(began)
        self._registered = True
        self._slots.cells[REGISTERED] = 1

    async def _announce(self, tenant: str, notices: list[TaskNotice]) -> None:
        try:
            await self._deps.store.intake.announce_tasks(tenant, notices)
        except SchemaMismatch as error:
            # Another tenant has such a name, in a store that is not finished: the worker serves what it can.
            log.warning("the tasks of tenant %s are not announced until a restart: %s", tenant, error)

    def _leased(self, began: float) -> None:
        self._slots.cells[LEASE_US] = int((began + self._deps.options.lease) * 1e6)

    async def _start_again(self) -> None:
        """Continue under a new identity after a lost lease. Running bodies try their fenced completion, or stop."""
        self._slots.cells[LEASE_US] = 0
        self._lease.look()
        self._deps.worker_id = uuid4()
        self._registered = False
        await self._register()

    def _taint(self, why: str) -> bool:
        """Mark this process as unfit for new jobs, so that a supervisor replaces it; tell whether there is one.

        Without one, it continues as well as it can.
        """
        log.error("%s", why)
        self._deps.telemetry.event("tainted")
        if not self._supervised:
            return False
        self._tainted = why
        self._slots.cells[TAINTED] = 1
        self._fetcher.stop()
        return True

    async def _tick(self) -> None:
        """Show the supervisor that the loop turns, and how far."""
        clock, cells = self._deps.clock, self._slots.cells
        busy_at = clock.monotonic()
        stdio = StdioGuard() if self._supervised else None
        while True:
            now = clock.monotonic()
            if stdio is not None and self._tainted is None and not stdio.keep():
                self._taint("a handler closed a standard stream, and a connection has taken its descriptor")
            cells[TICK_US] = int(now * 1e6)
            if self.health().ok:
                cells[HEALTHY_US] = cells[TICK_US]
            cells[SETTLED] = self._completer.settled
            self._fetcher.return_stale(now)
            active = self._executor.active
            self._deps.telemetry.tasks_active(active)
            if active or not self._fetcher.idle:
                busy_at = now
            elif self._deps.options.isolated and now - busy_at > LONELY_SECONDS:
                self.request_drain(0)
            await clock.sleep(TICK_SECONDS)

    async def _keep(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        """Run a loop, and run it again if it fails: no loop may end silently."""
        while True:
            try:
                await run()
                return
            except (Exception, asyncio.CancelledError) as error:
                # Or a handler cancelled a future that the loop awaited: that is not an order to end.
                if isinstance(error, asyncio.CancelledError) and cancelled_itself():
                    raise
                log.exception("the %s failed and starts again", name)
                self._deps.telemetry.event("loop_failed")
                self._fetcher.failed.set()
                await self._deps.clock.sleep(1.0)

    async def _stop(self, limit: float) -> None:
        if not self._built:
            self._leave()
            return
        self._life.abort()
        self._fetcher.stop()
        before = self._executor.handed_back
        if not await self._ended_within(limit):
            await self._hand_back()
        # Not bodies that received a stop request: one that returns all the same has completed its job.
        self._handed_back += self._executor.handed_back - before
        # Not asyncio.timeout: a store that is unreachable may take long to notice that its call was cancelled.
        await end_all([asyncio.create_task(self._last_words(), name="taskflow-last-words")], LAST_FLUSH_SECONDS)
        self._slots.cells[HANDED_BACK] = self._handed_back
        self._records.end()
        await self._close()
        await self._life.end()
        log.info("worker %s ended", self._deps.worker_id, extra={"handed_back": self._handed_back})
        self._leave()

    async def _last_words(self) -> None:
        """Store what there is to store, and end the lease: what was left is rescued at once."""
        await self._fetcher.quiet()
        await self._completer.flushed()
        await self._inspector.close()
        try:
            await self._deps.store.workers.end(self._deps.worker_id)
        except TaskFlowError as error:
            log.warning(
                "the lease was not ended at shutdown, the store is unreachable: %s: %s", type(error).__name__, error
            )
        await self._deps.history.flush()
        await self._lines.flush_all()

    def _leave(self) -> None:
        if self._identity.table is not None:  # the supervisor trusts no exit code without it: bodies can exit, too
            self._identity.table.cells[LEFT] = 1
        self._finished.set()

    async def _ended_within(self, limit: float) -> bool:
        """Wait for the running bodies, the limit, or a request to hurry; tell whether all ended."""
        sleep = self._deps.clock.sleep
        bounded: list[Coroutine[Any, Any, object]] = [sleep(limit)] if limit != float("inf") else []
        waits = [asyncio.create_task(wait) for wait in (self._executor.idle(), self._hurry.wait(), *bounded)]
        await asyncio.wait(waits, return_when="FIRST_COMPLETED")
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
        return self._executor.active == 0

    async def _hand_back(self) -> None:
        """Stop the bodies and hand their jobs back with a refund.

        Bodies that do not stop in time end with the process.
        """
        self._executor.stop_all(HAND_BACK)
        try:
            async with asyncio.timeout(self._deps.options.grace):
                await self._executor.idle()
        except TimeoutError:
            self._executor.settle_all_without_body()

    async def _close(self) -> None:
        """End the remaining tasks, for a limited time; one that ignores its cancellation ends with the program."""
        await end_all(self._loops, 0)
        ends = (self._completer.close, self._progress.close, self._lines.close, self._executor.close)
        await end_all(
            [asyncio.create_task(end(), name=f"taskflow-{end.__qualname__}") for end in ends], LAST_FLUSH_SECONDS
        )
        if not self._supervised and not self._executor.runs:  # an abandoned body still writes to its slot
            self._slots.close()


async def end_all(tasks: Sequence[asyncio.Task[None]], patience: float) -> None:
    """Wait for tasks, cancel those that take longer, and continue without those that ignore it.

    Args:
        tasks: to be ended.
        patience: seconds before they are cancelled.
    """
    left: set[asyncio.Task[None]] = set(tasks)
    if left and patience:
        _, left = await asyncio.wait(left, timeout=patience)
    for task in left:
        _ = task.end() if isinstance(task, ProtectedTask) else task.cancel()
    if left:
        _, deaf = await asyncio.wait(left, timeout=CANCEL_SECONDS)
        if patience or deaf:
            names = ", ".join(sorted(task.get_name() for task in (left if patience else deaf)))
            log.warning("abandoned at shutdown, the store may be unreachable: %s", names)
    for task in tasks:
        if task.done() and not task.cancelled() and task.exception() is not None:
            log.error("%s failed at shutdown", task.get_name(), exc_info=task.exception())
