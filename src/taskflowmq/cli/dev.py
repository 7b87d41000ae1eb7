"""``taskflow dev``: server, one worker child and the duties in one command."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing
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
    from taskflowmq.ports.clock import Clock
    from taskflowmq.ports.telemetry import Telemetry
    from taskflowmq.server.edge.gate import Gate
    from taskflowmq.server.edge.switch import Switch
    from taskflowmq.server.settings import ServerSettings
    from taskflowmq.telemetry.prometheus import PrometheusTelemetry
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
        renewal: how the store is renewed while the server goes on; None: it is not.
    """

    app: BaseApp
    spec: str | None
    demo: Demo | None
    renewal: Renewal | None = None


class Renewal(NamedTuple):
    """How a store is put in the place of another one, again and again.

    Args:
        every_s: seconds between two of them.
        make: returns what runs together on a new store, its app not open.
        settings: returns the settings of the server until the next time.
        dispose: is called with the address of a store that is not used any more.
        clock: measures the time.
    """

    every_s: float
    make: Callable[[], Awaitable[Parts]]
    settings: Callable[[ServerSettings], ServerSettings]
    dispose: Callable[[str], None]
    clock: Clock


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
    from taskflowmq.bootstrap.signals import hear_signals, spare_user_signals
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
        announce = Announcement(loaded.app, own, as_json=given["as_json"])
        run = Run(loaded, settings, options, style, given["log_level"], announce)
        try_next = port is None and not os.environ.get("PORT")
        # The server closes it; without a store there is none.
        with (
            closing(bind(host, settings.port, try_next=try_next)) as sock,
            asyncio.Runner(loop_factory=loop_factory()) as runner,
        ):
            return runner.run(run(sock, hear_signals))


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


class Stage:
    """A store with what works on it: the worker, the duties, and what makes jobs.

    Args:
        parts: what runs together.
        options: of the worker.
        style, level: of the log of its children.
    """

    def __init__(self, parts: Parts, options: WorkerOptions, style: str, level: str) -> None:
        self.app = parts.app
        self._parts = parts
        self._options = options
        self._style, self._level = style, level
        self._supervisor: Supervisor | None = None
        self._working: asyncio.Task[int] | None = None
        self._demo: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def opened(self, telemetry: Telemetry) -> AsyncIterator[None]:
        """Work until the end of the block; who leaves it before :meth:`ended` hands back what runs."""
        from taskflowmq.bootstrap.supervise import make_supervisor

        app, more = self.app, (PLAYGROUND,)
        app.telemetry = telemetry
        async with app, app.hub.kept():
            self._supervisor = make_supervisor(
                app, self._parts.spec, self._options, log_format=self._style, log_level=self._level, more=more
            )
            self._working = asyncio.create_task(self._supervisor.run(), name="taskflow-supervisor")
            try:
                yield
            finally:
                if not self._working.done():
                    self.hand_back()
                await self.ended()

    def begin(self, url: str) -> None:
        """Let jobs be made from now on."""
        if self._parts.demo is not None:
            self._demo = asyncio.create_task(_show(self._parts.demo, url), name="taskflow-demo")

    def drain(self) -> None:
        """Make no more jobs, and finish those that run."""
        self._stop_demo()
        if self._supervisor is not None:
            self._supervisor.request_drain()

    def hand_back(self) -> None:
        """Make no more jobs, and hand back those that run."""
        self._stop_demo()
        if self._supervisor is not None:
            self._supervisor.request_hand_back()

    async def ended(self) -> int:
        """Wait for the end of the work; return how many jobs were handed back."""
        handed_back = 0 if self._working is None else await asyncio.shield(self._working)
        if self._demo is not None:
            self._demo.cancel()  # an operator may have stopped the workers
            await asyncio.wait([self._demo])
        return handed_back

    def _stop_demo(self) -> None:
        if self._demo is not None:
            self._demo.cancel()


class Run:
    """One run of ``dev``: its options, and the order in which its parts start and end.

    Args:
        parts: what runs together, its app not open.
        settings: of the server.
        options: of the worker.
        style, level: of the log.
        announce: is called with the address, once it answers.
    """

    def __init__(
        self,
        parts: Parts,
        settings: ServerSettings,
        options: WorkerOptions,
        style: str,
        level: str,
        announce: Callable[[str], None],
    ) -> None:
        self._parts = parts
        self._settings = settings
        self._options = options
        self._style, self._level = style, level
        self._announce = announce
        self._stage = self._stage_of(parts)
        self._stack = AsyncExitStack()

    async def __call__(self, sock: socket, hear: Callable[[Callable[[], None], Callable[[], None]], None]) -> int:
        """Run until a signal ends it, then drain; return the exit code.

        Args:
            sock: to listen on.
            hear: is given what drains, and what hands back; signals call them.
        """
        from taskflowmq.server.edge.switch import Switch
        from taskflowmq.server.run import base_url, serving
        from taskflowmq.telemetry.prometheus import PrometheusTelemetry

        metrics, parts = PrometheusTelemetry(), self._parts
        async with AsyncExitStack() as last:
            await self._stack.enter_async_context(self._stage.opened(metrics))
            last.push_async_callback(self._close)
            hear(self._drain, self._hand_back)
            # The server ends last: while jobs drain, they and their readers may still send it requests.
            gate = self._gate(self._stage, metrics)
            front = gate if parts.renewal is None else Switch(gate)
            async with serving(front, sock):
                url = base_url(sock) + self._settings.prefix
                self._announce(url)
                self._stage.begin(url)
                renewing = None
                if isinstance(front, Switch) and parts.renewal is not None:
                    work = self._renew(parts.renewal, front, metrics, url)
                    renewing = asyncio.create_task(work, name="taskflow-renewal")
                handed_back = await self._ended()
                if renewing is not None:
                    renewing.cancel()
                    await asyncio.wait([renewing])
        return Exit.HANDED_BACK if handed_back else Exit.OK

    def _drain(self) -> None:
        self._stage.drain()

    def _hand_back(self) -> None:
        self._stage.hand_back()

    async def _ended(self) -> int:
        while True:
            stage = self._stage
            handed_back = await stage.ended()
            if stage is self._stage:
                return handed_back

    async def _close(self) -> None:
        await self._stack.aclose()

    def _stage_of(self, parts: Parts) -> Stage:
        return Stage(parts, self._options, self._style, self._level)

    def _gate(self, stage: Stage, metrics: PrometheusTelemetry) -> Gate:
        from taskflowmq.server.app import create_app

        renewal, settings = self._parts.renewal, self._settings
        if renewal is not None:
            settings = renewal.settings(settings)
        return create_app(stage.app, settings, metrics_page=metrics)

    async def _renew(self, renewal: Renewal, front: Switch, metrics: PrometheusTelemetry, url: str) -> None:
        """Put a new store in the place of the one that is used, again and again, while the server goes on."""
        while True:
            await renewal.clock.sleep(renewal.every_s)
            try:
                await self._exchange(await renewal.make(), front, metrics, url)
            except Exception:
                log.exception("the store was not renewed")
            else:
                log.info("the store was renewed")

    async def _exchange(self, parts: Parts, front: Switch, metrics: PrometheusTelemetry, url: str) -> None:
        stage = self._stage_of(parts)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(stage.opened(metrics))
            stage.begin(url)
            await front.to(self._gate(stage, metrics))
            old, before = self._stage, self._stack
            self._stage, self._stack = stage, stack.pop_all()
        try:
            old.drain()
            await old.ended()
        finally:
            await before.aclose()
            if self._parts.renewal is not None:
                self._parts.renewal.dispose(old.app.url)


class Announcement:
    """The message on the terminal once the server answers.

    Args:
        app: what is served.
        tasks: names of its own tasks.
        as_json: as a line for programs.
    """

    def __init__(self, app: BaseApp, tasks: tuple[str, ...], *, as_json: bool) -> None:
        self._app, self._tasks, self._as_json = app, tasks, as_json

    def __call__(self, url: str) -> None:
        """Say it."""
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
            f"  Tasks  {', '.join(self._tasks) or 'none'}\n\n"
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
