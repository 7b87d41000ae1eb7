"""Stores transitions: batched, repeated for as long as the store is unreachable, never dropped.

What must stay true: a transition leaves this buffer only when the store has answered APPLIED, REPLAYED or STALE.
Repeating a batch after a lost reply is safe because every transition carries its fence (I2). An outage of the store
costs no attempt: outcomes wait here, and claiming stops above the high-water mark.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextvars import Context as Variables
from typing import cast
from uuid import UUID

import msgspec

from taskflowmq.core.errors import StoreUnavailable, TaskFlowError
from taskflowmq.core.job import ClaimedJob, State
from taskflowmq.core.transitions import Transition
from taskflowmq.ports.halving import halve
from taskflowmq.ports.store import Settled
from taskflowmq.ports.telemetry import JobLine, JobReport, LineError
from taskflowmq.worker.backoff import backoff
from taskflowmq.worker.deps import WorkerDeps
from taskflowmq.worker.protected_tasks import ProtectedTask, cancelled_itself, start_protected
from taskflowmq.worker.settling.job_lines import log_jobs
from taskflowmq.worker.settling.progress import ProgressWriter
from taskflowmq.worker.settling.retry_spread import RetrySpread
from taskflowmq.worker.store_log import StoreLog

log = logging.getLogger("taskflowmq.worker")

FLUSH_SIZE = 500
FLUSH_SECONDS = 0.001
MAX_IN_FLIGHT = 2
HIGH_WATER = 4 * FLUSH_SIZE
#: Consecutive errors that are not an outage after which a single transition is abandoned.
MAX_REFUSALS = 3

#: transition, its job, seconds the body ran, and its outcome in reports if the store has settled this fence before
Entry = tuple[Transition, ClaimedJob, float, str | None]


#: Members as globals: looking one up in its enumeration takes as long as making a struct (Python 3.11).
_STALE, _REPLAYED, _RETRYING = Settled.STALE, Settled.REPLAYED, State.RETRYING
#: What an outcome is called; looking an enumeration's value up costs more than the rest of the line.
_WORDS: dict[State, str] = {
    **dict.fromkeys(State, "handed_back"),
    **{state: state.value for state in (State.COMPLETED, State.CANCELLED, State.DEAD)},
    State.RETRYING: "retried",
    State.SCHEDULED: "snoozed",
}
#: How outcomes are logged; the others are the word, at INFO.
_SAID = {
    "completed": (logging.INFO, "job completed"),
    "stale": (logging.WARNING, "job stale: the lease was lost meanwhile, its outcome was dropped"),
    "retried": (logging.WARNING, "job retried"),
    "dead": (logging.ERROR, "job dead"),
}


class Completer:
    """Buffers decided transitions and writes them in batches, at most two at a time.

    Args:
        deps: the worker's ports.
        progress: published progress that is not written yet; it is written before the outcome.
        on_refused: called when the store refuses one transition repeatedly (a defect): the job is still
            running in the store, so this worker must end for it to be rescued.
    """

    def __init__(self, deps: WorkerDeps, progress: ProgressWriter, on_refused: Callable[[str], object]) -> None:
        self._deps = deps
        self._progress = progress
        self._on_refused = on_refused
        self._loop = asyncio.get_running_loop()
        self._variables = Variables()
        self._retry_spread = RetrySpread(deps.clock.monotonic)
        self._store_log = StoreLog(deps.store, deps.clock, "outcomes")
        self._buffer: list[Entry] = []
        self._timer: asyncio.TimerHandle | None = None
        self._flushes: dict[ProtectedTask, list[Entry]] = {}
        self._pending = 0
        self._calm = asyncio.Event()
        self._calm.set()
        self._empty = asyncio.Event()
        self._empty.set()
        #: How many transitions the store has answered.
        self.settled = 0
        #: Monotonic seconds at which the store answered last, or the first of the backlog came.
        self.waiting_since = 0.0

    @property
    def backlog(self) -> int:
        """Transitions that the store has not answered yet."""
        return self._pending

    @property
    def unanswered(self) -> set[UUID]:
        """The jobs of those transitions."""
        waiting = [self._buffer, *self._flushes.values()]
        return {entry[1].id for batch in waiting for entry in batch}

    async def calm(self) -> None:
        """Wait until the backlog is below the high-water mark."""
        await self._calm.wait()

    async def flushed(self) -> None:
        """Wait until everything is stored."""
        await self._empty.wait()

    def add(self, transition: Transition, job: ClaimedJob, run_s: float, replayed: str | None = None) -> None:
        """Take a decided transition; returns at once.

        Args:
            transition: the transition of the job.
            job: the job.
            run_s: seconds its body ran.
            replayed: its outcome in reports if the store has settled this fence before; None: the transition's.
        """
        if transition.to is _RETRYING:
            transition = self._retry_spread.spread(transition)
        self._buffer.append((transition, job, run_s, replayed))
        self._pending += 1
        if self._pending == 1:
            self._empty.clear()
            self.waiting_since = self._deps.clock.monotonic()
        elif self._pending == HIGH_WATER:
            self._calm.clear()
        if len(self._buffer) >= FLUSH_SIZE:
            self._flush()
        elif self._timer is None:
            self._timer = self._loop.call_later(FLUSH_SECONDS, self._on_timer, context=self._variables)

    async def close(self) -> None:
        """Abandon transitions that are not stored: the rescuer will find their jobs."""
        if self._timer is not None:
            self._timer.cancel()
        for task in self._flushes:
            task.end()
        await asyncio.gather(*self._flushes, return_exceptions=True)
        if self._pending:
            log.warning("stopped with %d outcomes that could not be stored; their jobs will run again", self._pending)

    def _on_timer(self) -> None:
        self._timer = None
        self._flush()

    def _flush(self) -> None:
        while self._buffer and len(self._flushes) < MAX_IN_FLIGHT:
            batch = self._buffer[:FLUSH_SIZE]
            del self._buffer[:FLUSH_SIZE]
            task = start_protected(self._store(batch), "taskflow-flush")
            self._flushes[task] = batch
            task.add_done_callback(self._flushed)

    def _flushed(self, task: asyncio.Task[None]) -> None:
        self._flushes.pop(cast(ProtectedTask, task), None)
        if not task.cancelled() and task.exception() is not None:
            log.error("a flush failed", exc_info=task.exception())
        # Transitions that came meanwhile are written now: a busy worker never waits for its timer.
        self._flush()

    async def _store(self, batch: list[Entry]) -> None:
        began = self._deps.clock.monotonic()
        transitions = [entry[0] for entry in batch]
        errors = 0
        answers: Sequence[Settled] | None = None
        while answers is None:
            try:
                if self._progress.waits:
                    await self._progress.flush_of(transition.job_id for transition in transitions)
                answers = await self._deps.store.claims.settle(transitions)
            except (Exception, asyncio.CancelledError) as error:  # outcomes of bodies must not be lost
                if isinstance(error, asyncio.CancelledError) and cancelled_itself():
                    raise
                errors += 1
                if not isinstance(error, StoreUnavailable) and errors >= MAX_REFUSALS:
                    # The store answers but refuses this batch: find the row, strip it, and let the others pass.
                    await halve(batch, error, self._store, self._strip)
                    return
                self._deps.telemetry.event("store_error")
                if not self._store_log.failed(error):
                    level = logging.WARNING if isinstance(error, TaskFlowError) else logging.ERROR
                    log.log(level, "%d outcomes wait for the store: %s: %s", len(batch), type(error).__name__, error)
                await self._deps.clock.sleep(backoff(errors, longest=2.0))
        self._store_log.worked()
        self._account(batch, answers, self._deps.clock.monotonic() - began)

    async def _strip(self, entry: Entry, error: BaseException) -> None:
        """Store a refused transition without its payload; abandon it if it has none."""
        transition, job, run_s, replayed = entry
        if transition.result is not None or transition.error is not None:
            bare = msgspec.structs.replace(
                transition, result=None, error=None, result_error=f"not stored: {type(error).__name__}"
            )
            await self._store([(bare, job, run_s, replayed)])
            return
        log.error("the store refused the outcome of job %s", job.id, exc_info=error)
        self._done(1)
        self._on_refused(f"job {job.id} could not be settled")

    def _account(self, batch: list[Entry], answers: Sequence[Settled], seconds: float) -> None:
        reports, lines, others = [], [], 0
        first = batch[0][1]
        tenant, queue, task, alike = first.tenant, first.queue, first.task, True
        for (transition, job, run_s, replayed), answer in zip(batch, answers, strict=True):
            if answer is _STALE:
                outcome = "stale"
            elif answer is _REPLAYED and replayed is not None:
                outcome = replayed
            else:
                outcome = _WORDS[transition.to]
            if outcome != "completed":
                others += 1
                if answer is not _STALE:  # another process settled it, and counts it
                    self._deps.history.settled(transition, job, run_s)
            if job.task is not task or job.queue is not queue or job.tenant is not tenant:
                alike = False
            reports.append(JobReport(job.task, job.queue, outcome, run_s, job.waited))
            level, message = _SAID.get(outcome) or (logging.INFO, f"job {outcome}")
            error = None
            if transition.error is not None and level > logging.INFO:
                error = _line_error(transition.error, outcome)
                message = f"job {outcome}: {job.task} {job.id}: {error}"
            ms = round(run_s * 1000, 1)
            lines.append(JobLine(level, message, job.id, job.task, job.queue, job.attempt, outcome, ms, error))
        log_jobs(log, lines)
        done = batch
        if others:
            done = [entry for entry, report in zip(batch, reports, strict=True) if report.outcome == "completed"]
        if done:
            self._deps.history.completed([entry[1] for entry in done], [entry[2] for entry in done], alike=alike)
        self._done(len(batch))
        self._deps.telemetry.jobs_settled(reports, seconds)

    def _done(self, count: int) -> None:
        self._pending -= count
        self.settled += count
        self.waiting_since = self._deps.clock.monotonic()
        if self._pending < HIGH_WATER // 2:
            self._calm.set()
        if self._pending == 0:
            self._empty.set()


def _line_error(stored: bytes, outcome: str) -> LineError:
    """Return a stored error as a line shows it: with its traceback for a dead job, or where details are wanted."""
    try:
        error = msgspec.json.decode(stored, type=LineError)
    except msgspec.DecodeError:  # accounting must not fail because of data from a body process
        return LineError("Error")
    if outcome == "dead" or log.isEnabledFor(logging.DEBUG):
        return error
    return LineError(error.type, error.message)
