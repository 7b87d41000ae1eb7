"""``taskflow workers list``: who claims jobs."""

from __future__ import annotations

from typing import Any

import click

from taskflowmq.cli.options import database_option, json_option
from taskflowmq.cli.output import emit_json, emit_table
from taskflowmq.cli.program import with_store


@click.group("workers")
def command() -> None:
    """List workers."""


@command.command("list")
@database_option
@json_option
def list_command(database_url: str | None, as_json: bool) -> None:
    """List living workers and those that ended in the last hour."""
    from taskflowmq.server.schemas.responses import worker_out

    async def work(app: Any) -> Any:
        return await app.store.workers.list_workers()

    workers = with_store(database_url, work)
    if as_json:
        emit_json({"items": [worker_out(one) for one in workers]})
        return
    rows = [
        (one.id, one.host, one.pid, one.version, one.running, "ended" if one.ended_at else "alive", one.started_at)
        for one in workers
    ]
    columns = ("id", "host", "pid", "version", "running", "is", "started")
    emit_table(columns, rows, empty="No workers: start one with taskflow worker")
