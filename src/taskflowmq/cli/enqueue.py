"""``taskflow enqueue``: store one job, and wait for it if asked."""

from __future__ import annotations

from typing import Any

import click
import msgspec

from taskflowmq.cli.exits import CommandError, Exit
from taskflowmq.cli.options import app_option, database_option, json_option, option
from taskflowmq.cli.output import emit_fields, emit_json
from taskflowmq.cli.program import load, with_app
from taskflowmq.cli.show import wait_and_show

_SHAPE = "Write an object: '{\"name\": …}'"


@click.command(
    "enqueue",
    epilog="""\b
Examples:
  taskflow enqueue test '{"message": "hi"}' --wait
  taskflow enqueue email '{"to": "a@example.org", "subject": "hi", "body": "…"}' --delay 60
""",
)
@click.argument("task")
@click.argument("args", default="{}", metavar="[JSON]")
@option("--queue", env="TASKFLOW_QUEUE", help="Queue; the task's own by default.")
@option("--priority", env="TASKFLOW_PRIORITY", type=int, help="-100…100, lower runs sooner.")
@option("--delay", env="TASKFLOW_DELAY", type=float, help="Seconds until the job is due.")
@option("--unique-key", env="TASKFLOW_UNIQUE_KEY", help="At most one live job holds this key.")
@option("--wait", env="TASKFLOW_WAIT", is_flag=True, help="Wait until the job has ended; its result is shown.")
@option("--timeout", env="TASKFLOW_WAIT_TIMEOUT", type=float, help="Most seconds to wait.")
@app_option
@database_option
@json_option
def command(task: str, args: str, wait: bool, timeout: float | None, app: str | None, **given: Any) -> None:
    """Store a job of TASK with the arguments JSON, an object by name."""
    as_json, url = given.pop("as_json"), given.pop("database_url")
    arguments = _arguments(args)
    given["unique"] = given.pop("unique_key")
    options = {name: value for name, value in given.items() if value is not None}

    async def work(opened: Any) -> None:
        handle = await opened.asend(task, arguments, **options)
        if wait:
            await wait_and_show(handle, timeout, as_json=as_json)
        else:
            _show_stored(handle, as_json=as_json)

    with_app(load(app, url), work)


def _show_stored(handle: Any, *, as_json: bool) -> None:
    fields = {"id": str(handle.id), "created": handle.created}
    if as_json:
        emit_json(fields)
    elif handle.created:
        click.echo(str(handle.id))
    else:
        emit_fields({"id": str(handle.id), "created": "no: this job already holds the unique key"})


def _arguments(text: str) -> dict[str, Any]:
    try:
        arguments = msgspec.json.decode(text.encode("utf-8", "surrogatepass"))
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise CommandError(f"the arguments are no JSON: {error}", Exit.USAGE, _SHAPE) from error
    if not isinstance(arguments, dict):
        raise CommandError("the arguments must be a JSON object, by name", Exit.USAGE, _SHAPE)
    return arguments
