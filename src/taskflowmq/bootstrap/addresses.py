"""``module:attribute`` of tasks and hooks, by which another process finds them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from operator import attrgetter
from pathlib import Path
from typing import Any

from taskflowmq.client.task import Task
from taskflowmq.core.errors import WrongContext
from taskflowmq.ports.hooks import Hooks, name_of

#: The decorator of a hook, and ``module:attribute``.
HookSpec = tuple[str, str]


def specs_of_hooks(hooks: Hooks) -> list[HookSpec]:
    """Return how another process finds the hooks that concern bodies.

    Raises:
        WrongContext: it cannot find one of them.
    """
    kinds: list[tuple[str, list[Callable[..., Any]]]] = [
        ("around", [each.fn for each in hooks.arounds]),
        ("on_worker_start", list(hooks.starts)),
        ("on_worker_stop", list(hooks.stops)),
    ]
    found = []
    for kind, functions in kinds:
        for fn in functions:
            spec = _spec_of_function(fn)
            if spec is None:
                raise WrongContext(
                    "with process tasks, hooks must be defined in a module that another process can import: "
                    f"{name_of(fn)} is not"
                )
            found.append((kind, spec))
    return found


def _spec_of_function(fn: Callable[..., Any]) -> str | None:
    name, path = getattr(fn, "__module__", ""), getattr(fn, "__qualname__", "")
    try:
        # Equal, not identical: each access to a method binds it again.
        if attrgetter(path)(sys.modules[name]) != fn:
            return None
    except (AttributeError, KeyError):
        return None
    if name == "__main__":
        name = _main_name() or ""
    return f"{name}:{path}" if name else None


def spec_of_task(task: Task[Any, Any]) -> str | None:
    """Return ``module:attribute`` under which another process finds a task, or None if no module defines it."""
    name = task.fn.__module__
    module = sys.modules.get(name)
    attribute = next((each for each, value in vars(module).items() if value is task), None) if module else None
    if name == "__main__":
        name = _main_name() or ""
    return f"{name}:{attribute}" if name and attribute is not None else None


def _main_name() -> str | None:
    """Return how other processes import the module that was started as the program; None: they cannot."""
    main = sys.modules["__main__"]
    if main.__spec__ is not None:  # python -m
        return main.__spec__.name
    file = getattr(main, "__file__", None)
    return Path(file).stem if file is not None and Path(file).stem.isidentifier() else None
