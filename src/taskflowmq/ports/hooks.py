"""What a program puts around its bodies and into the life of its workers: functions, checked when registered."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, contextmanager
from typing import Any, TypeVar, cast
from uuid import UUID

import msgspec

from taskflowmq.core.interactive import is_written_anew
from taskflowmq.ports.context import Context, WorkerState

#: Functions that return, and functions whose return value is awaited.
AroundHook = Callable[[Context], Iterator[None] | AsyncIterator[None]]
WorkerHook = Callable[[WorkerState], Any]


class FailedJob(msgspec.Struct, frozen=True, kw_only=True):
    """The job of a failed attempt, as an ``@app.on_error`` hook gets it.

    Attributes:
        id, task, queue: of the job.
        attempt: which attempt failed, from 1, as the handler saw it.
        max_attempts: how many there are.
        outcome: "failed", "timeout", "crashed", "discarded" or "invalid".
        final: whether the job is dead now; otherwise it is tried again.
        retry_in: seconds until it is due again; None if it is dead.
        raw_args: the arguments as stored, JSON.
        headers: what travelled with the job.
    """

    id: UUID
    task: str
    queue: str
    attempt: int
    max_attempts: int
    outcome: str
    final: bool
    retry_in: float | None
    raw_args: bytes
    headers: Mapping[str, Any]

    @property
    def args(self) -> dict[str, Any]:
        """The arguments by name, as plain JSON values."""
        return cast("dict[str, Any]", msgspec.json.decode(self.raw_args))


class AttemptError(Exception):
    """The error of a failed attempt whose own exception does not exist (any more) in this process: a timeout, a
    crash, a body that ran in a process of its own.

    Attributes:
        type: the exception's class name, or "TimeoutError", "ProcessCrashed", …
        message: its text.
        traceback: where it was raised, as text; may be empty.
        outcome: as in :class:`FailedJob`.
    """

    def __init__(self, type: str, message: str, traceback: str, outcome: str) -> None:  # noqa: A002 - the stored name
        super().__init__(f"{type}: {message}")
        self.type = type
        self.message = message
        self.traceback = traceback
        self.outcome = outcome


class HookFailed(RuntimeError):
    """A start hook raised, so the worker does not serve; the cause is its exception."""


ErrorHook = Callable[[FailedJob, BaseException], Any]
A = TypeVar("A", bound=AroundHook)
W = TypeVar("W", bound=WorkerHook)
E = TypeVar("E", bound=ErrorHook)


class Around:
    """One ``@app.around`` hook."""

    def __init__(self, fn: AroundHook) -> None:
        self.fn = fn
        self.is_async = inspect.isasyncgenfunction(fn)
        self.name = name_of(fn)
        self._make: Callable[[Context], Any]
        self._make = asynccontextmanager(fn) if self.is_async else contextmanager(fn)  # type: ignore[arg-type]

    def opened(self, ctx: Context) -> NamedHook:
        """Return the context manager that a synchronous hook is for one body."""
        return NamedHook(self.name, self._make(ctx))

    def aopened(self, ctx: Context) -> AsyncNamedHook:
        """Return the one that an asynchronous hook is."""
        return AsyncNamedHook(self.name, self._make(ctx))


class NamedHook(AbstractContextManager[None]):
    """An opened hook. If it does not yield exactly once, its error names the hook; contextlib's says "generator"."""

    def __init__(self, name: str, inner: AbstractContextManager[None]) -> None:
        self._name, self._inner = name, inner

    def __enter__(self) -> None:
        try:
            self._inner.__enter__()
        except RuntimeError as error:
            if (clearer := _named(self._name, error)) is None:
                raise
            raise clearer from error

    def __exit__(self, *raised: Any) -> bool:
        try:
            return bool(self._inner.__exit__(*raised))
        except RuntimeError as error:
            if (clearer := _named(self._name, error)) is None:
                raise
            raise clearer from error


class AsyncNamedHook(AbstractAsyncContextManager[None]):
    """The same for an asynchronous one."""

    def __init__(self, name: str, inner: AbstractAsyncContextManager[None]) -> None:
        self._name, self._inner = name, inner

    async def __aenter__(self) -> None:
        try:
            await self._inner.__aenter__()
        except RuntimeError as error:
            if (clearer := _named(self._name, error)) is None:
                raise
            raise clearer from error

    async def __aexit__(self, *raised: Any) -> bool:
        try:
            return bool(await self._inner.__aexit__(*raised))
        except RuntimeError as error:
            if (clearer := _named(self._name, error)) is None:
                raise
            raise clearer from error


def _named(name: str, error: RuntimeError) -> RuntimeError | None:
    text = str(error)
    if not text.startswith("generator didn't "):
        return None
    how = "it ended without a yield" if text.endswith("didn't yield") else "it yielded a second time"
    return RuntimeError(f"the around hook {name} must yield exactly once: {how}")


class Hooks:
    """The hooks of one app. A function that is here already is not added again; in a notebook one that is redefined
    replaces the old.
    """

    def __init__(self) -> None:
        self.arounds: list[Around] = []
        self.starts: list[WorkerHook] = []
        self.stops: list[WorkerHook] = []
        self.errors: list[ErrorHook] = []

    def around(self, hook: A) -> A:
        """Run a generator function around every body; see :meth:`taskflowmq.TaskFlow.around`."""
        if not (inspect.isgeneratorfunction(hook) or inspect.isasyncgenfunction(hook)):
            raise TypeError(
                f"an around hook is a generator function, `def hook(ctx): …; yield; …`, or an async one, without "
                f"@contextmanager; got {hook!r:.100}"
            )
        _check_parameters(hook, "hook(ctx)", 1)
        if all(other.fn is not hook for other in self.arounds):
            _put(self.arounds, Around(hook), lambda other: is_written_anew(other.fn, hook))
        return hook

    def on_worker_start(self, hook: W) -> W:
        """Run a function once in each process before its first body."""
        _add(self.starts, hook, "hook(state)", 1)
        return hook

    def on_worker_stop(self, hook: W) -> W:
        """Run a function once in each process after its last body."""
        _add(self.stops, hook, "hook(state)", 1)
        return hook

    def on_error(self, hook: E) -> E:
        """Call a function after each failed attempt."""
        _add(self.errors, hook, "hook(job, error)", 2)
        return hook


def name_of(hook: Callable[..., Any]) -> str:
    """Return how to call a hook in messages."""
    return f"{getattr(hook, '__module__', '?')}.{getattr(hook, '__qualname__', type(hook).__qualname__)}"


def _add(hooks: list[Any], hook: Any, form: str, count: int) -> None:
    if isinstance(hook, type) or not callable(hook):
        raise TypeError(f"a hook is a function or coroutine function, {form}; got {hook!r:.100}")
    if inspect.isgeneratorfunction(hook) or inspect.isasyncgenfunction(hook):
        raise TypeError(f"{name_of(hook)} is a generator function: only an around hook yields")
    _check_parameters(hook, form, count)
    if hook not in hooks:
        _put(hooks, hook, lambda other: is_written_anew(other, hook))


def _put(hooks: list[Any], hook: Any, replaces: Callable[[Any], bool]) -> None:
    """Append a hook, or replace the one that it redefines."""
    for index, other in enumerate(hooks):
        if replaces(other):
            hooks[index] = hook
            return
    hooks.append(hook)


def _check_parameters(hook: Callable[..., Any], form: str, count: int) -> None:
    try:
        signature = inspect.signature(hook)
    except (TypeError, ValueError):  # a builtin without a signature
        return
    try:
        signature.bind(*range(count))
    except TypeError:
        raise TypeError(f"{name_of(hook)}{signature} cannot be called as {form}") from None
