"""``taskflow server``: the dashboard and the REST API in a process of its own."""

from __future__ import annotations

from typing import Any

import click

from taskflowmq.cli.options import app_argument, database_option, json_option, log_options, tenant_option
from taskflowmq.cli.serving import chosen_port, listen_options, page_options, serve, server_settings, with_configuration
from taskflowmq.cli.worker import PACE_FLAGS, duties_option, flags_of, pace_options
from taskflowmq.client.extras import require


@click.command("server")
@app_argument
@listen_options
@page_options
@pace_options
@duties_option
@tenant_option
@database_option
@log_options
@json_option
def command(app: str | None, host: str, port: int | None, **given: Any) -> None:
    """Serve the dashboard and the REST API of APP, and run the periodic duties.

    API keys come from TASKFLOW_API_KEYS (comma list) or TASKFLOW_API_KEYS_FILE.
    """
    require("server", "taskflow server")
    from taskflowmq.bootstrap.duties import duties_of, running
    from taskflowmq.bootstrap.settings import load_settings
    from taskflowmq.bootstrap.signals import spare_user_signals
    from taskflowmq.bootstrap.supervise import options_of
    from taskflowmq.cli.program import load, start_logging
    from taskflowmq.server.files import raise_file_limit
    from taskflowmq.server.settings import warn_of_plain_http
    from taskflowmq.telemetry.multiproc import share_metrics

    spare_user_signals()
    start_logging(given["log_format"], given["log_level"])
    raise_file_limit()
    worker = load_settings(**flags_of(given, PACE_FLAGS))
    options = options_of(worker, run_duties=not given["no_duties"])
    settings = server_settings(host, chosen_port(port), given)
    if not given["tls_proxy"]:
        warn_of_plain_http(host)
    with share_metrics():
        loaded = load(app, given["database_url"], given["tenant"])
        settings = with_configuration(loaded, settings, worker)
        serve(loaded, settings, given, lambda app, metrics: running(duties_of(app.store, options, metrics)))
