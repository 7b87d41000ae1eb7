"""Tasks that handlers cannot cancel, except their own.

``for each in asyncio.all_tasks(): each.cancel()`` in a handler would end the bodies of other jobs, and the loops that
the worker depends on. What must stay true: a body ends when its worker ends it; a cancel from a handler's code, from
its timers, its tasks or its threads, reaches its own job only.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Coroutine
from contextvars import Context as Variables
from typing import Any, cast

from taskflowmq.ports.context import CurrentRun, running

log = logging.getLogger("taskflowmq.worker")


class ProtectedTask(asyncio.Task[None]):
    """A task of the worker.

    Args:
        work: what it does.
        loop: where.
        name: of the task.
    """

    #: The run whose code may cancel it; None: no handler may.
    own: CurrentRun | None = None

    #: Whether code that belongs neither to the worker nor to any job cancelled it: a program that ends.
    by_stranger = False
    _ordered = False

    def cancel(self, msg: Any | None = None) -> bool:
        """Cancel it, unless the call comes from another job's handler; tell whether it will end."""
        if not self._ordered:
            caller = running.get()
            if caller is None:
                self.by_stranger = True
            elif caller is not self.own:
                log.warning("a handler tried to cancel a task that is not its own", extra=_fields(caller))
                return False
        if inspect.getcoroutinestate(cast("Coroutine[Any, Any, None]", self.get_coro())) == inspect.CORO_CREATED:
            # A task that has not begun would end without running, and its job would never be settled.
            self.get_loop().call_soon(super().cancel, msg)
            return True
        return super().cancel(msg)

    def end(self) -> bool:
        """Cancel it on behalf of the worker."""
        self._ordered = True
        return self.cancel()


class RunTask(ProtectedTask):
    """The task of one run. Its maker sets ``own``.

    There is one per job. A constructor in Python, or a dictionary for one attribute, would take longer than the rest
    of it; so it has neither.
    """

    __slots__ = ("own",)


def start_protected(work: Coroutine[Any, Any, None], name: str) -> ProtectedTask:
    """Start work of the worker itself, in clean variables, whichever job or program calls."""
    return ProtectedTask(work, loop=asyncio.get_running_loop(), name=name, context=Variables())


def cancelled_itself() -> bool:
    """Tell whether the running task was cancelled, and not only a future that it awaits."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _fields(caller: CurrentRun) -> dict[str, str]:
    return {"job_id": str(caller.job.id), "task": caller.job.task}
