"""The code of a body process: read a job from the pipe, run it in the main thread, send its outcome."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import os
import queue
import socket
import threading
from collections import deque
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any, cast
from uuid import UUID

import msgspec

from taskflowmq.core.directives import Stop
from taskflowmq.core.errors import WrongContext
from taskflowmq.core.job import ClaimedJob
from taskflowmq.core.transitions import Failed, Outcome
from taskflowmq.ports.context import StopReason, WorkerState, running
from taskflowmq.ports.hooks import Around, HookFailed
from taskflowmq.ports.store import Claims
from taskflowmq.ports.tasks import TaskRegistry
from taskflowmq.worker.running import fork_guard
from taskflowmq.worker.running.around import AroundHere, InVariables, OnRunner, around_call
from taskflowmq.worker.running.body_looks import BodyLooks
from taskflowmq.worker.running.fork_guard import guard_forks, leave_if_copied
from taskflowmq.worker.running.frames import (
    LENGTH_BYTES,
    LOG,
    PROGRESS,
    READY,
    SPOILT,
    STOP,
    UNFIT,
    BodyQuestion,
    Frame,
    frame_of,
    pack,
    read_exactly,
)
from taskflowmq.worker.running.lifecycle import begin_here, end_here
from taskflowmq.worker.running.pipe_lines import PipeLines
from taskflowmq.worker.running.process_state import ProcessState
from taskflowmq.worker.running.run import HandlerContext, Reach, Run
from taskflowmq.worker.settling.failure import describe, error_json
from taskflowmq.worker.settling.outcome import raised, returned, undecodable

_Requests = queue.SimpleQueue[ClaimedJob | None]
_NO_STORE = "a process has no store connection; use a coroutine or a thread for complete() and transaction()"


class BodyContext(HandlerContext):
    """The context of a handler in a process: no store, so no transactions."""

    async def complete(self, result: Any = None, *, conn: Any) -> None:
        """Refuse: there is no store here."""
        raise WrongContext(_NO_STORE)

    def complete_sync(self, result: Any = None, *, conn: Any) -> None:
        """Refuse: there is no store here."""
        raise WrongContext(_NO_STORE)

    def transaction(self) -> AbstractAsyncContextManager[Any]:
        """Refuse: there is no store here."""
        raise WrongContext(_NO_STORE)


class BodyRun(Run):
    """The run of a job in a process."""

    view_type = BodyContext
    #: What the handler returned, while the loop of this process runs it.
    coroutine: Any = None


class Pipe:
    """The pipe to the child, for every thread of this process."""

    def __init__(self, fd: int) -> None:
        self._socket = socket.socket(fileno=fd)
        # Not the default timeout of the app's sockets: a longer job would look like the end of the worker.
        self._socket.settimeout(None)
        self.receive = self._socket.recv
        # Re-entrant: a signal handler may log in the middle of a frame. What it sends follows that frame.
        self._lock = threading.RLock()
        self._frames: deque[bytes] = deque()
        self._sending = False

    def send(self, kind: str, data: bytes = b"") -> None:
        """Send one frame. A forked copy of this process sends nothing: its parent does."""
        if fork_guard.copied:
            return
        with self._lock:
            self._frames.append(pack(Frame(kind, data)))
            if self._sending:
                return
            self._sending = True
            try:
                while self._frames:
                    self._socket.sendall(self._frames.popleft())
            except ConnectionError:
                # The child has ended or closed the pipe: no one receives this. The listener ends the process in order.
                self._frames.clear()
            finally:
                self._sending = False

    def send_log(self, data: bytes) -> None:
        """Send a log record."""
        self.send(LOG, data)


class PipeProgress:
    """Sends progress to the child, which coalesces it."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    def put(self, job_id: UUID, lease_no: int, value: bytes) -> None:
        """Send one value."""
        self._pipe.send(PROGRESS, value)


def serve(pipe: Pipe, tasks: TaskRegistry, *, keeps_lines: bool = True) -> None:
    """Run jobs from the pipe until the other side closes it.

    Args:
        pipe: to the child.
        tasks: whose bodies are run.
        keeps_lines: whether the child wants what they log.
    """
    requests: _Requests = queue.SimpleQueue()
    guard_forks()
    with asyncio.Runner() as runner:
        runner.get_loop()  # now, before a handler may change how loops are made
        reach = Reach(
            cast(Claims, None), PipeProgress(pipe), WorkerState(), PipeLines(pipe.send) if keeps_lines else None
        )
        bodies = _Bodies(tasks, reach, runner)
        looks = BodyLooks(pipe.send, runner.get_loop())
        arguments = (pipe, requests, bodies, looks)
        threading.Thread(target=_listen, args=arguments, daemon=True, name="taskflow-pipe").start()
        bodies.begin(pipe)
        pipe.send(READY)
        state = ProcessState()
        while (job := requests.get()) is not None:
            outcome = bodies.run(job)
            leave_if_copied()
            looks.finish()
            if not state.restore():
                pipe.send(SPOILT)
            frame = frame_of(outcome) if outcome is not None else Frame(STOP, b"")
            pipe.send(frame.kind, frame.data)
        bodies.end()
    os._exit(0)


def _listen(pipe: Pipe, requests: _Requests, bodies: _Bodies, looks: BodyLooks) -> None:
    """Read in a thread of its own, so that the death of the child is noticed while a body runs, too."""
    try:
        while True:
            size = int.from_bytes(read_exactly(pipe.receive, LENGTH_BYTES), "big")
            message = msgspec.msgpack.decode(
                read_exactly(pipe.receive, size), type=ClaimedJob | BodyQuestion | StopReason
            )
            if isinstance(message, ClaimedJob):
                requests.put(message)
            elif isinstance(message, BodyQuestion):
                looks.take(message, bodies.current)
            elif (run := bodies.current) is not None:
                run.stop = message
    except (EOFError, OSError):
        if not bodies.idle:
            os._exit(0)
        requests.put(None)  # stop hooks run. The child kills this process if they take too long.


class _Bodies:
    """Runs bodies, one at a time, in the main thread."""

    def __init__(self, tasks: TaskRegistry, reach: Reach, runner: asyncio.Runner) -> None:
        self._tasks = tasks
        self._runner = runner
        self._state = reach.state
        self._reach = reach
        #: Whether this process has begun to serve, and no body runs.
        self.idle = False
        #: The run of the body, if one runs.
        self.current: BodyRun | None = None

    def begin(self, pipe: Pipe) -> None:
        """Run the start hooks of the app; if one fails, report it and end."""
        try:
            begin_here(self._tasks.hooks.starts, self._state, self._runner.run)
        except HookFailed as error:
            pipe.send(UNFIT, describe(error.__cause__ or error))
            os._exit(0)
        self.idle = True

    def end(self) -> None:
        """Run the stop hooks."""
        end_here(self._tasks.hooks.stops, self._state, self._runner.run)

    def run(self, job: ClaimedJob) -> Outcome | None:
        """Run one body; whatever it does, there is an outcome. None: it ended by its stop request."""
        self.idle = False
        try:
            return self._judged(job)
        except BaseException as error:  # noqa: BLE001 - encoders and classes of exceptions are user code
            return Failed(describe(error) if self.current is None else describe(error, self.current.hidden))
        finally:
            if (run := self.current) is not None:
                run.ended = True
                # These would wait for the garbage collector, with the arguments.
                run.view = run.coroutine = None
            self.current = None
            self.idle = True

    def _judged(self, job: ClaimedJob) -> Outcome | None:
        spec = self._tasks.get(job.task)
        if spec is None:
            return Failed(error_json("UnknownTask", f"the app of this process has no task {job.task!r}"))
        # Clean variables for each job, decimal's among them: the next job must not see those of this one.
        variables = contextvars.Context()
        run = BodyRun(job, spec, self._reach)
        self.current = run
        try:
            kwargs = variables.run(spec.decode, job.args)
        except Exception as error:  # noqa: BLE001 - decoders run user code
            return undecodable(run, error)
        variables.run(running.set, run)
        body = partial(self._body, run, kwargs)
        arounds = self._tasks.hooks.arounds
        try:
            opened = partial(self._opened, run)
            value = around_call(tuple(arounds), variables, body, opened) if arounds else body(variables)
        except BaseException as error:  # noqa: BLE001 - SystemExit of a body is a failed job
            return None if _ends_as_asked(run, error) else variables.run(raised, run, error)
        return None if _ends_as_asked(run, value) else variables.run(returned, run, value)

    def _body(self, run: BodyRun, kwargs: dict[str, Any], variables: contextvars.Context) -> Any:
        fn = run.spec.fn
        value = variables.run(fn, run.context, **kwargs) if run.spec.wants_context else variables.run(fn, **kwargs)
        if inspect.iscoroutine(value):
            # In the job's variables: the runner's own are those of its first job.
            run.coroutine = value
            value = self._runner.run(value, context=variables)
        return value

    def _opened(self, run: BodyRun, hook: Around, variables: contextvars.Context) -> AroundHere:
        if hook.is_async:
            return OnRunner(hook, run.context, variables, self._runner.get_loop())
        return InVariables(hook.opened(run.context), variables)


def _ends_as_asked(run: BodyRun, end: object) -> bool:
    """Tell whether a body ends by ``ctx.stopped()``; an exception kept from an earlier job does not count."""
    return isinstance(end, Stop) and run.stop is not None
