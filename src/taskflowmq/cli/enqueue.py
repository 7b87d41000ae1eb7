"""``taskflow enqueue``: store one job, and wait for it on request."""

from __future__ import annotations

import sys
from typing import Any

import click

from taskflowmq.cli.job_options import job_options, read_object, read_options
from taskflowmq.cli.options import app_option, database_option, json_option, option, tenant_option
from taskflowmq.cli.output import emit_fields, emit_json
from taskflowmq.cli.program import load, spare_servers, with_app
from taskflowmq.cli.show import wait_and_show
from taskflowmq.core.restoring import refuse_mask


@click.command(
    "enqueue",
    epilog="""\b
Examples:
  taskflow enqueue test '{"message": "hi"}' --wait
  taskflow enqueue email '{"to": "a@example.org", "subject": "hi", "body": "…"}' --delay 60 --tag welcome
  taskflow enqueue csv-export - < arguments.json
""",
)
@click.argument("task")
@click.argument("args", default="{}", metavar="[JSON|-]")
@job_options
@option(
    "--idempotency-key", env="TASKFLOW_IDEMPOTENCY_KEY", help="Repeating the command within 24 h returns the first job."
)
@option("--traceparent", env="TASKFLOW_TRACEPARENT", help="W3C trace context of the caller, continued by the job.")
@option("--wait", env="TASKFLOW_WAIT", is_flag=True, help="Wait for a final state and print the result.")
@option("--wait-timeout", env="TASKFLOW_WAIT_TIMEOUT", type=float, help="Maximum seconds to wait; default: no limit.")
@app_option
@tenant_option
@database_option
@json_option
def command(task: str, args: str, wait: bool, wait_timeout: float | None, app: str | None, **given: Any) -> None:
    """Store a job of TASK. JSON is an object of arguments by name; - reads it from standard input."""
    as_json, url, tenant = (given.pop(name) for name in ("as_json", "database_url", "tenant"))
    arguments = read_object(sys.stdin.buffer.read() if args == "-" else args, "the arguments")
    refuse_mask(arguments, "/args")
    options = _options(given)
    _check_wait(wait, wait_timeout)

    async def work(opened: Any) -> None:
        handle = await opened.asend(task, arguments, **options)
        if wait:
            await wait_and_show(opened, handle, wait_timeout, as_json=as_json)
        else:
            _show_stored(handle, as_json=as_json)

    loaded = load(app, url, tenant)
    loaded.acting.reads_for_people = True
    spare_servers(loaded)
    with_app(loaded, work)


def _options(given: dict[str, Any]) -> dict[str, Any]:
    """Return the options in the words of the client, checked before any store is opened."""
    from taskflowmq.client.options import check_chance, check_options

    options = read_options(given)
    checked = check_options(options)
    check_chance(checked.delay_ms, checked.expires_in_ms)
    return options


def _check_wait(wait: bool, seconds: float | None) -> None:
    """Refuse a timeout without a wait before the job is stored; one from the environment may be set without a wait."""
    from taskflowmq.core.directives import to_ms

    if seconds is None:
        return
    to_ms(seconds, "/wait_timeout")
    source = click.get_current_context().get_parameter_source("wait_timeout")
    if not wait and source is click.core.ParameterSource.COMMANDLINE:
        raise click.UsageError("--wait-timeout requires --wait")


def _show_stored(handle: Any, *, as_json: bool) -> None:
    fields = {"id": str(handle.id), "created": handle.created}
    if as_json:
        emit_json(fields)
    elif handle.created:
        click.echo(str(handle.id))
    else:
        emit_fields({"id": str(handle.id), "created": "no: this job holds the unique key"})
