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
from taskflowmq.ports.context import StopReason, WorkerState, running
from taskflowmq.ports.hooks import Around
from taskflowmq.ports.tasks import Runs
from taskflowmq.worker.deps import WorkerDeps
from taskflowmq.worker.protected_tasks import RunTask
from taskflowmq.worker.running.around import AroundHere, InVariables, OnLoop, around_call, around_coroutine
from taskflowmq.worker.running.blocking_probe import as_coroutine, probed
from taskflowmq.worker.running.context import CANCEL, HAND_BACK, LEASE_LOST, TIMEOUT, ProgressSink, RunningContext
from taskflowmq.worker.running.lease_left import LeaseLeft
from taskflowmq.worker.running.pools import ThreadPool
from taskflowmq.worker.running.process_pool import ProcessPool
from taskflowmq.worker.running.reports import Reports
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
        progress: takes the handlers' progress.
        bodies: killable processes.
        state: what start hooks made here, for handlers.
        on_unfit: told when this process cannot run bodies; tells whether it will be replaced.
    """

    def __init__(
        self,
        deps: WorkerDeps,
        slots: SlotTable,
        completer: Completer,
        progress: ProgressSink,
        bodies: ProcessPool,
        state: WorkerState,
        on_unfit: Callable[[str], bool],
    ) -> None:
        self._deps = deps
        self._state = state
        # The lists themselves: without hooks a job pays for looking whether they are empty, and for no more.
        self._arounds, self._errors = deps.tasks.hooks.arounds, deps.tasks.hooks.errors
        self._reports = Reports(deps.tasks.hooks)
        self._slots = slots
        self._completer = completer
        self._progress = progress
        self._bodies = bodies
        self._threads = ThreadPool(deps.options.threads)
        self._loop = asyncio.get_running_loop()
        self._monotonic = deps.clock.monotonic
        #: The runs by slot. Also holds bodies that were abandoned and still run.
        self.runs: dict[int, RunningContext] = {}
        self._on_unfit = on_unfit
        self._lease = LeaseLeft(deps, slots.cells)
        #: Claimed jobs that wait for a slot, in the order in which they start. The fetcher appends, and takes back.
        self.waiting: deque[ClaimedJob] = deque()
        #: Set when a slot became free; the waiting task clears it.
        self.room = asyncio.Event()
        #: Set when a body with a time limit begins; the waiting task clears it.
        self.deadline_began = asyncio.Event()
        #: The same for a body that must not outlive the lease.
        self.exclusive_began = asyncio.Event()
        #: Bodies that ended since the start, and those among them that had begun and were given back.
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
        ctx = RunningContext(job, spec, self._deps.store.claims, self._progress, self._state)
        ctx.slot = self._slots.take()
        self.runs[ctx.slot] = ctx
        self._active += 1
        if self._active == 1:
            self._idle.clear()
        if spec.runs is _COROUTINE:
            run = self._on_loop(ctx)
        elif spec.runs is Runs.PROCESS and self._bodies.available:
            run = self._in_process(ctx)
        else:
            run = self._in_thread(ctx)
        # A thread or a process continues when the wait for it is cancelled, so not even its own code may.
        # In clean variables: this is called where a job ends, or in the loop of the fetcher, which is its program's.
        ctx.task = task = RunTask(run, loop=self._loop, name=job.task, context=contextvars.Context())
        task.own = ctx if spec.runs is _COROUTINE else None

    def fill(self) -> None:
        """Start waiting jobs in the free slots. Called at every end of a body, so it does the least it can."""
        waiting = self.waiting
        while waiting and self._slots.free:
            self.start(waiting.popleft())
        if not self.room.is_set():
            self.room.set()

    def give_back(self, job: ClaimedJob, outcome: Outcome | None = None) -> None:
        """Settle a job that never started: back to its queue, or as ``outcome`` says."""
        self._completer.add(decide(job, outcome or HandedBack(), rand=chance.random()), job, 0.0)

    def unstarted(self) -> list[RunningContext]:
        """Return the jobs that hold a slot but wait for a thread or a process."""
        return [ctx for ctx in self.runs.values() if ctx.began is None]

    def recall(self, ctx: RunningContext) -> None:
        """Hand back a job that has not started."""
        ctx.ask_to_stop(HAND_BACK)

    def give_back_unstarted(self) -> None:
        """Hand back all of those."""
        for ctx in self.unstarted():
            self.recall(ctx)

    def stop_all(self, why: StopReason) -> None:
        """Ask every body to stop."""
        for ctx in list(self.runs.values()):
            ctx.ask_to_stop(why)

    def settle_without_body(self, ctx: RunningContext, outcome: Outcome) -> None:
        """Settle a job whose body does not end. Its slot stays taken for as long as the body runs."""
        if ctx.ended:
            return
        self._slots.clear_deadline(ctx.slot)
        self._settle(ctx, outcome)
        if ctx.ending is None and ctx.interrupt is not None:  # a thread can only be left behind
            ctx.interrupt()

    def settle_all_without_body(self) -> None:
        """Hand back every job whose body did not stop when asked; the process ends now, and the body with it."""
        for ctx in list(self.runs.values()):
            self.settle_without_body(ctx, HandedBack())

    def give_up_on(self, ctx: RunningContext) -> None:
        """The body ignored its timeout: time the job out under the fence at once, with a picture of where it hangs."""
        if ctx.ended:
            return
        trace = stack_of(ctx.thread_id) if ctx.thread_id is not None else ""
        if ctx.ending is not None:
            self._threads.abandon(ctx.ending)
        self.settle_without_body(ctx, TimedOut(_too_long(ctx, self._monotonic(), trace)))

    async def close(self) -> None:
        """End threads and processes that are idle; kill processes that are not."""
        await self._reports.close()
        self._threads.close()
        await self._bodies.close()

    async def _on_loop(self, ctx: RunningContext) -> None:
        kwargs = self._begin_and_decode(ctx)
        if kwargs is None:
            return
        ctx.interrupt = ctx.task.end if ctx.task is not None else None
        running.set(ctx)
        value, error = None, None
        try:
            if self._arounds:
                body = around_coroutine(tuple(self._arounds), ctx, partial(_call, ctx, kwargs))
            else:
                fn = ctx.spec.fn
                body = fn(ctx, **kwargs) if ctx.spec.wants_context else fn(**kwargs)
            value = await probed(as_coroutine(body), self._slots.cells, ctx.slot, ctx.has_ended)
        except BaseException as caught:  # noqa: BLE001 - SystemExit of a body is a failed job, not a dead worker
            error = caught
        self._finish(ctx, value, error)

    async def _in_thread(self, ctx: RunningContext) -> None:
        ctx.interrupt = ctx.task.end if ctx.task is not None else None
        try:
            await self._threads.room.acquire()
        except asyncio.CancelledError:
            self._finish_unstarted(ctx)
            return
        # From here on a cancelled wait would forget a thread that continues: the body can only be asked.
        ctx.interrupt = None
        kwargs = self._begin_and_decode(ctx)
        if kwargs is None:
            self._threads.room.release()
            return
        body = partial(_thread_body, ctx, kwargs)
        try:
            ctx.ending = self._threads.submit(partial(self._surrounded, ctx, body) if self._arounds else body)
        except RuntimeError as refused:
            # There is no thread left, for which the job is not to blame, if another process can take it.
            self._threads.room.release()
            replaced = self._on_unfit(f"no thread can be started: {refused}")
            self._end(ctx, HandedBack() if replaced else Failed(describe(refused)))
            return
        try:
            value, error = await ctx.ending
        except asyncio.CancelledError:
            if not ctx.ended:
                self._threads.abandon(ctx.ending)
            self._end(ctx, HandedBack())
            raise
        self._finish(ctx, value, error)

    async def _in_process(self, ctx: RunningContext) -> None:
        ctx.interrupt = ctx.task.end if ctx.task is not None else None
        try:
            body = await self._bodies.acquire()
        except asyncio.CancelledError:
            self._finish_unstarted(ctx)
            return
        except OSError as error:
            self._end(ctx, Crashed(describe(error)))
            return
        try:
            if ctx.stop is not None:
                self._finish_unstarted(ctx)
                return
            self._begin(ctx)
            # A body that takes no context cannot look whether it is asked.
            ctx.interrupt = partial(body.ask, ctx, self._deps.options.grace) if ctx.spec.wants_context else body.kill
            outcome = await body.run(ctx)
            if ctx.cancelled and isinstance(outcome, Failed):  # whatever it raised, it received a stop request
                outcome = None
            self._end(ctx, outcome or self._stopped(ctx, None) or Crashed(body.crash_error()))
        except asyncio.CancelledError:
            body.kill()
            self._end(ctx, HandedBack())
            raise
        finally:
            self._bodies.release(body)

    def _begin_and_decode(self, ctx: RunningContext) -> dict[str, Any] | None:
        if ctx.stop is not None:
            self._finish_unstarted(ctx)
            return None
        # Decoders run user code (post-init of dataclasses), so the job has begun: should it take the process along,
        # it is charged.
        self._begin(ctx)
        try:
            return ctx.spec.decode(ctx.job.args)
        except BaseException as error:  # noqa: BLE001 - user code: SystemExit too ends its job, not the loop
            ctx.raised = error
            self._end(ctx, _judged(undecodable, error))
            return None

    def _begin(self, ctx: RunningContext) -> None:
        ctx.began = now = self._monotonic()
        limit = ctx.job.timeout_ms if ctx.job.timeout_ms is not None else ctx.spec.timeout_ms
        if limit is not None:
            ctx.deadline = now + limit / 1000
            self.deadline_began.set()
        exclusive = ctx.spec.stops_with_lease
        self._slots.start(ctx.slot, ctx.job.id, ctx.job.lease_no, ctx.deadline, exclusive=exclusive)
        if exclusive:
            self.exclusive_began.set()

    def _finish(self, ctx: RunningContext, value: Any, error: BaseException | None) -> None:
        if type(value) is Stop:
            error = value
        if error is not None:
            ctx.raised = error
            self._end(ctx, self._judged(ctx, self._of_error, ctx, error))
        elif ctx.completed_by_caller:
            # If the caller's transaction was committed, the fence answers REPLAYED and this changes nothing. If it
            # was rolled back, its effects are gone, and calling the job completed would lose them.
            message = "the transaction passed to ctx.complete() was not committed"
            self._end(ctx, Failed(error_json("NotCommitted", message)))
        elif value is None:
            self._end(ctx, DONE)
        else:
            self._end(ctx, self._judged(ctx, returned, ctx.spec, value))

    def _judged(self, ctx: RunningContext, judge: Callable[..., Outcome], *args: Any) -> Outcome:
        """Judge with code that meets the user's objects, which belongs to the body still: their texts may be long."""
        self._slots.cells[STEPPED] = ctx.slot + 1
        try:
            return _judged(judge, *args)
        finally:
            self._slots.cells[STEPPED] = 0

    def _of_error(self, ctx: RunningContext, error: BaseException) -> Outcome:
        return self._stopped(ctx, error) or raised(ctx.spec, error)

    def _finish_unstarted(self, ctx: RunningContext) -> None:
        self._end(ctx, Stopped(False) if ctx.stop == CANCEL else HandedBack())

    def _stopped(self, ctx: RunningContext, error: BaseException | None) -> Outcome | None:
        """Judge a body that received a stop request and did not return."""
        if ctx.stop == TIMEOUT:
            trace = traceback_of(error) if error is not None else ""
            return TimedOut(_too_long(ctx, self._monotonic(), trace))
        if ctx.stop == CANCEL:
            return Stopped(False)
        if ctx.stop in (HAND_BACK, LEASE_LOST):
            return HandedBack()
        # The program around this worker ends: that is not a fault of the job.
        ends = isinstance(error, asyncio.CancelledError) and ctx.task is not None and ctx.task.by_stranger
        return HandedBack() if ends else None

    def _end(self, ctx: RunningContext, outcome: Outcome) -> None:
        if not ctx.ended:
            self._settle(ctx, outcome)
        self._leave_slot(ctx)
        self.fill()

    def _leave_slot(self, ctx: RunningContext) -> None:
        self.runs.pop(ctx.slot, None)
        self._slots.finish(ctx.slot)
        # The task knows its run (and its context variables do): without this every job is a cycle that waits for the
        # collector, with its arguments.
        ctx.task = ctx.interrupt = ctx.raised = None

    def _settle(self, ctx: RunningContext, outcome: Outcome) -> None:
        ctx.ended = True
        self.ended += 1
        if type(outcome) is HandedBack and ctx.began is not None:
            self.handed_back += 1
        self._active -= 1
        if self._active == 0:
            self._idle.set()
        run_s = self._monotonic() - ctx.began if ctx.began is not None else 0.0
        transition = decide(ctx.job, outcome, policy=ctx.spec.retry, rand=chance.random())
        if ctx.completed_by_caller:
            transition = msgspec.structs.replace(transition, completed_by_caller=True)
        self._completer.add(transition, ctx.job, run_s, "completed" if ctx.completed_by_caller else None)
        if self._errors:
            self._reports.take(ctx.job, outcome, transition, ctx.raised)

    def _surrounded(self, ctx: RunningContext, body: Callable[[], Any]) -> Any:
        """Run a thread's body inside the hooks; called in that thread."""
        ctx.thread_id = threading.get_ident()
        # Not those which this thread is in: hooks and body enter theirs.
        variables = contextvars.copy_context()
        variables.run(running.set, ctx)

        def drive(hook: Coroutine[Any, Any, None]) -> Coroutine[Any, Any, None]:
            return _awaiting(probed(hook, self._slots.cells, ctx.slot, ctx.has_ended))

        def opened(hook: Around, variables: contextvars.Context) -> AroundHere:
            if hook.is_async:
                return OnLoop(hook, ctx, variables, self._loop, drive)
            return InVariables(hook.opened(ctx), variables)

        return around_call(tuple(self._arounds), variables, lambda inner: inner.run(body), opened)


def _call(ctx: RunningContext, kwargs: dict[str, Any]) -> Any:
    fn = ctx.spec.fn
    return fn(ctx, **kwargs) if ctx.spec.wants_context else fn(**kwargs)


def _thread_body(ctx: RunningContext, kwargs: dict[str, Any]) -> Any:
    ctx.thread_id = threading.get_ident()
    running.set(ctx)
    return _call(ctx, kwargs)


async def _awaiting(steps: Awaitable[None]) -> None:
    await steps


def _judged(judge: Callable[..., Outcome], *args: Any) -> Outcome:
    """Judge with code that meets the user's objects; whatever those do to it, the job has an outcome."""
    try:
        return judge(*args)
    except BaseException as error:  # noqa: BLE001 - encoders and classes of exceptions are user code
        return Failed(describe(error))


def _too_long(ctx: RunningContext, now: float, trace: str) -> bytes:
    began = ctx.began if ctx.began is not None else now
    limit = round(ctx.deadline - began, 3) if ctx.deadline is not None else 0.0
    return error_json("TimeoutError", f"stopped after {now - began:.1f} s; its timeout is {limit:g} s", trace)
