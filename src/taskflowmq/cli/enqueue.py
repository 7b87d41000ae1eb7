"""``taskflow enqueue``: store one job, and wait for it on request."""

from __future__ import annotations

import os
import sys
from typing import Any

import click
import msgspec

from taskflowmq.cli.exits import CommandError, Exit
from taskflowmq.cli.options import app_option, database_option, json_option, option, read_time, tenant_option
from taskflowmq.cli.output import emit_fields, emit_json
from taskflowmq.cli.program import load, spare_servers, with_app
from taskflowmq.cli.show import wait_and_show

_SHAPE = "Write an object: '{\"name\": …}'"


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
@option("--queue", env="TASKFLOW_QUEUE", help="Queue; default: the queue of the task.")
@option("--priority", env="TASKFLOW_PRIORITY", type=int, help="-100…100; a lower value runs sooner.")
@option("--delay", env="TASKFLOW_DELAY", type=float, help="Seconds until the job is due.")
@option("--run-at", env="TASKFLOW_RUN_AT", metavar="TIME", help="Time at which the job is due: 2026-01-31T12:00:00Z.")
@option("--max-attempts", env="TASKFLOW_MAX_ATTEMPTS", type=int, help="Maximum attempts per round.")
@option("--timeout", env="TASKFLOW_TIMEOUT", type=float, help="Time limit of one attempt, in seconds.")
@option(
    "--expires-in",
    env="TASKFLOW_EXPIRES_IN",
    type=float,
    help="Cancel the job if it has not started after this many seconds.",
)
@option("--unique-key", env="TASKFLOW_UNIQUE_KEY", help="Unique key: at most one live job holds it.")
@option("--tag", "tags", env="TASKFLOW_TAG", multiple=True, help="Tag to filter jobs by; repeatable.")
@option("--meta", env="TASKFLOW_META", metavar="JSON", help="Application data, as a JSON object.")
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
    arguments = _object(sys.stdin.buffer.read() if args == "-" else args, "the arguments")
    options = _options(given)
    _check_wait(wait, wait_timeout)

    async def work(opened: Any) -> None:
        handle = await opened.asend(task, arguments, **options)
        if wait:
            await wait_and_show(handle, wait_timeout, as_json=as_json)
        else:
            _show_stored(handle, as_json=as_json)

    loaded = load(app, url, tenant)
    spare_servers(loaded)
    with_app(loaded, work)


def _options(given: dict[str, Any]) -> dict[str, Any]:
    """Return the options in the words of the client, checked before any store is opened."""
    from taskflowmq.client.options import check_chance, check_options

    given["unique"] = given.pop("unique_key")
    given["tags"] = given["tags"] or None
    if given["run_at"] is not None:
        given["run_at"] = read_time("--run-at", given["run_at"])
    if given["meta"] is not None:
        given["meta"] = _object(given["meta"], "--meta")
    options = {name: value for name, value in given.items() if value is not None}
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


def _object(text: str | bytes, what: str) -> dict[str, Any]:
    try:
        # As the bytes that were typed: in the C locale Python reads what is no ASCII as surrogates.
        raw = os.fsencode(text) if isinstance(text, str) else text
        raw.decode()
        found = msgspec.json.decode(raw)
    except UnicodeError as error:
        raise CommandError(f"{what}: not UTF-8", Exit.USAGE, _SHAPE) from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise CommandError(f"{what}: not JSON: {error}", Exit.USAGE, _SHAPE) from error
    if not isinstance(found, dict):
        raise CommandError(f"{what}: must be a JSON object of arguments by name", Exit.USAGE, _SHAPE)
    return found
