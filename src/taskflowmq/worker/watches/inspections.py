"""Answers requests for the stack or a profile of a running job, beside the jobs.

What must stay true: looking never changes how a job ends. Each answer is made once and stored, or it is not wanted any
more; who asked learns that from the store.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import FrameType
from uuid import UUID

import msgspec

from taskflowmq.core.errors import TaskFlowError
from taskflowmq.core.inspection import (
    BODY_SECONDS,
    BodyKind,
    InspectionKind,
    ProfileAnswer,
    Question,
    StackAnswer,
    checked_profile,
    checked_stack,
)
from taskflowmq.ports.tasks import Runs
from taskflowmq.worker.backoff import backoff
from taskflowmq.worker.deps import WorkerDeps
from taskflowmq.worker.protected_tasks import ProtectedTask, start_protected
from taskflowmq.worker.running.executor import Executor
from taskflowmq.worker.running.frames import BodyQuestion
from taskflowmq.worker.running.process_pool import Body
from taskflowmq.worker.running.run import Run
from taskflowmq.worker.running.sampler import Sampler, Seen
from taskflowmq.worker.running.stacks import (
    calls_of,
    calls_of_coroutine,
    of_body,
    runs_in,
    stack_of_thread,
    stacks_of_task,
    tasks_below,
    tasks_of,
    thread_frame,
)
from taskflowmq.worker.watches.load import PROC, usage_of

log = logging.getLogger("taskflowmq.worker")

Answer = StackAnswer | ProfileAnswer

#: Requests that are answered at once; more wait in the store.
AT_ONCE = 20
#: How often an answer is stored again while the store does not answer.
TRIES = 5
#: Seconds that the last answers may take at the end of a worker.
LAST_SECONDS = 2.0
#: A profile looks for the tasks that a body waits for once in this many samples.
FIND_EVERY = 20


class Inspector:
    """Answers for one worker.

    Args:
        deps: the worker's ports.
        executor: whose bodies are looked at.
    """

    def __init__(self, deps: WorkerDeps, executor: Executor) -> None:
        self._deps = deps
        self._executor = executor
        self._tasks: dict[UUID, ProtectedTask] = {}
        #: A look at the store may have begun before the answer was in it.
        self._answered: deque[UUID] = deque(maxlen=100)

    def take(self, questions: Iterable[Question]) -> None:
        """Begin to answer what is new; returns at once. What is asked of a job that is not here, others answer."""
        for question in questions:
            if question.id in self._tasks or question.id in self._answered or len(self._tasks) >= AT_ONCE:
                continue
            for run in self._executor.runs.values():
                if _is_about(question, run):
                    self._tasks[question.id] = start_protected(self._answer(question, run), "taskflow-inspection")
                    break

    async def close(self) -> None:
        """Store the answers about jobs that have ended now, for a short time, and make no more."""
        left: set[ProtectedTask] = set(self._tasks.values())
        if left:
            await asyncio.wait(left, timeout=LAST_SECONDS)
        for task in left:
            task.end()

    async def _answer(self, question: Question, run: Run) -> None:
        try:
            answer = await self._look(question, run)
            if answer is not None:
                await self._store(question, msgspec.json.encode(_measured(answer, run, self._deps.clock.monotonic())))
        except Exception:
            log.exception("a request for the %s of job %s was not answered", question.kind, question.job_id)
        finally:
            self._answered.append(question.id)
            del self._tasks[question.id]

    async def _store(self, question: Question, data: bytes) -> None:
        for attempt in range(1, TRIES + 1):
            try:
                if not await self._deps.store.inspections.answer(question, data):
                    log.debug("the %s of job %s is not wanted any more", question.kind, question.job_id)
                return
            except TaskFlowError as error:
                log.debug("the %s of job %s could not be stored: %s", question.kind, question.job_id, error)
            await self._deps.clock.sleep(backoff(attempt, longest=2.0))

    async def _look(self, question: Question, run: Run) -> Answer | None:
        """Return what there is to see of a body; None if it ended before."""
        if run.began is None:
            what = "process" if run.spec.runs is Runs.PROCESS else "thread"
            return self._nothing(question, run, f"the job has been claimed, and waits for a free {what}")
        body = run.stoppable
        if isinstance(body, Body):
            return await self._ask(question, run, body)
        if question.kind is InspectionKind.PROFILE:
            return await self._profile(question, run)
        if run.is_coroutine:
            stacks = [] if run.task is None else stacks_of_task(run.task, None)
        else:
            thread_id = run.thread_id
            calls = [] if thread_id is None else calls_of(thread_frame(thread_id))
            stacks = [stack_of_thread(calls, thread_id)] if thread_id is not None and runs_in(calls, run) else []
        if run.ended:
            return None
        return StackAnswer(host=socket.gethostname(), pid=os.getpid(), body=_kind(run), age=None, stacks=stacks)

    async def _profile(self, question: Question, run: Run) -> ProfileAnswer:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()

        def end(_: Sampler) -> None:
            try:
                loop.call_soon_threadsafe(_resolve, done)
            except RuntimeError:
                log.debug("a profile ended after its worker")

        look = _task_look(run, threading.get_ident()) if run.is_coroutine else _thread_look(run)
        sampler = Sampler(look, question.seconds, run.has_ended, end)
        sampler.start()
        await done
        return sampler.answer(_kind(run), socket.gethostname(), os.getpid())

    async def _ask(self, question: Question, run: Run, body: Body) -> Answer | None:
        """Ask the process of a body; if it does not answer, say what is known without it."""
        wanted = BodyQuestion(question.kind, run.job.id, run.job.lease_no, question.seconds)
        try:
            data = await body.inspect(wanted, BODY_SECONDS + question.seconds)
            if data is None:
                return None
            return checked_stack(data) if question.kind is InspectionKind.STACK else checked_profile(data)
        except TimeoutError:
            return self._nothing(question, run, _why_silent(body.pid), body.pid)
        except ValueError as error:
            log.warning("body process %d sent an invalid answer: %s", body.pid, error)
            return self._nothing(question, run, "its process sent an answer that cannot be read", body.pid)

    def _nothing(self, question: Question, run: Run, note: str, pid: int | None = None) -> Answer:
        """Return an answer without frames, which says why it has none."""
        host, pid = socket.gethostname(), os.getpid() if pid is None else pid
        if question.kind is InspectionKind.STACK:
            return StackAnswer(host=host, pid=pid, body=_kind(run), age=None, note=note, stacks=[])
        return ProfileAnswer(
            host=host, pid=pid, body=_kind(run), age=None, note=note, seconds=0.0, samples=0, interval_ms=0.0,
            overhead=0.0, frames=[], paths=[],
        )  # fmt: skip


def _is_about(question: Question, run: Run) -> bool:
    """Tell whether a request is about a run, and can be answered now: a profile waits until the body has begun."""
    if run.ended or (run.job.id, run.job.lease_no) != (question.job_id, question.lease_no):
        return False
    return run.began is not None or question.kind is InspectionKind.STACK


def _kind(run: Run) -> BodyKind:
    if run.is_coroutine:
        return BodyKind.COROUTINE
    in_process = run.spec.runs is Runs.PROCESS and run.thread_id is None and run.ending is None
    return BodyKind.PROCESS if in_process else BodyKind.THREAD


def _measured(answer: Answer, run: Run, now: float) -> Answer:
    """Return an answer with what the worker knows of its process."""
    used = usage_of(answer.pid)
    return msgspec.structs.replace(
        answer,
        age=None if run.began is None else round(now - run.began, 3),
        rss=None if used is None else used.rss,
        cpu_seconds=None if used is None else round(used.cpu_seconds, 2),
    )


def _resolve(done: asyncio.Future[None]) -> None:
    if not done.done():
        done.set_result(None)


def _why_silent(pid: int) -> str:
    """Say why a body process may not answer, by its state as the system knows it."""
    waited = f"its process does not answer within {BODY_SECONDS:g} s: "
    try:
        state = (Path(PROC) / str(pid) / "stat").read_bytes().rpartition(b")")[2].split()[0]
    except (OSError, IndexError):
        state = b""
    if state in (b"T", b"t"):
        return f"{waited}it is stopped (SIGSTOP, or a debugger)"
    if state == b"D":
        return f"{waited}it waits for a disk or another device, which cannot be interrupted"
    return f"{waited}it holds the interpreter lock, in a call that runs no Python code"


def _thread_look(run: Run) -> Callable[[], Seen | None]:
    def look() -> Seen | None:
        if run.thread_id is None:
            return None
        calls = calls_of(thread_frame(run.thread_id))
        return _seen(of_body(calls), waits=False) if runs_in(calls, run) and not run.ended else None

    return look


def _task_look(run: Run, thread_id: int) -> Callable[[], Seen | None]:
    task = run.task
    below: list[asyncio.Task[object]] = []
    looks = 0

    def look() -> Seen | None:
        nonlocal below, looks
        if task is None or run.ended:
            return None
        thread = thread_frame(thread_id)
        calls, waits = calls_of_coroutine(task.get_coro(), thread)
        own = of_body(calls)
        if waits:
            if looks % FIND_EVERY == 0:
                below = tasks_below(task, tasks_of(task.get_loop()))
            looks += 1
            for one in below:
                inner, inner_waits = calls_of_coroutine(one.get_coro(), thread)
                if inner and not inner_waits:
                    return _seen([*own, *inner], waits=False)
        return _seen(own, waits=waits)

    return look


def _seen(calls: Sequence[FrameType], *, waits: bool) -> Seen | None:
    codes = tuple(frame.f_code for frame in calls)
    return Seen(codes, waits) if codes else None
