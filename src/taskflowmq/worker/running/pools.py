"""Threads for plain functions. They are our own daemon threads, because a thread that never returns must be abandoned:
the standard executor joins its threads at exit and would keep the process alive with them.
"""

from __future__ import annotations

import asyncio
import contextvars
import queue
import threading
from collections.abc import Callable
from typing import Any

from taskflowmq.worker.running.fork_guard import leave_if_copied

#: (returned value, None) or (None, raised exception)
Ending = tuple[Any, BaseException | None]


class ThreadPool:
    """Up to ``size`` threads, started when needed."""

    def __init__(self, size: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._work: queue.SimpleQueue[tuple[Callable[[], Any], contextvars.Context, asyncio.Future[Ending]] | None]
        self._work = queue.SimpleQueue()
        #: Acquire it before ``submit``; the pool releases it when the body ends or is abandoned.
        self.room = asyncio.Semaphore(size)
        self._threads = 0
        self._busy = 0
        self._abandoned: set[asyncio.Future[Ending]] = set()

    def submit(self, body: Callable[[], Any]) -> asyncio.Future[Ending]:
        """Run ``body`` in a thread with the caller's context variables; the future never raises.

        Raises:
            RuntimeError: no thread can be started.
        """
        done: asyncio.Future[Ending] = self._loop.create_future()
        if self._busy >= self._threads:
            threading.Thread(target=self._serve, name=f"taskflow-{self._threads + 1}", daemon=True).start()
            self._threads += 1
        self._busy += 1
        self._work.put((body, contextvars.copy_context(), done))
        return done

    def abandon(self, done: asyncio.Future[Ending]) -> None:
        """Stop counting the stuck thread of a future, so that a waiting job gets another one."""
        self._abandoned.add(done)
        self._threads -= 1
        self._busy -= 1
        self.room.release()

    def close(self) -> None:
        """Let idle threads end; busy ones end with the process."""
        for _ in range(self._threads):
            self._work.put(None)

    def _serve(self) -> None:
        while (item := self._work.get()) is not None:
            body, context, done = item
            ending: Ending
            try:
                ending = (context.run(body), None)
            except BaseException as error:  # noqa: BLE001 - SystemExit of a body is a failed job, not a dead thread
                ending = (None, error)
            leave_if_copied()
            del body, context, item
            try:
                self._loop.call_soon_threadsafe(self._deliver, done, ending)
            except RuntimeError:  # the loop is closed: this thread was abandoned
                return
            del done, ending

    def _deliver(self, done: asyncio.Future[Ending], ending: Ending) -> None:
        if done in self._abandoned:  # it returned after all
            self._abandoned.discard(done)
            self._threads += 1
        else:
            self._busy -= 1
            self.room.release()
        if not done.done():
            done.set_result(ending)
