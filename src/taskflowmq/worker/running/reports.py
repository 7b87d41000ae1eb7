"""Calls the ``@app.on_error`` hooks of an app after failed attempts.

What must stay true: no hook changes an outcome, delays a job, or accumulates without a bound. Hooks are called beside
the jobs, a few at a time, each for a limited time; calls that cannot be made soon are dropped and counted.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from functools import partial

import msgspec

from taskflowmq.core.job import ClaimedJob, State
from taskflowmq.core.transitions import Crashed, Discarded, Failed, Invalid, Outcome, TimedOut, Transition
from taskflowmq.ports.hooks import AttemptError, ErrorHook, FailedJob, Hooks, name_of
from taskflowmq.ports.telemetry import LineError
from taskflowmq.worker.protected_tasks import ProtectedTask, cancelled_itself, start_protected
from taskflowmq.worker.running.pools import ThreadPool

log = logging.getLogger("taskflowmq.worker")

#: Seconds that one hook may take for one failure.
CALL_SECONDS = 10.0
#: Failures whose hooks run or wait; more are dropped.
MAX_WAITING = 200
#: Hooks that run at once.
AT_ONCE = 4
#: Seconds that the last reports may take at the end of a worker.
LAST_SECONDS = 2.0

_WORDS: dict[type, str] = {
    Failed: "failed",
    TimedOut: "timeout",
    Crashed: "crashed",
    Discarded: "discarded",
    Invalid: "invalid",
}


class Reports:
    """Failed attempts on their way to the hooks."""

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks
        self._tasks: set[ProtectedTask] = set()
        self._room = asyncio.Semaphore(AT_ONCE)
        self._threads: ThreadPool | None = None
        self._seen: set[tuple[str, type]] = set()
        self._dropped = 0

    def take(self, job: ClaimedJob, outcome: Outcome, transition: Transition, error: BaseException | None) -> None:
        """Report an attempt if it failed; returns at once.

        Args:
            job: its job.
            outcome: how it ended.
            transition: the transition of the job.
            error: the exception, if this process has it.
        """
        word = _WORDS.get(type(outcome))
        if word is None:
            return
        if len(self._tasks) >= MAX_WAITING:
            self._dropped += 1
            if self._dropped == 1:
                log.warning("on_error hooks are slower than failures arrive: some failures are not reported to them")
            return
        if error is None or word in ("timeout", "crashed"):
            error = _stored(outcome, word)
        again = transition.to is not State.DEAD
        failed = FailedJob(
            id=job.id,
            task=job.task,
            queue=job.queue,
            attempt=job.attempt,
            max_attempts=job.max_attempts,
            outcome=word,
            final=not again,
            retry_in=transition.delay_ms / 1000 if again else None,
            raw_args=job.args,
            headers=msgspec.json.decode(job.headers) if job.headers else {},
        )
        task = start_protected(self._report(failed, error), "taskflow-on-error")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Wait for the last reports, for a limited time."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=LAST_SECONDS)
        if self._tasks or self._dropped:
            log.warning("%d failures were not reported to on_error hooks", len(self._tasks) + self._dropped)
        for task in self._tasks:
            task.end()
        if self._threads is not None:
            self._threads.close()

    async def _report(self, job: FailedJob, error: BaseException) -> None:
        async with self._room:
            for hook in tuple(self._hooks.errors):
                try:
                    async with asyncio.timeout(CALL_SECONDS):
                        await self._call(hook, job, error)
                except BaseException as broken:  # SystemExit of a hook does not end the worker either
                    if isinstance(broken, asyncio.CancelledError) and cancelled_itself():
                        raise
                    self._note(hook, job, broken)

    async def _call(self, hook: ErrorHook, job: FailedJob, error: BaseException) -> None:
        if inspect.iscoroutinefunction(hook):
            await hook(job, error)
            return
        if self._threads is None:
            self._threads = ThreadPool(AT_ONCE)
        # A hanging thread keeps its room: if all hang, hooks are no longer called, and no more threads start.
        await self._threads.room.acquire()
        value, broken = await self._threads.submit(partial(hook, job, error))
        if broken is not None:
            raise broken
        if inspect.isawaitable(value):
            await value

    def _note(self, hook: ErrorHook, job: FailedJob, broken: BaseException) -> None:
        """Log a failing hook: once in full for each kind of failure, so that a broken one does not flood the log."""
        kind = (name_of(hook), type(broken))
        level = logging.DEBUG if kind in self._seen else logging.ERROR
        self._seen.add(kind)
        fields = {"job_id": str(job.id), "task": job.task}
        log.log(level, "the on_error hook %s failed", name_of(hook), exc_info=broken, extra=fields)


def _stored(outcome: Outcome, word: str) -> AttemptError:
    raw: bytes | None = getattr(outcome, "error", None)
    try:
        found = msgspec.json.decode(raw, type=LineError) if raw else LineError("ProcessCrashed")
    except msgspec.DecodeError:  # data from a body process must not fail the settling of its job
        found = LineError("Error")
    return AttemptError(found.type, found.message, found.traceback, word)
