"""``taskflow tasks …``: what can be enqueued, with its arguments and defaults."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import click
import msgspec

from taskflowmq.cli.options import database_option, json_option, tenant_option
from taskflowmq.cli.output import emit_fields, emit_json, emit_table, say
from taskflowmq.cli.program import with_store

if TYPE_CHECKING:
    from taskflowmq.ports.tasks import TaskView


@click.group("tasks")
def command() -> None:
    """List and show tasks."""


@command.command("list")
@tenant_option
@database_option
@json_option
def list_command(tenant: str | None, database_url: str | None, as_json: bool) -> None:
    """List the tasks that programs have announced, with the defaults of their jobs."""
    from taskflowmq.wire.task import TaskList, task_out

    found = with_store(database_url, _tasks, tenant)
    if as_json:
        emit_json(TaskList(items=[task_out(view) for view in found.values()]))
        return
    rows = []
    for view in found.values():
        options = _options(view)
        unique = None if options.get("unique") is None else "yes"
        shown = *(options.get(name) for name in ("queue", "priority", "max_attempts", "timeout")), unique
        rows.append((view.name, *shown, view.seen_at))
    columns = ("task", "queue", "priority", "attempts", "timeout", "unique", "seen")
    emit_table(columns, rows, empty="No tasks: a worker announces those of its app.", optional=("timeout", "unique"))


@command.command("show")
@click.argument("name")
@tenant_option
@database_option
@json_option
def show(name: str, tenant: str | None, database_url: str | None, as_json: bool) -> None:
    """Show a task: its arguments, the defaults of its jobs, examples, and the arguments of its newest jobs."""
    from taskflowmq.client.task_views import find_task, recent_of
    from taskflowmq.core.validation import check_name
    from taskflowmq.wire.task import detail_out, task_out

    async def work(app: Any) -> Any:
        view = find_task(await _tasks(app), check_name("name", name))
        return view, await app.hub.call(lambda session: recent_of(session.seen.jobs, app.tenant, name))

    view, recent = with_store(database_url, work, tenant)
    if as_json:
        emit_json(detail_out(task_out(view), recent))
        return
    schema = {} if view.args_schema is None else msgspec.json.decode(view.args_schema)
    emit_fields({"name": view.name, **_options(view), "seen": view.seen_at})
    click.echo()
    emit_table(("argument", "type", "required", "default"), _arguments(schema), empty=_no_arguments(view))
    for title, lines in (
        ("Examples:", [msgspec.json.encode(one).decode() for one in schema.get("examples", ())]),
        ("Newest arguments:", [one.raw_args.decode() for one in recent]),
    ):
        if lines:
            say(f"\n{title}")
            for line in lines:
                say(f"  taskflow enqueue {name} {shlex.quote(line)}")


async def _tasks(app: Any) -> dict[str, TaskView]:
    return {view.name: view for view in await app.store.intake.list_tasks(app.tenant)}


def _options(view: TaskView) -> dict[str, Any]:
    options: dict[str, Any] = {} if view.options is None else msgspec.json.decode(view.options)
    return options


def _no_arguments(view: TaskView) -> str:
    return "No program has announced its arguments." if view.args_schema is None else "It takes no arguments."


def _arguments(schema: dict[str, Any]) -> list[tuple[Any, ...]]:
    required = schema.get("required", ())
    return [
        (
            name,
            _type(one),
            "yes" if name in required else "no",
            msgspec.json.encode(one["default"]).decode() if "default" in one else None,
        )
        for name, one in schema.get("properties", {}).items()
    ]


def _type(schema: Any) -> str:
    """Return the type of an argument in a word or two."""
    if not isinstance(schema, dict):
        return "any"
    if "enum" in schema:
        return " | ".join(msgspec.json.encode(one).decode() for one in schema["enum"])
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    for either in ("anyOf", "oneOf"):
        if either in schema:
            return " | ".join(_type(one) for one in schema[either])
    kind = schema.get("type", "any")
    name = " | ".join(kind) if isinstance(kind, list) else str(kind)
    return f"{name} of {_type(schema['items'])}" if schema.get("items") else name
