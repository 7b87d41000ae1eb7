"""The inside of a body process: take a job from the pipe, run it in the main thread, send what became of it."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import os
import queue
import socket
import threading
from contextlib import AbstractAsyncContextManager
from typing import Any, cast
from uuid import UUID

import msgspec

from taskflowmq.core.errors import WrongContext
from taskflowmq.core.job import ClaimedJob
from taskflowmq.core.transitions import Failed, Outcome
from taskflowmq.ports.context import running
from taskflowmq.ports.store import Claims
from taskflowmq.ports.tasks import TaskRegistry
from taskflowmq.worker.context import RunningContext
from taskflowmq.worker.failure import describe, error_json
from taskflowmq.worker.forks import guard_forks, leave_if_copied
from taskflowmq.worker.frames import LENGTH_BYTES, PROGRESS, READY, SPOILT, Frame, frame_of, pack, read_exactly
from taskflowmq.worker.outcome import raised, returned, undecodable
from taskflowmq.worker.traces import Traces

_NO_STORE = "a process has no store connection; use a coroutine or a thread for complete() and transaction()"


class BodyContext(RunningContext):
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


class PipeProgress:
    """Sends progress to the child, which coalesces it."""

    def __init__(self, pipe: socket.socket) -> None:
        self._pipe = pipe

    def put(self, job_id: UUID, lease_no: int, value: bytes) -> None:
        """Send one value."""
        self._pipe.sendall(pack(Frame(PROGRESS, value)))


def serve(fd: int, tasks: TaskRegistry) -> None:
    """Run jobs from the socket ``fd`` until the other side closes it."""
    pipe = socket.socket(fileno=fd)
    requests: queue.SimpleQueue[ClaimedJob] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(pipe, requests), daemon=True, name="taskflow-pipe").start()
    progress = PipeProgress(pipe)
    guard_forks()
    with asyncio.Runner() as runner:
        runner.get_loop()  # now, not when a handler has changed how loops are made
        pipe.sendall(pack(Frame(READY, b"")))
        traces = Traces()
        while True:
            outcome = _run(requests.get(), tasks, progress, runner)
            leave_if_copied()
            if not traces.put_back():
                pipe.sendall(pack(Frame(SPOILT, b"")))
            pipe.sendall(pack(frame_of(outcome)))


def _listen(pipe: socket.socket, requests: queue.SimpleQueue[ClaimedJob]) -> None:
    """Read in a thread of its own, so that the death of the child is noticed in the middle of a body too."""
    try:
        while True:
            size = int.from_bytes(read_exactly(pipe.recv, LENGTH_BYTES), "big")
            requests.put(msgspec.msgpack.decode(read_exactly(pipe.recv, size), type=ClaimedJob))
    except (EOFError, OSError):
        os._exit(0)


def _run(job: ClaimedJob, tasks: TaskRegistry, progress: PipeProgress, runner: asyncio.Runner) -> Outcome:
    try:
        return _judged(job, tasks, progress, runner)
    except BaseException as error:  # noqa: BLE001 - encoders and classes of exceptions are user code
        return Failed(describe(error))


def _judged(job: ClaimedJob, tasks: TaskRegistry, progress: PipeProgress, runner: asyncio.Runner) -> Outcome:
    spec = tasks.get(job.task)
    if spec is None:
        return Failed(error_json("UnknownTask", f"the app of this process has no task {job.task!r}"))
    try:
        kwargs = spec.decode(job.args)
    except Exception as error:  # noqa: BLE001 - decoders run user code
        return undecodable(error)
    ctx = BodyContext(job, spec, cast(Claims, None), progress)
    token = running.set(ctx)
    try:
        value = spec.fn(ctx, **kwargs) if spec.wants_context else spec.fn(**kwargs)
        if inspect.iscoroutine(value):
            # In our context: the runner's own is that of its first job.
            value = runner.run(value, context=contextvars.copy_context())
    except BaseException as error:  # noqa: BLE001 - SystemExit of a body is a failed job
        return raised(spec, error)
    finally:
        running.reset(token)
    return returned(spec, value)
