"""Runs claimed jobs: decode → begin → body → judge → decide → completer.

What must stay true: every job that enters ``start`` leaves as exactly one transition, whatever its body does; a slot
is published as started exactly while a body runs; nothing that a body raises leaves this module.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any

import msgspec

from taskflowmq.core.directives import Stop
from taskflowmq.core.job import ClaimedJob
from taskflowmq.core.transitions import Crashed, Failed, HandedBack, Outcome, Stopped, TimedOut, decide
from taskflowmq.ports.chance import chance
from taskflowmq.ports.context import StopReason, running
from taskflowmq.ports.hooks import Around
from taskflowmq.ports.tasks import Runs
from taskflowmq.worker.deps import WorkerDeps
from taskflowmq.worker.protected_tasks import RunTask
from taskflowmq.worker.running.around import AroundHere, InVariables, OnLoop, around_call, around_coroutine
from taskflowmq.worker.running.blocking_probe import as_coroutine, probed
from taskflowmq.worker.running.lease_left import LeaseLeft
from taskflowmq.worker.running.pools import ThreadPool
from taskflowmq.worker.running.process_pool import ProcessPool
from taskflowmq.worker.running.reports import Reports
from taskflowmq.worker.running.run import CANCEL, HAND_BACK, LEASE_LOST, TIMEOUT, Reach, Run
from taskflowmq.worker.settling.completer import Completer
from taskflowmq.worker.settling.failure import describe, error_json, stack_of, traceback_of
from taskflowmq.worker.settling.outcome import DONE, raised, returned, undecodable
from taskflowmq.worker.slots import STEPPED, SlotTable

log = logging.getLogger("taskflowmq.worker")
_COROUTINE = Runs.COROUTINE


class Executor:
    """Starts bodies in slots and turns their endings into transitions.

    Args:
        deps: the worker's ports.
        slots: room for bodies.
        completer: takes the transitions.
        reach: the services of handlers.
        bodies: killable processes.
        on_unfit: called when this process cannot run bodies; returns whether it will be replaced.
    """

    def __init__(
        self,
        deps: WorkerDeps,
        slots: SlotTable,
        completer: Completer,
        reach: Reach,
        bodies: ProcessPool,
        on_unfit: Callable[[str], bool],
    ) -> None:
        self._deps = deps
        self._reach = reach
        # The lists themselves: without hooks a job pays only for the test whether they are empty.
        self._arounds, self._errors = deps.tasks.hooks.arounds, deps.tasks.hooks.errors
        self._reports = Reports(deps.tasks.hooks)
        self._slots = slots
        self._completer = completer
        self._bodies = bodies
        self._threads = ThreadPool(deps.options.threads)
        self._loop = asyncio.get_running_loop()
        self._monotonic = deps.clock.monotonic
        #: The runs by slot. Also holds bodies that were abandoned and still run.
        self.runs: dict[int, Run] = {}
        self._on_unfit = on_unfit
        self._lease = LeaseLeft(deps, slots.cells)
        #: Claimed jobs that wait for a slot, in the order in which they start. The fetcher appends and removes them.
        self.waiting: deque[ClaimedJob] = deque()
        #: Set when a slot became free; the waiting task clears it.
        self.room = asyncio.Event()
        #: Set when a body with a time limit begins; the waiting task clears it.
        self.deadline_began = asyncio.Event()
        #: The same for a body that must not outlive the lease.
        self.exclusive_began = asyncio.Event()
        #: Bodies that ended since the start, and those among them that had begun and were handed back.
        self.ended = 0
        self.handed_back = 0
        self._active = 0
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def active(self) -> int:
        """Jobs that hold a slot and have no outcome yet."""
        return self._active

    async def idle(self) -> None:
        """Wait until no job is active."""
        await self._idle.wait()

    def start(self, job: ClaimedJob) -> None:
        """Take a slot and start the job; there must be one free."""
        spec = self._deps.tasks.get(job.task)
        # It was unregistered after the claim, or the lease is about to end.
        if spec is None or (spec.stops_with_lease and not self._lease.holds()):
            self.give_back(job)
            return
        run = Run(job, spec, self._reach)
        run.slot = self._slots.take()
        self.runs[run.slot] = run
        self._active += 1
        if self._active == 1:
            self._idle.clear()
        if spec.runs is _COROUTINE:
            work = self._on_loop(run)
        elif spec.runs is Runs.PROCESS and self._bodies.available:
            work = self._in_process(run)
        else:
            work = self._in_thread(run)
        # A thread or a process continues when the wait for it is cancelled, so not even its own code may cancel it.
        # In clean variables: the caller is a job that ends, or the fetcher's loop, which is the program's.
        run.task = task = RunTask(work, loop=self._loop, name=job.task, context=contextvars.Context())
        task.own = run if spec.runs is _COROUTINE else None

    def fill(self) -> None:
        """Start waiting jobs in the free slots. Called at every end of a body, so it does the least it can."""
        waiting = self.waiting
        while waiting and self._slots.free:
            self.start(waiting.popleft())
        if not self.room.is_set():
            self.room.set()

    def give_back(self, job: ClaimedJob, outcome: Outcome | None = None) -> None:
        """Settle a job that never started: hand it back, or settle it as ``outcome`` says."""
        self._completer.add(decide(job, outcome or HandedBack(), rand=chance.random()), job, 0.0)

    def unstarted(self) -> list[Run]:
        """Return the jobs that hold a slot but wait for a thread or a process."""
        return [run for run in self.runs.values() if run.began is None]

    def recall(self, run: Run) -> None:
        """Hand back a job that has not started."""
        run.ask_to_stop(HAND_BACK)

    def give_back_unstarted(self) -> None:
        """Hand back all jobs that have not started."""
        for run in self.unstarted():
            self.recall(run)

    def stop_all(self, why: StopReason) -> None:
        """Send every body a stop request."""
        for run in list(self.runs.values()):
            run.ask_to_stop(why)

    def settle_without_body(self, run: Run, outcome: Outcome) -> None:
        """Settle a job whose body does not end. Its slot stays taken for as long as the body runs."""
        if run.ended:
            return
        self._slots.clear_deadline(run.slot)
        self._settle(run, outcome)
        if run.ending is None and run.stoppable is not None:  # a thread can only be abandoned
            run.stoppable.end()

    def settle_all_without_body(self) -> None:
        """Hand back every job whose body ignored its stop request; the process ends now, and the body with it."""
        for run in list(self.runs.values()):
            self.settle_without_body(run, HandedBack())

    def give_up_on(self, run: Run) -> None:
        """Time out a job whose body ignored its timeout, under the fence and at once, with a traceback of the body."""
        if run.ended:
            return
        trace = stack_of(run.thread_id) if run.thread_id is not None else ""
        if run.ending is not None:
            self._threads.abandon(run.ending)
        self.settle_without_body(run, TimedOut(_too_long(run, self._monotonic(), trace)))

    async def close(self) -> None:
        """End threads and processes that are idle; kill processes that are not."""
        await self._reports.close()
        self._threads.close()
        await self._bodies.close()

    async def _on_loop(self, run: Run) -> None:
        kwargs = self._begin_and_decode(run)
        if kwargs is None:
            return
        run.stoppable = run.task
        running.set(run)
        value, error = None, None
        try:
            if self._arounds:
                body = around_coroutine(tuple(self._arounds), run.context, partial(_call, run, kwargs))
            else:
                fn = run.spec.fn
                body = fn(run.context, **kwargs) if run.spec.wants_context else fn(**kwargs)
            value = await probed(as_coroutine(body), self._slots.cells, run.slot, run.has_ended)
        except BaseException as caught:  # noqa: BLE001 - SystemExit of a body is a failed job, not a dead worker
            error = caught
        self._finish(run, value, error)

    async def _in_thread(self, run: Run) -> None:
        run.stoppable = run.task
        try:
            await self._threads.room.acquire()
        except asyncio.CancelledError:
            self._finish_unstarted(run)
            return
        # From here on a cancelled wait would lose a thread that continues: the body can only receive a stop request.
        run.stoppable = None
        kwargs = self._begin_and_decode(run)
        if kwargs is None:
            self._threads.room.release()
            return
        body = partial(_thread_body, run, kwargs)
        try:
            run.ending = self._threads.submit(partial(self._surrounded, run, body) if self._arounds else body)
        except RuntimeError as refused:
            # No thread can be started. That is not the job's fault, if another process can take it.
            self._threads.room.release()
            replaced = self._on_unfit(f"no thread can be started: {refused}")
            self._end(run, HandedBack() if replaced else Failed(describe(refused)))
            return
        try:
            value, error = await run.ending
        except asyncio.CancelledError:
            if not run.ended:
                self._threads.abandon(run.ending)
            self._end(run, HandedBack())
            raise
        self._finish(run, value, error)

    async def _in_process(self, run: Run) -> None:
        run.stoppable = run.task
        try:
            body = await self._bodies.acquire()
        except asyncio.CancelledError:
            self._finish_unstarted(run)
            return
        except OSError as error:
            self._end(run, Crashed(describe(error)))
            return
        try:
            if run.stop is not None:
                self._finish_unstarted(run)
                return
            self._begin(run)
            run.stoppable = body
            outcome = await body.run(run)
            if run.asked_to_stop and isinstance(outcome, Failed):  # whatever it raised, it received a stop request
                outcome = None
            self._end(run, outcome or self._stopped(run, None) or Crashed(body.crash_error()))
        except asyncio.CancelledError:
            body.kill()
            self._end(run, HandedBack())
            raise
        finally:
            self._bodies.release(body)

    def _begin_and_decode(self, run: Run) -> dict[str, Any] | None:
        if run.stop is not None:
            self._finish_unstarted(run)
            return None
        # Decoders run user code (post-init of dataclasses), so the job has begun: if it crashes the process,
        # it is charged.
        self._begin(run)
        try:
            return run.spec.decode(run.job.args)
        except BaseException as error:  # noqa: BLE001 - user code: SystemExit too ends its job, not the loop
            run.raised = error
            self._end(run, _judged(run, undecodable, error))
            return None

    def _begin(self, run: Run) -> None:
        run.began = now = self._monotonic()
        limit = run.job.timeout_ms if run.job.timeout_ms is not None else run.spec.timeout_ms
        if limit is not None:
            run.deadline = now + limit / 1000
            self.deadline_began.set()
        exclusive = run.spec.stops_with_lease
        self._slots.start(run.slot, run.job.id, run.job.lease_no, run.deadline, exclusive=exclusive)
        if exclusive:
            self.exclusive_began.set()

    def _finish(self, run: Run, value: Any, error: BaseException | None) -> None:
        if type(value) is Stop:
            error = value
        if error is not None:
            run.raised = error
            self._end(run, self._judged(run, self._of_error, error))
        elif run.completed_by_caller:
            # If the caller's transaction was committed, the fence answers REPLAYED and this changes nothing. If it
            # was rolled back, its effects are gone, and calling the job completed would lose them.
            message = "the transaction passed to ctx.complete() was not committed"
            self._end(run, Failed(error_json("NotCommitted", message)))
        elif value is None:
            self._end(run, DONE)
        else:
            self._end(run, self._judged(run, returned, value))

    def _judged(self, run: Run, judge: Callable[..., Outcome], *args: Any) -> Outcome:
        """Judge a body by the user's objects, whose code is part of the body: their texts may be long."""
        self._slots.cells[STEPPED] = run.slot + 1
        try:
            return _judged(run, judge, *args)
        finally:
            self._slots.cells[STEPPED] = 0

    def _of_error(self, run: Run, error: BaseException) -> Outcome:
        return self._stopped(run, error) or raised(run, error)

    def _finish_unstarted(self, run: Run) -> None:
        self._end(run, Stopped(False) if run.stop == CANCEL else HandedBack())

    def _stopped(self, run: Run, error: BaseException | None) -> Outcome | None:
        """Judge a body that received a stop request and did not return."""
        if run.stop == TIMEOUT:
            trace = traceback_of(error) if error is not None else ""
            return TimedOut(_too_long(run, self._monotonic(), trace))
        if run.stop == CANCEL:
            return Stopped(False)
        if run.stop in (HAND_BACK, LEASE_LOST):
            return HandedBack()
        # The program around this worker ends: that is not a fault of the job.
        ends = isinstance(error, asyncio.CancelledError) and run.task is not None and run.task.by_stranger
        return HandedBack() if ends else None

    def _end(self, run: Run, outcome: Outcome) -> None:
        if not run.ended:
            self._settle(run, outcome)
        self._leave_slot(run)
        self.fill()

    def _leave_slot(self, run: Run) -> None:
        self.runs.pop(run.slot, None)
        self._slots.finish(run.slot)
        # The task and its context variables refer to the run: without this every job is a cycle that waits for the
        # garbage collector, with its arguments.
        run.task = run.stoppable = run.raised = run.view = None

    def _settle(self, run: Run, outcome: Outcome) -> None:
        run.ended = True
        self.ended += 1
        if type(outcome) is HandedBack and run.began is not None:
            self.handed_back += 1
        self._active -= 1
        if self._active == 0:
            self._idle.set()
        run_s = self._monotonic() - run.began if run.began is not None else 0.0
        if run.lines is not None:
            run.lines.end(outcome, run_s)
        transition = decide(run.job, outcome, policy=run.spec.retry, rand=chance.random())
        if run.completed_by_caller:
            transition = msgspec.structs.replace(transition, completed_by_caller=True)
        self._completer.add(transition, run.job, run_s, "completed" if run.completed_by_caller else None)
        if self._errors:
            self._reports.take(run.job, outcome, transition, run.raised)

    def _surrounded(self, run: Run, body: Callable[[], Any]) -> Any:
        """Run a thread's body inside the hooks; called in that thread."""
        run.thread_id = threading.get_ident()
        # Not the variables that this thread is in: hooks and body enter their own.
        variables = contextvars.copy_context()
        variables.run(running.set, run)

        def drive(hook: Coroutine[Any, Any, None]) -> Coroutine[Any, Any, None]:
            return _awaiting(probed(hook, self._slots.cells, run.slot, run.has_ended))

        def opened(hook: Around, variables: contextvars.Context) -> AroundHere:
            if hook.is_async:
                return OnLoop(hook, run, variables, self._loop, drive)
            return InVariables(hook.opened(run.context), variables)

        return around_call(tuple(self._arounds), variables, lambda inner: inner.run(body), opened)


def _call(run: Run, kwargs: dict[str, Any]) -> Any:
    fn = run.spec.fn
    return fn(run.context, **kwargs) if run.spec.wants_context else fn(**kwargs)


def _thread_body(run: Run, kwargs: dict[str, Any]) -> Any:
    run.thread_id = threading.get_ident()
    running.set(run)
    return _call(run, kwargs)


async def _awaiting(steps: Awaitable[None]) -> None:
    await steps


def _judged(run: Run, judge: Callable[..., Outcome], *args: Any) -> Outcome:
    """Judge a body by the user's objects; whatever their code does, the job has an outcome."""
    try:
        return judge(run, *args)
    except BaseException as error:  # noqa: BLE001 - encoders and classes of exceptions are user code
        return Failed(describe(error, run.hidden))


def _too_long(run: Run, now: float, trace: str) -> bytes:
    began = run.began if run.began is not None else now
    limit = round(run.deadline - began, 3) if run.deadline is not None else 0.0
    return error_json(
        "TimeoutError", f"stopped after {now - began:.1f} s; its timeout is {limit:g} s", trace, run.hidden
    )
