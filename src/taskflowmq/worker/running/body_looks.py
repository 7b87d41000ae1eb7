"""Answers questions about the body of a body process, from the thread that listens to the child.

While the body holds the interpreter's lock, this thread does not run; then the child says so.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import threading
from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from taskflowmq.core.inspection import BodyKind, InspectionKind, Stack, StackAnswer
from taskflowmq.core.job import ClaimedJob
from taskflowmq.worker.running.frames import PROFILE, STACK, BodyAnswer, BodyQuestion
from taskflowmq.worker.running.sampler import Sampler, Seen
from taskflowmq.worker.running.stacks import (
    calls_of,
    calls_of_coroutine,
    of_body,
    stack_of_thread,
    stacks_of_task,
    tasks_of,
    thread_frame,
)

log = logging.getLogger("taskflowmq.worker")


class Looked(Protocol):
    """The run of a body process, as far as it is looked at."""

    job: ClaimedJob
    ended: bool
    coroutine: Any


class BodyLooks:
    """Looks at the bodies of the main thread, which makes this.

    Args:
        send: sends one frame.
        loop: runs the coroutines of bodies.
    """

    def __init__(self, send: Callable[[str, bytes], None], loop: asyncio.AbstractEventLoop) -> None:
        self._send = send
        self._loop = loop
        self._thread = threading.get_ident()
        self._sampler: Sampler | None = None
        self._lock = threading.Lock()

    def take(self, question: BodyQuestion, run: Looked | None) -> None:
        """Answer, or begin to, if the question is about this run."""
        if run is None or (run.job.id, run.job.lease_no) != (question.job_id, question.lease_no):
            return
        if question.kind is InspectionKind.STACK:
            answer = StackAnswer(
                host=socket.gethostname(), pid=os.getpid(), body=BodyKind.PROCESS, age=None, stacks=self._stacks(run)
            )
            self._reply(STACK, run, msgspec.msgpack.encode(answer))
        else:
            self._profile(run, question.seconds)

    def finish(self) -> None:
        """End a profile, because its body has ended; its answer goes out before the outcome."""
        with self._lock:
            sampler, self._sampler = self._sampler, None
        if sampler is not None:
            sampler.finish()

    def _profile(self, run: Looked, seconds: int) -> None:
        def done(sampler: Sampler) -> None:
            with self._lock:
                if self._sampler is sampler:
                    self._sampler = None
            self._reply(PROFILE, run, sampler.packed(BodyKind.PROCESS, socket.gethostname(), os.getpid()))

        sampler = Sampler(lambda: self._seen(run), seconds, lambda: run.ended, done)
        with self._lock:
            if self._sampler is not None:  # the child asks for one at a time
                return
            try:
                sampler.start()
            except RuntimeError as error:
                log.warning("a body cannot be profiled, no thread can be started: %s", error)
                return
            self._sampler = sampler

    def _seen(self, run: Looked) -> Seen | None:
        thread, waits = thread_frame(self._thread), False
        if run.coroutine is None:
            calls = of_body(calls_of(thread))
        else:
            calls, waits = calls_of_coroutine(run.coroutine, thread)
        return Seen(tuple(frame.f_code for frame in calls), waits) if calls and not run.ended else None

    def _stacks(self, run: Looked) -> list[Stack]:
        thread, root = thread_frame(self._thread), run.coroutine
        if root is not None:
            for task in tasks_of(self._loop):
                if task.get_coro() is root:
                    return stacks_of_task(task, thread)
        return [stack_of_thread(calls_of(thread), self._thread)]

    def _reply(self, kind: str, run: Looked, data: bytes) -> None:
        self._send(kind, msgspec.msgpack.encode(BodyAnswer(run.job.id, run.job.lease_no, data)))
