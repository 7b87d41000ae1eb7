"""``taskflow workers list``: who claims jobs."""

from __future__ import annotations

from typing import Any

import click
import msgspec

from taskflowmq.cli.options import database_option, json_option
from taskflowmq.cli.output import emit_json, emit_table
from taskflowmq.cli.program import with_store
from taskflowmq.core.job import DEFAULT_TENANT


@click.group("workers")
def command() -> None:
    """List workers."""


@command.command("list")
@database_option
@json_option
def list_command(database_url: str | None, as_json: bool) -> None:
    """List live workers, and workers that ended within the last hour."""
    from taskflowmq.wire.worker import worker_out

    async def work(app: Any) -> Any:
        return await app.store.workers.list_workers()

    workers = with_store(database_url, work)
    if as_json:
        emit_json({"items": [worker_out(one) for one in workers]})
        return
    infos = [msgspec.json.decode(one.info) if one.info else {} for one in workers]
    # A store with one tenant needs no column of it.
    shown = ["queues"] if all(info.get("tenants") == [DEFAULT_TENANT] for info in infos) else ["tenants", "queues"]
    rows = []
    for one, info in zip(workers, infos, strict=True):
        serves = *(", ".join(info.get(what, ())) or "all" for what in shown), ", ".join(info.get("tasks", ())) or None
        state = "ended" if one.ended_at else "alive"
        rows.append((one.id, one.host, one.pid, one.version, state, one.running, *serves, one.started_at))
    columns = ("id", "host", "pid", "version", "is", "running", *shown, "tasks", "started")
    emit_table(columns, rows, empty="No workers: start one with taskflow worker")
