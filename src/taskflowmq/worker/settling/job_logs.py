"""What bodies log, on its way into the store: held until an attempt is known to keep it, and written in batches.

What must stay true: no body and no settling waits for a line or fails because of one; a job that logs nothing costs
nothing; and the memory is bounded, however much is logged. What is dropped leaves a gap in the numbers of the lines.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from contextvars import Context as Variables
from typing import NamedTuple, Protocol
from uuid import UUID

from taskflowmq.core.errors import StoreUnavailable
from taskflowmq.core.job import ClaimedJob
from taskflowmq.core.job_logs import LONG_S, MOST_A_SECOND, AttemptLog, JobLogs, Line, NewLines, NumberedLine, keeps
from taskflowmq.core.printable import counted
from taskflowmq.core.transitions import Outcome
from taskflowmq.ports.clock import Clock
from taskflowmq.ports.store import Logs
from taskflowmq.ports.tasks import TaskSpec
from taskflowmq.worker.backoff import backoff

log = logging.getLogger("taskflowmq.worker")

#: Seconds between two writes: lines of a running job are seen this much later.
INTERVAL = 0.5
MOST_A_WRITE = int(MOST_A_SECOND * INTERVAL)
#: Ended attempts whose lines may wait whole; those behind them keep their last :data:`FEW` lines.
MANY_ENDED, FEW = 200, 20
#: Ended attempts that wait at most; the lines of more are dropped.
MOST_ENDED = 2_000


class LoggedRun(Protocol):
    """The run of a body that logs."""

    job: ClaimedJob
    spec: TaskSpec
    began: float | None
    lines: LinesOfRun | None


class LinesOfRun:
    """The lines of one attempt.

    Args:
        writer: writes them.
        run: the run of the attempt.
    """

    def __init__(self, writer: JobLogWriter, run: LoggedRun) -> None:
        self._writer = writer
        self.job, self.began = run.job, run.began
        self.log = AttemptLog()
        self.ended = False

    def end(self, outcome: Outcome, run_s: float) -> None:
        """Write the lines soon if the attempt keeps them; otherwise forget them. Returns at once."""
        self._writer.end(self, outcome, run_s)


class _Taken(NamedTuple):
    """Lines of an attempt that are being written, and the numbers between which stored ones go."""

    of: LinesOfRun
    lines: list[NumberedLine]
    keep_to: int
    keep_from: int

    def as_new(self, now: float) -> NewLines:
        job = self.of.job
        return NewLines(
            job_id=job.id,
            lease_no=job.lease_no,
            round=job.round,
            attempt=job.attempt,
            lines=[(one.seq, max(int(1e6 * (now - one.at)), 0), one.line) for one in self.lines],
            keep_to=self.keep_to,
            keep_from=self.keep_from,
        )


class JobLogWriter:
    """Collects lines from any thread and writes them.

    Args:
        logs: where to.
        clock: time.
        kept: of which attempts.
    """

    def __init__(self, logs: Logs, clock: Clock, kept: JobLogs) -> None:
        self._logs = logs
        self._clock = clock
        self._kept = kept
        self._loop = asyncio.get_running_loop()
        self._variables = Variables()
        self._task: asyncio.Task[None] | None = None
        #: Whether the loop has been told to start it: many bodies may log before its next turn.
        self._is_woken = False
        # Re-entrant: a signal handler may log in the middle of this.
        self._lock = threading.RLock()
        self._live: dict[tuple[UUID, int], LinesOfRun] = {}
        self._ended: deque[LinesOfRun] = deque()
        # One write at a time, so that the lines of an attempt are stored in their order.
        self._writing = asyncio.Lock()
        self._unsure: list[_Taken] = []
        self._errors = 0
        self._dropping = False

    def put(self, run: LoggedRun, line: Line) -> None:
        """Take a line of a run; safe from any thread."""
        with self._lock:
            lines = run.lines
            if lines is None:
                lines = run.lines = LinesOfRun(self, run)
            if lines.ended:
                return
            lines.log.add(line, self._clock.monotonic())
            self._live[lines.job.id, lines.job.lease_no] = lines
        self._wake()

    def end(self, lines: LinesOfRun, outcome: Outcome, run_s: float) -> None:
        """Take the end of an attempt; see :meth:`LinesOfRun.end`."""
        with self._lock:
            lines.ended = True
            self._live.pop((lines.job.id, lines.job.lease_no), None)
            if not len(lines.log) or not keeps(outcome, run_s, self._kept):
                return
            if len(self._ended) >= MOST_ENDED:
                self._drop("more attempts fail than their log lines can be written")
                return
            if len(self._ended) >= MANY_ENDED:
                lines.log.shrink(FEW)
            self._ended.append(lines)
        self._wake()

    async def flush(self) -> bool:
        """Write the lines that are due, up to a limit; tell whether the store took them."""
        async with self._writing:
            return await self._write()

    async def flush_all(self) -> None:
        """Write every line that is due, unless the store does not take them."""
        async with self._writing:
            while await self._write() and self._has_due():
                pass

    async def close(self) -> None:
        """Stop writing."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _wake(self) -> None:
        if self._task is None and not self._is_woken:
            self._is_woken = True
            with suppress(RuntimeError):  # the loop is closed: the process ends
                self._loop.call_soon_threadsafe(self._start, context=self._variables)

    def _start(self) -> None:
        self._is_woken = False
        if self._task is None and not self._loop.is_closed():
            self._task = self._loop.create_task(self._run(), name="taskflow-job-logs", context=Variables())

    async def _run(self) -> None:
        while self._has_lines():
            # First of all: most attempts end meanwhile, and keep nothing.
            await self._clock.sleep(INTERVAL if not self._errors else backoff(self._errors, initial=INTERVAL))
            await self.flush()
        self._task = None
        if self._has_lines():  # a thread put one between the last look and here
            self._start()

    def _has_lines(self) -> bool:
        with self._lock:
            return bool(self._unsure or self._ended) or any(len(lines.log) for lines in self._live.values())

    def _has_due(self) -> bool:
        now = self._clock.monotonic()
        with self._lock:
            return bool(self._ended) or any(len(one.log) and self._is_due(one, now) for one in self._live.values())

    def _is_due(self, lines: LinesOfRun, now: float) -> bool:
        return self._kept is JobLogs.ALL or (lines.began is not None and now - lines.began >= LONG_S)

    async def _write(self) -> bool:
        # A batch whose answer was lost is written again as it was, before anything else.
        taken = self._unsure or self._take()
        if not taken:
            return True
        now = self._clock.monotonic()
        self._unsure = taken
        try:
            await self._logs.append([one.as_new(now) for one in taken])
        except StoreUnavailable as error:  # logged by the loops that wait for it
            self._errors += 1
            log.debug("log lines of %s wait for the store: %s", counted(len(taken), "attempt"), error)
            return False
        except Exception as error:  # noqa: BLE001 - lines are lost, jobs are not
            self._errors += 1
            self._drop(f"the store refused them: {type(error).__name__}: {error}")
        else:
            self._errors, self._dropping = 0, False
        self._unsure = []
        return True

    def _take(self) -> list[_Taken]:
        now = self._clock.monotonic()
        with self._lock:
            # Half of a write is for attempts that have ended, however much others log.
            taken = self._take_ended(MOST_A_WRITE // 2)
            due = [one for one in self._live.values() if len(one.log) and self._is_due(one, now)]
            taken += _take_from(due, MOST_A_WRITE - _count(taken))
            for one in taken:  # an attempt with more than fits into this write comes last in the next
                if self._live.pop((one.of.job.id, one.of.job.lease_no), None) is not None and len(one.of.log):
                    self._live[one.of.job.id, one.of.job.lease_no] = one.of
            return taken + self._take_ended(MOST_A_WRITE - _count(taken))

    def _take_ended(self, most: int) -> list[_Taken]:
        taken: list[_Taken] = []
        while self._ended and (room := most - _count(taken)) > 0:
            taken += _take_from([self._ended[0]], room)
            if not len(self._ended[0].log):
                self._ended.popleft()
        return taken

    def _drop(self, why: str) -> None:
        if not self._dropping:
            self._dropping = True
            log.warning("log lines of jobs are dropped: %s", why)


def _take_from(attempts: Iterable[LinesOfRun], most: int) -> list[_Taken]:
    taken: list[_Taken] = []
    for one in attempts:
        if lines := one.log.take(most):
            taken.append(_Taken(one, lines, *one.log.store(lines)))
            most -= len(lines)
    return taken


def _count(taken: Iterable[_Taken]) -> int:
    return sum(len(one.lines) for one in taken)
