"""A supervisor and its children put together, for the command line."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from taskflowmq.bootstrap.duties import duties_of
from taskflowmq.bootstrap.spawn import ExecSpawner, Program
from taskflowmq.client.app import BaseApp
from taskflowmq.client.environment import InvalidSetting
from taskflowmq.core.worker_settings import WorkerSettings
from taskflowmq.ports.telemetry import NoTelemetry, Telemetry
from taskflowmq.telemetry.deferred import DeferredTelemetry
from taskflowmq.worker import Supervisor, WorkerOptions

#: Tasks that the line of a start names; a worker may have hundreds.
NAMED_TASKS = 20

MULTIPROC_DIR = "PROMETHEUS_MULTIPROC_DIR"


def introduction(app: BaseApp, options: WorkerOptions) -> str:
    """Return the log line of a worker's start.

    Version, release, store, tenants where it serves others than that of its app, queues, tasks and room.
    """
    names = app.tasks.names()
    shown = ", ".join(names[:NAMED_TASKS]) + (f" and {len(names) - NAMED_TASKS} more" if names[NAMED_TASKS:] else "")
    room = f"{options.concurrency} slots" if options.concurrency != 1 else "1 slot"
    children = "1 process" if options.processes == 1 else f"{options.processes} processes"
    queues = ", ".join(options.queues) or "all"
    served = options.serving(app.tenant)
    tenants = "" if served == (app.tenant,) else f"tenants {', '.join(served) or 'all'}; "
    release = "" if app.release is None else f"release {app.release}; "
    return (
        f"taskflow {version('taskflowmq')} works on {app.store.url}: {release}{tenants}queues {queues}; "
        f"tasks {shown or 'none'}; {children} of {room}"
    )


def options_of(settings: WorkerSettings, **more: Any) -> WorkerOptions:
    """Return the options of a worker from the program's settings.

    Args:
        settings: queues, concurrency, times …
        more: options that are not settings: max_jobs, max_rss_mb, run_duties.
    """
    known = {field: getattr(settings, field) for field in WorkerSettings.__struct_fields__}
    return WorkerOptions(**known, **more)


def telemetry_of(app: BaseApp) -> Telemetry:
    """Return the app's telemetry.

    Or one that shares metrics with the program's other processes if it does.
    """
    if app.telemetry is not None:
        return app.telemetry
    if os.environ.get(MULTIPROC_DIR):
        return _counting()
    return NoTelemetry()


def event_telemetry_of(app: BaseApp) -> Telemetry:
    """Return the app's telemetry for a process that runs no jobs: what counts is loaded at the first event.

    Raises:
        InvalidSetting: metrics are to be shared in a directory that cannot be written to.
    """
    directory = os.environ.get(MULTIPROC_DIR)
    if app.telemetry is None and directory:
        # Now, and not at the first event: otherwise the children would fail, one after the other.
        if not Path(directory).is_dir() or not os.access(directory, os.W_OK | os.X_OK):
            raise InvalidSetting(
                f"{MULTIPROC_DIR} names {directory!r}, which is not a directory writable by this process: "
                "create it, or unset the variable"
            )
        return DeferredTelemetry(_counting)
    return telemetry_of(app)


def _counting() -> Telemetry:
    from taskflowmq.telemetry.prometheus import PrometheusTelemetry

    return PrometheusTelemetry()


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """Return what makes the event loops of our processes: uvloop's where it is installed."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


def make_supervisor(
    app: BaseApp,
    spec: str | None,
    options: WorkerOptions,
    *,
    log_format: str = "auto",
    log_level: str = "info",
    more: tuple[str, ...] = (),
) -> Supervisor:
    """Make a supervisor on the running loop; ``await supervisor.run()`` works until a drain is requested.

    Args:
        app: opened; its store serves leases, dead children and duties.
        spec: how children load the app; None means the built-in tasks.
        options: of the children.
        log_format, log_level: how children log.
        more: modules whose tasks children give to the app, beside its own.
    """
    tenant = app.tenant if spec is None else None
    program = Program(spec=spec, url=app.url, tenant=tenant, more=more, log_format=log_format, log_level=log_level)
    telemetry = event_telemetry_of(app)
    return Supervisor(
        app.store,
        ExecSpawner(program, options),
        options,
        tenant=app.tenant,
        telemetry=telemetry,
        duties=duties_of(app.store, options, telemetry),
    )
