"""From ``module:attribute`` to an app, or to single tasks; and back, for tasks that another process shall find."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterable
from operator import attrgetter
from pathlib import Path
from typing import Any

from taskflowmq.bootstrap.app import TaskFlow
from taskflowmq.client.app import BaseApp
from taskflowmq.client.registry import Registry
from taskflowmq.client.task import Task
from taskflowmq.core.errors import TaskFlowError, WrongContext
from taskflowmq.ports.hooks import Hooks, name_of
from taskflowmq.telemetry.app_logging import app_configures_logging

#: The decorator of a hook, and ``module:attribute``.
HookSpec = tuple[str, str]
SPEC = "module:attribute, such as shop.jobs:app"


class AppNotFound(TaskFlowError, ValueError):
    """The app that was named cannot be loaded; the message says what is missing and what was there instead."""

    code = "app_not_found"


def load_app(spec: str | None, url: str | None = None) -> BaseApp:
    """Return the app to work with.

    Args:
        spec: ``module:attribute``; the current folder is searched first, as ``python -m`` does. None means the
            built-in tasks.
        url: the database; it wins over the app's own.

    Raises:
        AppNotFound: the module or the attribute does not exist, or it is no app.
    """
    if spec is None:
        return default_app(url)
    app = _find(spec)
    if url is not None:
        app.use_url(url)
    return app


def default_app(url: str | None = None) -> TaskFlow:
    """Return an app with the built-in tasks only."""
    app = TaskFlow(url)
    app.include(importlib.import_module("taskflowmq.tasks.registry"))
    return app


def load_tasks(specs: Iterable[str], hooks: Iterable[HookSpec] = ()) -> Registry:
    """Return the tasks that these specs name, with the hooks that run around them.

    Raises:
        AppNotFound: one of them is not there, or is no task.
    """
    found = Registry()
    for spec in specs:
        name, _, attribute = spec.partition(":")
        task = getattr(_import(name), attribute, None)
        if not isinstance(task, Task):
            raise AppNotFound(f"{spec} is a {type(task).__name__}, not a task")
        found.add(task)
    for kind, spec in hooks:
        name, _, path = spec.partition(":")
        try:
            hook = attrgetter(path)(_import(name))
        except AttributeError:
            raise AppNotFound(f"there is no hook {spec}") from None
        getattr(found.hooks, kind)(hook)
    return found


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
                    "where there are process tasks, hooks must stand in a module, where another process can import "
                    f"them: {name_of(fn)} cannot be found there"
                )
            found.append((kind, spec))
    return found


def _spec_of_function(fn: Callable[..., Any]) -> str | None:
    name, path = getattr(fn, "__module__", ""), getattr(fn, "__qualname__", "")
    try:
        # Equal, not identical: a method is bound anew at each look.
        if attrgetter(path)(sys.modules[name]) != fn:
            return None
    except (AttributeError, KeyError):
        return None
    if name == "__main__":
        name = _main_name() or ""
    return f"{name}:{path}" if name else None


def spec_of_task(task: Task[Any, Any]) -> str | None:
    """Return ``module:attribute`` under which another process finds a task, or None: it stands in no module."""
    name = task.fn.__module__
    module = sys.modules.get(name)
    attribute = next((each for each, value in vars(module).items() if value is task), None) if module else None
    if name == "__main__":
        name = _main_name() or ""
    return f"{name}:{attribute}" if name and attribute is not None else None


def _main_name() -> str | None:
    """Return how others import the module that was started as the program; None: they cannot."""
    main = sys.modules["__main__"]
    if main.__spec__ is not None:  # python -m
        return main.__spec__.name
    file = getattr(main, "__file__", None)
    return Path(file).stem if file is not None and Path(file).stem.isidentifier() else None


def _find(spec: str) -> BaseApp:
    name, colon, path = spec.partition(":")
    if name.endswith(".py") or "/" in name:
        stem = name.removesuffix(".py").strip("./").replace("/", ".")
        raise AppNotFound(f"{spec!r} is a file: write the module and the app's name in it, such as {stem or 'app'}:app")
    if not name or (colon and not path):
        raise AppNotFound(f"{spec!r} names no app: write {SPEC}")
    module = _import(name)
    found: object = module
    for step in (path or "app").split("."):
        if not hasattr(found, step):
            raise AppNotFound(f"{name} has no {path or 'app'!r}. {_apps_in(module)}")
        found = getattr(found, step)
    if not isinstance(found, BaseApp):
        raise AppNotFound(f"{name}:{path or 'app'} is a {type(found).__name__}, not a TaskFlow. {_apps_in(module)}")
    return found


def _import(name: str) -> object:
    here = str(Path.cwd())
    if here not in sys.path and "" not in sys.path:
        sys.path.insert(0, here)
    try:
        with app_configures_logging():
            return importlib.import_module(name)
    except ModuleNotFoundError as error:
        # A module that is there but misses one of its own imports is another mistake, and shows its traceback.
        if error.name is None or not (name == error.name or name.startswith(f"{error.name}.")):
            raise
        raise AppNotFound(
            f"there is no module {error.name!r} in {here} or among the installed packages: write {SPEC}"
        ) from None


def _apps_in(module: object) -> str:
    names = sorted(name for name, value in vars(module).items() if isinstance(value, BaseApp))
    return f"Apps in that module: {', '.join(names)}" if names else "There is no app in that module"
