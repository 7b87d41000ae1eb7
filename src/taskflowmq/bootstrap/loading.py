"""From ``module:attribute`` to an app, or to single tasks and hooks; ``addresses`` goes the other way."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterable
from operator import attrgetter
from pathlib import Path

from taskflowmq.bootstrap.addresses import HookSpec
from taskflowmq.bootstrap.app import TaskFlow
from taskflowmq.client.app import BaseApp
from taskflowmq.client.registry import Registry
from taskflowmq.client.task import Task
from taskflowmq.core.errors import TaskFlowError
from taskflowmq.core.job import DEFAULT_TENANT
from taskflowmq.telemetry.app_logging import app_configures_logging

SPEC = "module:attribute, such as shop.jobs:app"


class AppNotFound(TaskFlowError, ValueError):
    """The app that was named cannot be loaded; the message says what is missing and what was found instead."""

    code = "app_not_found"


def load_app(spec: str | None, url: str | None = None, tenant: str | None = None) -> BaseApp:
    """Return the app to work with.

    Args:
        spec: ``module:attribute``; the current folder is searched first, as ``python -m`` does. None means the
            built-in tasks.
        url: the database; it wins over the app's own.
        tenant: of the built-in tasks; an app has its own.

    Raises:
        AppNotFound: the module or the attribute does not exist, or it is not an app.
    """
    if spec is None:
        return default_app(url, tenant)
    app = _find(spec)
    if url is not None:
        app.use_url(url)
    return app


def default_app(url: str | None = None, tenant: str | None = None) -> TaskFlow:
    """Return an app with the built-in tasks only."""
    app = TaskFlow(url, tenant=tenant or DEFAULT_TENANT)
    app.include(importlib.import_module("taskflowmq.tasks.registry"))
    return app


def include_all(app: BaseApp, modules: Iterable[str]) -> None:
    """Give an app the tasks of modules, beside its own."""
    for name in modules:
        app.include(importlib.import_module(name))


def load_tasks(specs: Iterable[str], hooks: Iterable[HookSpec] = ()) -> Registry:
    """Return the tasks that these specs name, with the hooks that run around them.

    Raises:
        AppNotFound: one of them is not there, or is not a task.
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
            raise AppNotFound(f"hook {spec} does not exist") from None
        getattr(found.hooks, kind)(hook)
    return found


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
        # A module that exists but lacks one of its own imports is another mistake, and shows its traceback.
        if error.name is None or not (name == error.name or name.startswith(f"{error.name}.")):
            raise
        raise AppNotFound(
            f"there is no module {error.name!r} in {here} or in the installed packages: write {SPEC}"
        ) from None


def _apps_in(module: object) -> str:
    names = sorted(name for name, value in vars(module).items() if isinstance(value, BaseApp))
    return f"Apps in that module: {', '.join(names)}" if names else "There is no app in that module"
