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
        return {"store": store.url, "version": await store.schema.version(), "pending": pending}

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
@database_option
@json_option
def migrate(dry_run: bool, database_url: str | None, as_json: bool) -> None:
    """Apply pending migrations and replace functions that have changed; safe while workers run."""
    if dry_run:
        _show_sql(database_url, as_json=as_json)
        return
    applied = with_schema(database_url, lambda store: store.schema.migrate())
    if as_json:
        emit_json({"applied": applied})
    else:
        click.echo("\n".join(f"applied {name}" for name in applied) or "No migration is pending.")


def _show_sql(database_url: str | None, *, as_json: bool) -> None:
    pending = with_schema(database_url, lambda store: store.schema.pending_sql())
    if as_json:
        emit_json({"pending": [{"name": name, "sql": text} for name, text in pending]})
        return
    if not pending:
        click.echo("-- no migration is pending")
    for name, text in pending:
        click.echo(f"-- {name}\n{text.rstrip()}\n")
