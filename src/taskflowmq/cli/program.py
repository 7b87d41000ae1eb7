"""Running a command's coroutine against an app: load, open, run, close.

Imports are late, so that ``--help`` stays quick.
"""

from __future__ import annotations

import asyncio
import getpass
import signal
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from taskflowmq.client.app import BaseApp
    from taskflowmq.ports.store import Store

T = TypeVar("T")

#: Characters of a user's name that are stored.
MAX_USER = 64


def start_logging(style: str, level: str) -> None:
    """Set up the log of a program that runs until it is ended, and name the settings that it will not follow."""
    import logging
    import os

    from taskflowmq.client.environment import unknown_names
    from taskflowmq.telemetry.logs import configure_logging
    from taskflowmq.telemetry.uncaught import log_uncaught

    configure_logging(style, level)
    log_uncaught()
    for sentence in unknown_names(os.environ):
        logging.getLogger("taskflowmq.settings").warning("%s", sentence)


def load(app: str | None, database_url: str | None, tenant: str | None = None) -> BaseApp:
    """Return the app that a command works with.

    Args:
        app: ``module:attribute``; None means the built-in tasks.
        database_url: the store's address; None means what the environment says.
        tenant: of the built-in tasks; an app that is named has its own, and this must be it.

    Raises:
        AppNotFound: it cannot be imported.
        CommandError: it is of another tenant.
    """
    from taskflowmq.bootstrap.loading import load_app
    from taskflowmq.cli.exits import CommandError, Exit

    loaded = load_app(app, database_url, tenant)
    if tenant is not None and loaded.tenant != tenant:
        said = f"{app} belongs to tenant {loaded.tenant!r}, and --tenant (TASKFLOW_TENANT) says {tenant!r}"
        raise CommandError(said, Exit.USAGE, f"Leave it out, or declare the app with TaskFlow(tenant={tenant!r})")
    return loaded


def with_app(app: BaseApp, work: Callable[[Any], Awaitable[T]]) -> T:
    """Open an app, run a coroutine with it, close it."""

    async def opened() -> T:
        async with app:
            return await work(app)

    return asyncio.run(opened())


def with_store(database_url: str | None, work: Callable[[Any], Awaitable[T]], tenant: str | None = None) -> T:
    """The same without any task of its own: for commands that read and control, and make no store by mistake."""
    from taskflowmq.bootstrap.app import TaskFlow
    from taskflowmq.cli.options import reason_required
    from taskflowmq.core.audit import Via
    from taskflowmq.core.job import DEFAULT_TENANT

    app = TaskFlow(database_url, tenant=tenant or DEFAULT_TENANT, store_options={"migrate": "manual"})
    app.acting.via, app.acting.actor, app.acting.reads_for_people = Via.CLI, caller(), True
    app.acting.requires_reason = reason_required()
    return with_app(app, work)


def open_only(app: BaseApp, what: str) -> None:
    """Have a command open a store that exists ("upgrade"), or that exists and fits ("manual")."""
    from taskflowmq.bootstrap.app import TaskFlow

    if isinstance(app, TaskFlow):
        app.open_only(what)


def spare_servers(app: BaseApp) -> None:
    """Let a command that stores a job make a SQLite file if necessary, but no tables in a database server."""
    from taskflowmq.bootstrap.stores import is_file

    if not is_file(app.url):
        open_only(app, "manual")


def with_schema(database_url: str | None, work: Callable[[Store], Awaitable[T]]) -> T:
    """Run a coroutine with a store that is connected but not migrated by that, and close it."""
    from taskflowmq.bootstrap.unmigrated import open_unmigrated
    from taskflowmq.client.app import resolve_url

    async def connected() -> T:
        async with open_unmigrated(resolve_url(database_url)) as store:
            return await work(store)

    return asyncio.run(connected())


def caller() -> str:
    """Return who runs this command, as others see it."""
    from taskflowmq.core.validation import clean_text

    try:
        return f"cli:{clean_text(getpass.getuser(), MAX_USER)}"
    except (OSError, KeyError, ImportError):  # a container may run under a user id without a name
        return "cli"


async def until_told_to_end(work: Coroutine[Any, Any, T]) -> T:
    """Do the work; SIGTERM cancels it, as Ctrl-C does: what it made for a while goes, too."""
    task = asyncio.current_task()
    if task is not None:
        # Not by way of SIGINT: a shell that starts a program in the background has that one ignored.
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await work
