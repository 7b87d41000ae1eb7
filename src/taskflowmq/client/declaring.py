"""What the options of a declared task mean, and which functions can be tasks."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import msgspec

from taskflowmq.client.options import Defaults, check_options
from taskflowmq.core.errors import InvalidJob
from taskflowmq.core.retry import Retry
from taskflowmq.core.validation import check_name
from taskflowmq.ports.tasks import Runs


def check_function(fn: object) -> None:
    """Refuse what cannot be a task.

    Raises:
        TypeError: says why.
    """
    if isinstance(fn, functools.partial):
        raise TypeError("a functools.partial cannot be a task, it has no name of its own: write a short function")
    if isinstance(fn, type):
        raise TypeError(f"the class {fn.__qualname__} cannot be a task: write a function that uses it")
    if not inspect.isfunction(fn):
        raise TypeError(f"a task is a plain function or coroutine function, got {fn!r:.100}")
    inner = inspect.unwrap(fn)
    if inspect.isasyncgenfunction(inner) or inspect.isgeneratorfunction(inner):
        raise TypeError(f"{fn.__qualname__} is a generator: a job ends once, so return a value instead of yielding")
    if inspect.iscoroutinefunction(inner) and not inspect.iscoroutinefunction(fn):
        raise TypeError(f"a decorator of {fn.__qualname__} hides a coroutine function: make its wrapper `async def`")


def name_of(fn: Callable[..., Any], given: str | None) -> str:
    """Return the name under which jobs are stored: what was given, or the function's own."""
    if given is None and fn.__name__ == "<lambda>":
        raise TypeError("a lambda has no name: give name=…, or write a function")
    return check_name("task", fn.__name__ if given is None else given)


def runs_of(fn: Callable[..., Any], *, process: bool) -> Runs:
    """Return where the body runs."""
    if not process:
        return Runs.COROUTINE if inspect.iscoroutinefunction(fn) else Runs.THREAD
    return Runs.PROCESS


def stops_of(on_lease_lost: object) -> bool:
    """Return whether bodies are stopped before a rescuer may settle their jobs."""
    if on_lease_lost not in ("continue", "stop"):
        raise InvalidJob.at("/on_lease_lost", f'must be "continue" or "stop", got {on_lease_lost!r:.80}')
    return on_lease_lost == "stop"


#: Options of a job that a task has a default of, and where that is read from.
_DEFAULTS = {"queue": "queue", "priority": "priority", "timeout": "timeout_ms", "unique": "unique"}


def defaults_of(given: dict[str, Any], retry: Retry) -> Defaults:
    """Return the options that jobs of a task have unless they say otherwise.

    Raises:
        InvalidJob: an option is wrong.
        TypeError: it is an option of a job.
    """
    checked = check_options(given)
    for name in given:
        if name not in _DEFAULTS:
            hint = f"retry=Retry(max_attempts={given[name]!r})" if name == "max_attempts" else f"task.using({name}=…)"
            raise TypeError(f"{name!r} is an option of a job, and not of a task: use {hint}")
    values = {name: value for name in _DEFAULTS.values() if (value := getattr(checked, name)) is not msgspec.UNSET}
    return Defaults(max_attempts=retry.max_attempts, **values)
