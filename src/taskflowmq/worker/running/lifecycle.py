"""Runs the ``@app.on_worker_start`` and ``@app.on_worker_stop`` hooks of one process, each once.

A plain function runs in a thread of its own (the same for all hooks, so that one can close what another opened): it may
block, and the loop must receive orders meanwhile.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable, Sequence
from contextvars import Context as Variables
from functools import partial
from typing import Any

from taskflowmq.ports.context import WorkerState
from taskflowmq.ports.hooks import HookFailed, Hooks, WorkerHook, name_of
from taskflowmq.worker.protected_tasks import ProtectedTask, start_protected
from taskflowmq.worker.running.pools import ThreadPool

log = logging.getLogger("taskflowmq.worker")

#: Seconds that all stop hooks of one process may take together.
STOP_SECONDS = 3.0


class Lifecycle:
    """The life of one worker as its app sees it."""

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks
        self._threads: ThreadPool | None = None
        self._under_way: ProtectedTask | None = None
        self._begun = False
        self._aborted = False
        #: The state that hooks set and handlers read.
        self.state = WorkerState()

    async def begin(self) -> None:
        """Run the start hooks in order, unless that is done.

        Raises:
            HookFailed: one of them raised; the others were not run.
        """
        if self._begun or self._aborted:
            return
        for hook in tuple(self._hooks.starts):
            error = await self._run(hook)
            if self._is_aborted():
                return
            if error is not None:
                self._close_threads()
                raise HookFailed(f"the start hook {name_of(hook)} failed") from error
        self._begun = True

    def _is_aborted(self) -> bool:
        return self._aborted

    def abort(self) -> None:
        """Stop waiting for a start hook."""
        if not self._begun:
            self._aborted = True
            if self._under_way is not None:
                self._under_way.end()

    async def end(self) -> None:
        """Run the stop hooks, the last first, if the start hooks have run; those that fail or hang are logged."""
        if not self._begun:
            return
        self._begun = False
        loop = asyncio.get_running_loop()
        until = loop.time() + STOP_SECONDS
        for hook in reversed(self._hooks.stops):
            error = await self._run(hook, max(until - loop.time(), 0.01))
            if isinstance(error, TimeoutError):
                log.warning("the stop hook %s did not end in time and was abandoned", name_of(hook))
            elif error is not None:
                log.error("the stop hook %s failed", name_of(hook), exc_info=error)
        self._close_threads()

    async def _run(self, hook: WorkerHook, limit: float | None = None) -> BaseException | None:
        """Run one hook in clean context variables; return what it raised."""
        run = self._await(hook) if inspect.iscoroutinefunction(hook) else self._in_thread(hook)
        task = self._under_way = start_protected(run, name_of(hook))
        try:
            await asyncio.wait({task}, timeout=limit)
        finally:
            if not task.done():
                task.end()
            self._under_way = None
        if not task.done():
            return TimeoutError()
        return asyncio.CancelledError() if task.cancelled() else task.exception()

    async def _await(self, hook: WorkerHook) -> None:
        try:
            await hook(self.state)
        except (SystemExit, KeyboardInterrupt) as error:
            raise _harmless(error) from error

    async def _in_thread(self, hook: WorkerHook) -> None:
        if self._threads is None:
            self._threads = ThreadPool(1)
        value, error = await self._threads.submit(partial(hook, self.state))
        if isinstance(error, SystemExit | KeyboardInterrupt):
            raise _harmless(error) from error
        if error is not None:
            raise error
        if inspect.isawaitable(value):
            await value

    def _close_threads(self) -> None:
        if self._threads is not None:
            self._threads.close()
            self._threads = None


def _harmless(error: BaseException) -> RuntimeError:
    """Return an exception that a task may raise instead of one that would end the loop."""
    return RuntimeError(f"{type(error).__name__} in a hook")


def begin_here(hooks: Sequence[WorkerHook], state: WorkerState, await_: Callable[[Any], Any]) -> None:
    """Run start hooks in this thread, in order, in a process without a running loop.

    Args:
        hooks: to be run.
        state: for them.
        await_: waits for a coroutine.

    Raises:
        HookFailed: one of them raised.
    """
    for hook in tuple(hooks):
        error = _call(hook, state, await_)
        if error is not None:
            raise HookFailed(f"the start hook {name_of(hook)} failed") from error


def end_here(hooks: Sequence[WorkerHook], state: WorkerState, await_: Callable[[Any], Any]) -> None:
    """Run stop hooks likewise, the last first."""
    for hook in reversed(hooks):
        error = _call(hook, state, await_)
        if error is not None:
            log.error("the stop hook %s failed", name_of(hook), exc_info=error)


def _call(hook: WorkerHook, state: WorkerState, await_: Callable[[Any], Any]) -> BaseException | None:
    try:
        value = Variables().run(hook, state)
        if inspect.isawaitable(value):
            await_(value)
    except BaseException as error:  # noqa: BLE001 - SystemExit of a hook is its failure
        return error
    return None
