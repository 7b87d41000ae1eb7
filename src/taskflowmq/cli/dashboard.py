"""``taskflow dashboard``: the dashboard and the REST API, and nothing else."""

from __future__ import annotations

from typing import Any

import click

from taskflowmq.cli.options import app_argument, database_option, json_option, log_options, tenant_option
from taskflowmq.cli.serving import (
    chosen_port,
    listen_options,
    nothing,
    page_options,
    serve,
    server_settings,
    with_configuration,
)
from taskflowmq.client.extras import require


@click.command("dashboard")
@app_argument
@listen_options
@page_options
@tenant_option
@database_option
@log_options
@json_option
def command(app: str | None, host: str, port: int | None, **given: Any) -> None:
    """Serve the dashboard and the REST API of an existing store; run no periodic duties.

    Without APP it announces no task. API keys come from TASKFLOW_API_KEYS (comma list) or TASKFLOW_API_KEYS_FILE.
    """
    require("server", "taskflow dashboard")
    from taskflowmq.bootstrap.app import TaskFlow
    from taskflowmq.bootstrap.signals import spare_user_signals
    from taskflowmq.cli.program import load, open_only, start_logging
    from taskflowmq.core.job import DEFAULT_TENANT
    from taskflowmq.server.files import raise_file_limit
    from taskflowmq.server.settings import warn_of_plain_http
    from taskflowmq.telemetry.multiproc import share_metrics

    spare_user_signals()
    start_logging(given["log_format"], given["log_level"])
    raise_file_limit()
    settings = server_settings(host, chosen_port(port), given)
    if not given["tls_proxy"]:
        warn_of_plain_http(host)
    url, tenant = given["database_url"], given["tenant"]
    with share_metrics():
        loaded = TaskFlow(url, tenant=tenant or DEFAULT_TENANT) if app is None else load(app, url, tenant)
        # A store that does not exist has nothing to show: the address is probably wrong.
        open_only(loaded, "manual")
        settings = with_configuration(loaded, settings, None)
        serve(loaded, settings, given, nothing)
