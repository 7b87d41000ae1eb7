"""Runs a body inside the ``@app.around`` hooks of its app, on a loop, in a thread or in a process.

A synchronous hook runs where the body does. An asynchronous one needs a loop: around a coroutine it is awaited; around
a thread it is one task on the loop, while the thread waits for its two halves; a body process runs a loop of its own
for it. The two halves are one task, so that ``asyncio.timeout`` works in it.
"""

from __future__ import annotations

import asyncio
import queue
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AbstractContextManager
from contextvars import Context as Variables
from contextvars import copy_context
from types import TracebackType
from typing import Any

from taskflowmq.ports.context import Context
from taskflowmq.ports.hooks import Around, NamedHook
from taskflowmq.worker.protected_tasks import RunTask
from taskflowmq.worker.running.run import Run

#: Runs a coroutine of a job as its body's code is run: its steps are published, and it is dropped when abandoned.
Drive = Callable[[Coroutine[Any, Any, None]], Coroutine[Any, Any, None]]
_MISSING = object()


async def around_coroutine(hooks: Sequence[Around], ctx: Context, call: Callable[[], Awaitable[Any]]) -> Any:
    """Await what ``call`` returns inside the hooks, the first outermost; None if one of them swallows its exception."""
    if not hooks:
        return await call()
    first, rest = hooks[0], hooks[1:]
    if first.is_async:
        async with first.aopened(ctx):
            return await around_coroutine(rest, ctx, call)
    else:
        with first.opened(ctx):
            return await around_coroutine(rest, ctx, call)
    return None


def around_call(
    hooks: Sequence[Around],
    variables: Variables,
    call: Callable[[Variables], Any],
    opened: Callable[[Around, Variables], AroundHere],
) -> Any:
    """Call a plain body inside the hooks.

    Args:
        hooks: the first is the outermost.
        variables: those in which the first begins.
        call: the body; it is passed the variables that the hooks have made.
        opened: makes a blocking context manager of a hook.
    """
    if not hooks:
        return call(variables)
    with opened(hooks[0], variables) as inner:
        return around_call(hooks[1:], inner, call, opened)
    return None


class AroundHere(AbstractContextManager[Variables]):
    """An opened hook, to be entered and left by the thread of a body; gives the variables of what is inside it."""

    @abstractmethod
    def __exit__(self, *raised: Any) -> bool:
        """Leave it; True if it swallowed the exception."""


class InVariables(AroundHere):
    """A synchronous hook; what is inside it shares its variables."""

    def __init__(self, inner: NamedHook, variables: Variables) -> None:
        self._inner, self._variables = inner, variables

    def __enter__(self) -> Variables:
        self._variables.run(self._inner.__enter__)
        return self._variables

    def __exit__(self, *raised: Any) -> bool:
        return self._variables.run(self._inner.__exit__, *raised)


def _judge(error: BaseException | None, raised: BaseException | None, trace: TracebackType | None) -> bool:
    """Raise what the hook raised; tell whether it swallowed the body's ``error``."""
    if error is None or raised is not error:
        if raised is not None:
            raise raised
        return error is not None
    error.__traceback__ = trace  # without the frames of the hook
    return False


def _adopt(others: Variables) -> None:
    """Set the context variables of this context to those of another."""
    for variable, value in others.items():
        if variable.get(_MISSING) is not value:
            variable.set(value)


async def _until_ended(
    ending: asyncio.Future[BaseException | None], gives_up: Callable[[], bool]
) -> BaseException | None:
    """Wait until a body that no cancel reaches has ended, and return what it raised.

    A cancel of its hook meanwhile, such as a timeout of the hook, must not end the hook before the body, which uses
    what the hook holds. It takes effect when the body has ended, unless that raised.

    Args:
        ending: of the body; it outlives a cancel.
        gives_up: whether nothing waits for the body any longer.
    """
    cancelled: asyncio.CancelledError | None = None
    while not ending.done():
        try:
            await asyncio.wait({ending})
        except asyncio.CancelledError as error:
            if ending.done() or gives_up():
                raise
            cancelled = error
    raised = ending.result()
    if raised is None and cancelled is not None:
        raise cancelled
    return raised


class OnLoop(AroundHere):
    """An asynchronous hook around a body in a thread: entered and left by the thread, run by the loop.

    Loop and thread each have variables of their own, since only one of them can be in a context at a time: the thread
    continues before the loop has left the hook's, and a timer may wake the hook while the body runs. What one has set
    is copied to the other.

    Args:
        hook: the hook.
        run: the job's; while the loop is in the hook, that can be stopped.
        variables: those around the hook.
        loop: the child's.
        drive: see :data:`Drive`.
    """

    def __init__(
        self, hook: Around, run: Run, variables: Variables, loop: asyncio.AbstractEventLoop, drive: Drive
    ) -> None:
        self._hook, self._run, self._loop, self._drive = hook, run, loop, drive
        self._outer, self._own, self._inner = variables, variables.copy(), Variables()
        #: None: it has yielded. A tuple of one: it has ended, with its exception if it raised.
        self._said: queue.SimpleQueue[tuple[BaseException | None] | None] = queue.SimpleQueue()

    def __enter__(self) -> Variables:
        self._loop.call_soon_threadsafe(self._begin)
        ended = self._said.get()
        if ended is not None:
            self._outer.run(_adopt, self._own)
            raise ended[0] or RuntimeError(f"the around hook {self._hook.name} ended before its body")
        return self._inner

    def __exit__(self, *raised_here: Any) -> bool:
        error, trace = raised_here[1:]
        self._loop.call_soon_threadsafe(self._go_on, error)
        (raised,) = self._said.get() or (None,)
        self._outer.run(_adopt, self._own)
        return _judge(error, raised, trace)

    def _begin(self) -> None:
        self._resume: asyncio.Future[BaseException | None] = self._loop.create_future()
        task = RunTask(self._drive(self._hold()), loop=self._loop, name=self._hook.name, context=self._own)
        task.own = self._run
        self._task = task
        task.add_done_callback(self._ended)
        self._run.stoppable = task

    def _go_on(self, error: BaseException | None) -> None:
        self._run.stoppable = self._task
        if not self._resume.done():
            self._resume.set_result(error)

    async def _hold(self) -> None:
        if self._run.stop is not None:
            raise asyncio.CancelledError
        async with self._hook.aopened(self._run.context):
            self._run.stoppable = None
            self._inner = copy_context()
            self._said.put(None)
            error = await _until_ended(self._resume, self._gives_up)
            _adopt(self._inner)
            if error is not None:
                raise error

    def _gives_up(self) -> bool:
        """Tell whether the thread is abandoned: the job has ended without it, or the loop ends."""
        return self._run.ended or self._task.by_stranger

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._run.stoppable = None
        self._said.put((asyncio.CancelledError() if task.cancelled() else task.exception(),))


class OnRunner(AroundHere):
    """An asynchronous hook around a body in the main thread of a process, whose loop turns only for it.

    Args:
        hook: the hook.
        ctx: what the hook sees of the run.
        variables: those around the hook, which are also the body's: this thread is in them or its loop is.
        loop: of the process.
    """

    def __init__(self, hook: Around, ctx: Context, variables: Variables, loop: asyncio.AbstractEventLoop) -> None:
        self._hook, self._ctx, self._variables, self._loop = hook, ctx, variables, loop

    def __enter__(self) -> Variables:
        self._resume: asyncio.Future[BaseException | None] = self._loop.create_future()
        self._yielded: asyncio.Future[None] = self._loop.create_future()
        self._task = self._loop.create_task(self._hold(), context=self._variables)
        self._loop.run_until_complete(asyncio.wait({self._task, self._yielded}, return_when="FIRST_COMPLETED"))
        if self._task.done():
            self._task.result()
        return self._variables

    def __exit__(self, *raised_here: Any) -> bool:
        error, trace = raised_here[1:]
        self._resume.set_result(error)
        self._loop.run_until_complete(asyncio.wait({self._task}))
        raised = asyncio.CancelledError() if self._task.cancelled() else self._task.exception()
        return _judge(error, raised, trace)

    async def _hold(self) -> None:
        async with self._hook.aopened(self._ctx):
            self._yielded.set_result(None)
            error = await _until_ended(self._resume, lambda: False)
            if error is not None:
                raise error
