"""``taskflow scheduler``: the periodic duties without any worker."""

from __future__ import annotations

import asyncio
from typing import Any

import click

from taskflowmq.cli.options import app_argument, database_option, json_option, log_options
from taskflowmq.cli.worker import PACE_FLAGS, flags_of, pace_options


@click.command("scheduler")
@app_argument
@pace_options
@database_option
@log_options
@json_option
def command(app: str | None, database_url: str | None, as_json: bool, **given: Any) -> None:
    """Run only the duties: staging of due jobs, rescue of lost jobs, expiry, retention.

    Workers and servers run the duties too, unless started with --no-duties.
    """
    from taskflowmq.bootstrap.settings import load_settings
    from taskflowmq.bootstrap.signals import spare_user_signals
    from taskflowmq.bootstrap.supervise import loop_factory, options_of
    from taskflowmq.cli.program import load, open_only, start_logging

    spare_user_signals()
    start_logging(given["log_format"], given["log_level"])
    options = options_of(load_settings(**flags_of(given, PACE_FLAGS)))
    loaded = load(app, database_url)
    # A store that does not exist has no duties: the address is probably wrong.
    open_only(loaded, "upgrade")
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_run(loaded, options, as_json=as_json))


async def _run(app: Any, options: Any, *, as_json: bool) -> None:
    from taskflowmq.bootstrap.duties import duties_of, running
    from taskflowmq.bootstrap.signals import hear_signals
    from taskflowmq.bootstrap.supervise import event_telemetry_of
    from taskflowmq.cli.output import emit_json

    ended = asyncio.Event()
    hear_signals(ended.set, ended.set)
    async with app, app.hub.kept():
        duties = duties_of(app.store, options, event_telemetry_of(app))
        if as_json:
            emit_json({"duties": [duty.name for duty in duties], "store": app.store.url})
        else:
            click.echo(f"Duties: {', '.join(duty.name for duty in duties)}; store {app.store.url}")
        async with running(duties):
            await ended.wait()
