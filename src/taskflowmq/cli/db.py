"""``taskflow db …``: the store's schema."""

from __future__ import annotations

from typing import Any

import click

from taskflowmq.cli.exits import CommandError, Exit
from taskflowmq.cli.options import database_option, json_option, option
from taskflowmq.cli.output import emit_fields, emit_json
from taskflowmq.cli.program import with_schema


@click.group("db")
def command() -> None:
    """Show and migrate the store's schema."""


@command.command("status")
@database_option
@json_option
def status(database_url: str | None, as_json: bool) -> None:
    """Show the schema version and pending migrations; exits 1 if any is pending."""

    async def work(store: Any) -> dict[str, Any]:
        pending = [name for name, _ in await store.schema.pending_sql()]
        every = [name for name, _ in await store.schema.pending_sql(finish=True)]
        unfinished = [name for name in every if name not in pending]
        version = await store.schema.version()
        return {"store": store.url, "version": version, "pending": pending, "unfinished": unfinished}

    found = with_schema(database_url, work)
    if as_json:
        emit_json(found)
    else:
        emit_fields(found)
    if found["pending"]:
        count = len(found["pending"])
        if not found["version"]:
            raise CommandError("no TaskFlow schema found", Exit.FAILED, "Create it with: taskflow db migrate")
        shown = f"{count} migrations or functions are pending"
        raise CommandError(shown, Exit.FAILED, "Apply them with: taskflow db migrate")


@command.command("migrate")
@option("--dry-run", env="TASKFLOW_DRY_RUN", is_flag=True, help="Print the SQL without applying it.")
@click.option(
    "--finish",
    is_flag=True,
    help="Also remove what only older versions need, so that several tenants can use the same names. No program of an"
    " older version may run: from then on they fail.",
)
@database_option
@json_option
def migrate(dry_run: bool, finish: bool, database_url: str | None, as_json: bool) -> None:
    """Apply pending migrations and replace functions that have changed; without --finish, safe while workers run."""
    if dry_run:
        _show_sql(database_url, finish=finish, as_json=as_json)
        return
    applied = with_schema(database_url, lambda store: store.schema.migrate(finish=finish))
    if as_json:
        emit_json({"applied": applied})
    else:
        click.echo("\n".join(f"applied {name}" for name in applied) or "No migration is pending.")


def _show_sql(database_url: str | None, *, finish: bool, as_json: bool) -> None:
    pending = with_schema(database_url, lambda store: store.schema.pending_sql(finish=finish))
    if as_json:
        emit_json({"pending": [{"name": name, "sql": text} for name, text in pending]})
        return
    if not pending:
        click.echo("-- no migration is pending")
    for name, text in pending:
        click.echo(f"-- {name}\n{text.rstrip()}\n")
