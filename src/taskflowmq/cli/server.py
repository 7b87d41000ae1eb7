"""``taskflow server``: the REST API in a process of its own."""

from __future__ import annotations

import asyncio
import gc
import os
from typing import Any

import click

from taskflowmq.cli.options import app_argument, database_option, json_option, log_options, option, tenant_option
from taskflowmq.cli.worker import PACE_FLAGS, duties_option, flags_of, pace_options
from taskflowmq.client.extras import require


@click.command("server")
@app_argument
@option(
    "--host",
    env="TASKFLOW_HOST",
    default="127.0.0.1",
    help="Address to listen on; a non-loopback address requires API keys.",
)
@option(
    "--port",
    env="TASKFLOW_PORT",
    type=click.IntRange(0, 65_535),
    help="Port; default: PORT, else 8000. 0: any free port.",
)
@option(
    "--tls-proxy",
    env="TASKFLOW_TLS_PROXY",
    is_flag=True,
    help="A TLS proxy is in front of the server: omit the warning about plain HTTP.",
)
@option(
    "--max-connections",
    env="TASKFLOW_MAX_CONNECTIONS",
    type=click.IntRange(1, 1_000_000),
    default=10_000,
    help="Maximum number of connections, within the limit of open files.",
)
@option(
    "--max-new-per-address",
    env="TASKFLOW_MAX_NEW_PER_ADDRESS",
    type=click.IntRange(1, 1_000_000),
    default=512,
    help="Maximum number of connections per address that have not sent a complete request.",
)
@option(
    "--keep-alive",
    env="TASKFLOW_KEEP_ALIVE_SECONDS",
    type=click.FloatRange(0.1, 86_400),
    default=75.0,
    help="Idle timeout of a connection, in seconds.",
)
@pace_options
@duties_option
@tenant_option
@database_option
@log_options
@json_option
def command(app: str | None, host: str, port: int | None, **given: Any) -> None:
    """Serve the REST API of APP, and run the periodic duties.

    API keys come from TASKFLOW_API_KEYS (comma list) or TASKFLOW_API_KEYS_FILE.
    """
    require("server", "taskflow server")
    from taskflowmq.bootstrap.child import tune_interpreter
    from taskflowmq.bootstrap.settings import load_settings
    from taskflowmq.bootstrap.signals import spare_user_signals
    from taskflowmq.bootstrap.supervise import loop_factory, options_of
    from taskflowmq.cli.program import load, start_logging
    from taskflowmq.server.edge.connections import ConnectionLimits
    from taskflowmq.server.files import raise_file_limit
    from taskflowmq.server.run import bind
    from taskflowmq.server.settings import ServerSettings, keys_from, warn_of_plain_http
    from taskflowmq.telemetry.multiproc import share_metrics

    spare_user_signals()
    start_logging(given["log_format"], given["log_level"])
    raise_file_limit()
    options = options_of(load_settings(**flags_of(given, PACE_FLAGS)), run_duties=not given["no_duties"])
    settings = ServerSettings(host=host, port=chosen_port(port), api_keys=keys_from(os.environ)).check()
    if not given["tls_proxy"]:
        warn_of_plain_http(host)
    limits = ConnectionLimits(
        most=given["max_connections"],
        most_new_per_address=given["max_new_per_address"],
        keep_alive_seconds=given["keep_alive"],
    )
    with share_metrics():
        loaded = load(app, given["database_url"], given["tenant"])
        tune_interpreter()
        sock = bind(settings.host, settings.port)
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(_serve(loaded, settings, options, (sock, limits), as_json=given["as_json"]))


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


async def _serve(app: Any, settings: Any, options: Any, listening: Any, *, as_json: bool) -> None:
    from taskflowmq.bootstrap.duties import duties_of, running
    from taskflowmq.bootstrap.signals import hear_signals
    from taskflowmq.cli.output import emit_json
    from taskflowmq.server.app import create_app
    from taskflowmq.server.run import serving
    from taskflowmq.telemetry.prometheus import PrometheusTelemetry

    metrics = PrometheusTelemetry()
    app.telemetry = metrics
    ended = asyncio.Event()
    hear_signals(ended.set, ended.set)
    async with app, app.hub.kept(), serving(create_app(app, settings, metrics_page=metrics), *listening) as url:
        if as_json:
            emit_json({"url": url, "docs": f"{url}/docs", "store": app.store.url})
        else:
            click.echo(f"TaskFlow API on {url}/api/v1 (docs: {url}/docs), store {app.store.url}")
        # Objects made so far live as long as the process: keep the collector from walking them repeatedly.
        gc.freeze()
        async with running(duties_of(app.store, options, metrics)):
            await ended.wait()
