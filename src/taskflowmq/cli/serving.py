"""What ``server``, ``dashboard`` and ``dev`` share: the options of a server, its settings, and one run of it."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from taskflowmq.cli.options import option
from taskflowmq.core.reasons import VARIABLE

if TYPE_CHECKING:
    from taskflowmq.client.app import BaseApp
    from taskflowmq.core.worker_settings import WorkerSettings
    from taskflowmq.ports.telemetry import Telemetry
    from taskflowmq.server.settings import ServerSettings

F = TypeVar("F", bound=Callable[..., Any])


def page_options(command: F) -> F:
    """Take what concerns the dashboard, and who uses it."""
    command = option(
        "--prefix",
        env="TASKFLOW_PREFIX",
        metavar="PATH",
        help="Path under which browsers reach the server, such as /ops/queue; a proxy in front may keep or strip it.",
    )(command)
    command = option(
        "--trusted-proxies",
        env="TASKFLOW_TRUSTED_PROXIES",
        metavar="NETWORKS",
        help="Addresses or networks, comma list, of proxies whose X-Forwarded-For says where a request comes from.",
    )(command)
    command = option(
        "--frame-ancestors",
        env="TASKFLOW_FRAME_ANCESTORS",
        metavar="SOURCES",
        default="'none'",
        help="Origins that may show the dashboard in a frame, as in a content security policy.",
    )(command)
    command = option(
        "--require-reason",
        env=VARIABLE,
        is_flag=True,
        help="Refuse acts on jobs, queues, workers and errors that do not say why.",
    )(command)
    return option(
        "--environment",
        env="TASKFLOW_ENVIRONMENT",
        metavar="NAME",
        help="Name of this installation, such as production; the dashboard shows it.",
    )(command)


def _address_options(command: F, port_help: str) -> F:
    with_port = option("--port", env="TASKFLOW_PORT", type=click.IntRange(0, 65_535), help=port_help)(command)
    return option(
        "--host",
        env="TASKFLOW_HOST",
        default="127.0.0.1",
        help="Address to listen on; a non-loopback address requires API keys.",
    )(with_port)


def local_options(command: F) -> F:
    """Take where a server for one machine listens: if the port is taken, on a later one."""
    return _address_options(command, "Port; default: PORT, else 8000 or the next free one.")


def listen_options(command: F) -> F:
    """Take where a server listens, and what connections may cost."""
    for decorate in reversed(
        (
            option(
                "--tls-proxy",
                env="TASKFLOW_TLS_PROXY",
                is_flag=True,
                help="A TLS proxy is in front of the server: cookies are for TLS only, no warning about plain HTTP.",
            ),
            option(
                "--max-connections",
                env="TASKFLOW_MAX_CONNECTIONS",
                type=click.IntRange(1, 1_000_000),
                default=10_000,
                help="Maximum number of connections, within the limit of open files.",
            ),
            option(
                "--max-new-per-address",
                env="TASKFLOW_MAX_NEW_PER_ADDRESS",
                type=click.IntRange(1, 1_000_000),
                default=512,
                help="Maximum number of connections per address that have not sent a complete request.",
            ),
            option(
                "--keep-alive",
                env="TASKFLOW_KEEP_ALIVE_SECONDS",
                type=click.FloatRange(0.1, 86_400),
                default=75.0,
                help="Idle timeout of a connection, in seconds.",
            ),
        )
    ):
        command = decorate(command)
    return _address_options(command, "Port; default: PORT, else 8000. 0: any free port.")


def server_settings(host: str, port: int, given: dict[str, Any]) -> ServerSettings:
    """Return the checked settings of a server from what the options were given.

    Raises:
        UnsafeServer: they would expose it.
    """
    from taskflowmq.server.settings import ServerSettings, keys_from, read_prefix

    return ServerSettings(
        host=host,
        port=port,
        prefix=read_prefix(given["prefix"]),
        api_keys=keys_from(os.environ),
        tls_proxy=given.get("tls_proxy", False),
        trusted_proxies=tuple(part for part in (given["trusted_proxies"] or "").split(",") if part.strip()),
        frame_ancestors=given["frame_ancestors"],
        environment=given["environment"] or None,
        require_reason=given["require_reason"],
        public=given.get("public"),
    ).check()


def with_configuration(app: BaseApp, settings: ServerSettings, worker: WorkerSettings | None) -> ServerSettings:
    """Return settings that say what operators are shown of them, and of the options of this command.

    Args:
        app: what is served.
        settings: of the server.
        worker: what its duties go by; None: it runs none.
    """
    import msgspec

    from taskflowmq.bootstrap.configuration import configuration, duty_settings

    ctx = click.get_current_context()
    named = [(str(one.envvar), str(one.name)) for one in ctx.command.params if one.envvar is not None]
    given = {variable: ctx.params.get(name) for variable, name in named}
    source = ctx.get_parameter_source
    arguments = frozenset(variable for variable, name in named if source(name) is ParameterSource.COMMANDLINE)
    others = given if worker is None else given | duty_settings(worker)
    shown = configuration(app, settings, others=others, arguments=arguments)
    return msgspec.structs.replace(settings, configuration=shown)


def chosen_port(flag: int | None, default: int = 8000) -> int:
    """Return the port: the flag or its variable, then PORT as platforms set it, then the default."""
    if flag is not None:
        return flag
    given = os.environ.get("PORT")
    if not given:
        return default
    if not given.isdigit() or int(given) > 65_535:
        raise click.UsageError(f"PORT must be 0…65535, got {given!r:.20}")
    return int(given)


#: Makes what runs beside a server, once its app is open.
Beside = Callable[["BaseApp", "Telemetry"], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def nothing(app: BaseApp, telemetry: Telemetry) -> AsyncIterator[None]:
    """Run nothing beside a server."""
    yield


def serve(app: BaseApp, settings: ServerSettings, given: dict[str, Any], beside: Beside) -> None:
    """Serve an app until a signal.

    Args:
        app: not open yet.
        settings: checked.
        given: the options of the command.
        beside: what else runs meanwhile.
    """
    from taskflowmq.bootstrap.child import tune_interpreter
    from taskflowmq.bootstrap.supervise import loop_factory
    from taskflowmq.server.edge.connections import ConnectionLimits
    from taskflowmq.server.run import bind

    limits = ConnectionLimits(
        most=given["max_connections"],
        most_new_per_address=given["max_new_per_address"],
        keep_alive_seconds=given["keep_alive"],
    )
    tune_interpreter()
    # The server closes it; without a store there is none.
    with (
        closing(bind(settings.host, settings.port)) as sock,
        asyncio.Runner(loop_factory=loop_factory()) as runner,
    ):
        runner.run(_serve(app, settings, (sock, limits), beside, as_json=given["as_json"]))


async def _serve(app: BaseApp, settings: ServerSettings, listening: Any, beside: Beside, *, as_json: bool) -> None:
    from taskflowmq.bootstrap.signals import hear_signals
    from taskflowmq.cli.output import emit_json
    from taskflowmq.server.app import create_app
    from taskflowmq.server.run import serving
    from taskflowmq.telemetry.prometheus import PrometheusTelemetry

    metrics = PrometheusTelemetry()
    app.telemetry = metrics
    ended = asyncio.Event()
    hear_signals(ended.set, ended.set)
    async with app, app.hub.kept(), serving(create_app(app, settings, metrics_page=metrics), *listening) as address:
        url = address + settings.prefix
        if as_json:
            emit_json({"url": url, "docs": f"{url}/docs", "store": app.store.url})
        else:
            click.echo(f"TaskFlow API on {url}/api/v1 (docs: {url}/docs), dashboard on {url}, store {app.store.url}")
        # Objects made so far live as long as the process: keep the collector from walking them repeatedly.
        gc.freeze()
        async with beside(app, metrics):
            await ended.wait()
