"""``taskflow dev``: server, one worker child and the duties in one command."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import logging
import os
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from taskflowmq.cli.exits import CommandError, Exit
from taskflowmq.cli.options import app_argument, database_option, json_option, log_options, option, tenant_option
from taskflowmq.cli.reload import reload_option, run_reloaded
from taskflowmq.cli.serving import chosen_port, local_options, page_options, server_settings, with_configuration
from taskflowmq.cli.worker import PACE_FLAGS, WORKER_FLAGS, flags_of, pace_options, worker_options
from taskflowmq.client.extras import require

if TYPE_CHECKING:
    from socket import socket

    from taskflowmq.client.app import BaseApp
    from taskflowmq.server.settings import ServerSettings
    from taskflowmq.worker import Supervisor, WorkerOptions

Demo = Callable[[str], Awaitable[None]]
#: Where the tasks of the playground are: the server's app and the workers have them beside their own.
PLAYGROUND = "taskflowmq.tasks.playground"
log = logging.getLogger("taskflowmq.dev")


@click.command("dev")
@app_argument
@local_options
@option("--demo", env="TASKFLOW_DEMO", metavar="MODULE:FUNCTION", help="Coroutine function called with the base URL.")
@reload_option
@page_options
@worker_options
@pace_options
@tenant_option
@database_option
@log_options
@json_option
def command(app: str | None, demo: str | None, host: str, port: int | None, **given: Any) -> int:
    """Run server, worker and duties of APP, on SQLite by default. Ctrl-C drains, then exits."""
    require("server", "taskflow dev")
    if given["reload"]:
        return run_reloaded("taskflow dev")
    from taskflowmq.cli.program import load

    def parts() -> Parts:
        loaded = load(app, given["database_url"], given["tenant"])
        return Parts(loaded, app, load_demo(demo) if demo else None)

    return run_together(parts, host, port, given, flags_of(given, WORKER_FLAGS + PACE_FLAGS))


class Parts(NamedTuple):
    """What runs together.

    Args:
        app: not open.
        spec: how children load it; None: the built-in tasks.
        demo: called with the base URL; None: nothing.
    """

    app: BaseApp
    spec: str | None
    demo: Demo | None


def run_together(
    parts: Callable[[], Parts], host: str, port: int | None, given: dict[str, Any], flags: dict[str, Any]
) -> int:
    """Run server, worker and duties until a signal; return the exit code.

    Args:
        parts: loads the app, once settings and log are ready.
        host: to listen on.
        port: to listen on; None: PORT, else 8000 or the next free one.
        given: the options of the page and the log.
        flags: settings of the worker.
    """
    import msgspec

    from taskflowmq.bootstrap.loading import include_all
    from taskflowmq.bootstrap.settings import check_task_settings, load_settings
    from taskflowmq.bootstrap.signals import spare_user_signals
    from taskflowmq.bootstrap.supervise import loop_factory, options_of
    from taskflowmq.cli.program import start_logging
    from taskflowmq.server.files import raise_file_limit
    from taskflowmq.server.run import bind
    from taskflowmq.server.settings import warn_of_plain_http
    from taskflowmq.telemetry.multiproc import share_metrics

    style = "text" if given["log_format"] == "auto" else given["log_format"]
    spare_user_signals()
    start_logging(style, given["log_level"])
    raise_file_limit()
    worker = load_settings(**flags)
    options = options_of(worker)
    settings = server_settings(host, chosen_port(port), given)
    warn_of_plain_http(host)
    check_task_settings()
    with share_metrics():
        loaded = parts()
        own = loaded.app.tasks.names()
        include_all(loaded.app, (PLAYGROUND,))
        settings = with_configuration(loaded.app, msgspec.structs.replace(settings, playground=True), worker)
        run = _Run(loaded, settings, options, style, {**given, "own_tasks": own})
        try_next = port is None and not os.environ.get("PORT")
        # The server closes it; without a store there is none.
        with (
            closing(bind(host, settings.port, try_next=try_next)) as sock,
            asyncio.Runner(loop_factory=loop_factory()) as runner,
        ):
            return runner.run(run(sock))


def load_demo(spec: str) -> Demo:
    """Return the coroutine function of ``module:function``.

    Raises:
        CommandError: there is none.
    """
    module, _, name = spec.partition(":")
    try:
        found = getattr(importlib.import_module(module), name or "demo", None)
    except ImportError as error:
        raise CommandError(f"--demo {spec}: {error}", Exit.USAGE, "Name it as module:function") from error
    if not inspect.iscoroutinefunction(found):
        raise CommandError(f"--demo {spec} is not a coroutine function", Exit.USAGE, "Write: async def demo(base_url)")
    demo: Demo = found
    return demo


class _Run:
    """One run of ``dev``: its options, and the order in which its parts start and end."""

    def __init__(
        self,
        parts: Parts,
        settings: ServerSettings,
        options: WorkerOptions,
        style: str,
        given: dict[str, Any],
    ) -> None:
        self._app, self._spec, self._show = parts
        self._settings = settings
        self._options = options
        self._style = style
        self._level: str = given["log_level"]
        self._as_json: bool = given["as_json"]
        self._own_tasks: tuple[str, ...] = given["own_tasks"]
        self._demo: asyncio.Task[None] | None = None

    async def __call__(self, sock: socket) -> int:
        """Run until a signal, then drain; return the exit code."""
        from taskflowmq.bootstrap.supervise import make_supervisor
        from taskflowmq.server.app import create_app
        from taskflowmq.server.run import base_url, serving
        from taskflowmq.telemetry.prometheus import PrometheusTelemetry

        app, metrics = self._app, PrometheusTelemetry()
        app.telemetry = metrics
        async with app, app.hub.kept():
            supervisor = make_supervisor(
                app, self._spec, self._options, log_format=self._style, log_level=self._level, more=(PLAYGROUND,)
            )
            self._listen_to_signals(supervisor)
            working = asyncio.create_task(supervisor.run(), name="taskflow-supervisor")
            # The server ends last: while jobs drain, they and their readers may still send it requests.
            async with serving(create_app(app, self._settings, metrics_page=metrics), sock):
                url = base_url(sock) + self._settings.prefix
                self._announce(url)
                if self._show is not None:
                    self._demo = asyncio.create_task(_show(self._show, url), name="taskflow-demo")
                handed_back = await working
                if self._demo is not None:
                    self._demo.cancel()  # an operator may have stopped the workers
                    await asyncio.wait([self._demo])
        return Exit.HANDED_BACK if handed_back else Exit.OK

    def _listen_to_signals(self, supervisor: Supervisor) -> None:
        from taskflowmq.bootstrap.signals import hear_signals

        def ending(act: Callable[[], None]) -> Callable[[], None]:
            def run() -> None:
                if self._demo is not None:
                    self._demo.cancel()
                act()

            return run

        hear_signals(ending(supervisor.request_drain), ending(supervisor.request_hand_back))

    def _announce(self, url: str) -> None:
        from taskflowmq.cli.output import emit_json

        store = self._app.store.url
        if self._as_json:
            emit_json({"url": url, "docs": f"{url}/docs", "store": store})
            return
        click.echo(
            f"\n  TaskFlow is ready\n\n"
            f"  Open   {url}\n"
            f"  API    {url}/api/v1\n"
            f"  Docs   {url}/docs\n"
            f"  Data   {_where(store)}\n"
            f"  Tasks  {', '.join(self._own_tasks) or 'none'}\n\n"
            f"  Ctrl-C drains, then exits.\n"
        )


def _where(store: str) -> str:
    """Return where the data is: the whole path of a file, the address of a server."""
    path = store.removeprefix("sqlite:///")
    return store if path == store else str(Path(path).absolute())


async def _show(demo: Demo, url: str) -> None:
    """Run the demo; its failure is reported and ends nothing else."""
    try:
        await demo(url)
    except Exception:
        log.exception("the demo failed")
