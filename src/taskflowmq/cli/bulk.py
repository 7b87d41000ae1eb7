"""``taskflow bulk …``: list, read, stop and undo operations on many jobs."""

from __future__ import annotations

from typing import Any

import click

from taskflowmq.cli.matching import summary
from taskflowmq.cli.options import database_option, json_option, option, reason_option, tenant_option
from taskflowmq.cli.output import emit_fields, emit_json, emit_table, say
from taskflowmq.cli.program import with_store
from taskflowmq.core.bulk import Bulk
from taskflowmq.core.filters import MAX_PAGE


@click.group("bulk")
def command() -> None:
    """List, read, stop and undo operations on many jobs; taskflow jobs cancel --filter begins one."""


@command.command("list")
@option("--limit", env="TASKFLOW_LIMIT", type=click.IntRange(1, MAX_PAGE), default=20, help="Maximum number.")
@tenant_option
@database_option
@json_option
def list_command(limit: int, **given: Any) -> None:
    """List operations, newest first: those that have not ended, and those of the last 7 days."""
    found = with_store(given["database_url"], lambda app: app.bulks.alist(limit=limit), given["tenant"])
    if given["as_json"]:
        from taskflowmq.wire.bulk import bulk_out

        emit_json({"items": [bulk_out(one) for one in found]})
        return
    rows = [
        (one.id, one.action, one.state, _total(one), one.done, one.failed, _which(one), one.created_at, one.reason)
        for one in found
    ]
    columns = ("id", "action", "state", "jobs", "done", "left", "filter", "accepted", "reason")
    emit_table(columns, rows, empty="No bulk operations.", optional=("reason",))


@command.command("show")
@click.argument("bulk_id", metavar="ID")
@tenant_option
@database_option
@json_option
def show(bulk_id: str, **given: Any) -> None:
    """Show an operation with its progress."""
    bulk = with_store(given["database_url"], lambda app: app.bulks.aget(bulk_id), given["tenant"])
    if given["as_json"]:
        _emit(bulk)
        return
    emit_fields(
        {
            "id": bulk.id,
            "action": bulk.action.value,
            "state": bulk.state.value,
            "filter": _which(bulk),
            "due at": None if bulk.params is None else bulk.params.run_at,
            "to queue": None if bulk.params is None else bulk.params.queue,
            "to priority": None if bulk.params is None else bulk.params.priority,
            "reason": bulk.reason,
            "actor": bulk.actor,
            "rate": None if bulk.rate is None else f"{bulk.rate:,}/s",
            "accepted": bulk.created_at,
            "undo until": bulk.undo_until,
            "started": bulk.started_at,
            "finished": bulk.finished_at,
            "jobs": _total(bulk),
            "done": bulk.done,
            "left": bulk.failed,
            "problem": bulk.problem,
        }
    )
    emit_fields({name.replace("_", " "): count for name, count in sorted(bulk.counts.items())})


@command.command("stop")
@click.argument("bulk_id", metavar="ID")
@reason_option
@tenant_option
@database_option
@json_option
def stop(bulk_id: str, **given: Any) -> None:
    """End an operation; jobs that it has not reached stay untouched. Exits 5 if it has ended."""
    _end(given, lambda app: app.bulks.astop(bulk_id, reason=given["reason"]))


@command.command("undo")
@click.argument("bulk_id", metavar="ID")
@reason_option
@tenant_option
@database_option
@json_option
def undo(bulk_id: str, **given: Any) -> None:
    """Take back an operation that has not begun; exits 5 if it has."""
    _end(given, lambda app: app.bulks.aundo(bulk_id, reason=given["reason"]))


@command.command("results")
@click.argument("bulk_id", metavar="ID")
@click.option("--failed", is_flag=True, help="Only jobs that were left as they were.")
@option("--limit", env="TASKFLOW_LIMIT", type=click.IntRange(1), default=100, help="Maximum number of jobs.")
@tenant_option
@database_option
@json_option
def results(bulk_id: str, failed: bool, limit: int, **given: Any) -> None:
    """List what became of each job."""

    async def read(app: Any) -> tuple[list[Any], bool]:
        items: list[Any] = []
        cursor = None
        while True:
            size = min(limit - len(items), MAX_PAGE)
            page = await app.bulks.aresults(bulk_id, failed=failed, limit=size, cursor=cursor)
            items += page.items
            cursor = page.next
            if cursor is None or len(items) >= limit:
                return items, cursor is not None

    items, more = with_store(given["database_url"], read, given["tenant"])
    if given["as_json"]:
        from taskflowmq.wire.bulk import result_out

        emit_json({"items": [result_out(one) for one in items]})
        return
    rows = [(one.job_id, "-" if one.outcome is None else one.outcome.replace("_", " ")) for one in items]
    emit_table(("id", "outcome"), rows, empty="No jobs.")
    if more:
        say(f"More: --limit {10 * limit}", err=True)


def _end(given: dict[str, Any], act: Any) -> None:
    bulk = with_store(given["database_url"], act, given["tenant"])
    if given["as_json"]:
        _emit(bulk)
    else:
        say(summary(bulk))


def _emit(bulk: Bulk) -> None:
    from taskflowmq.wire.bulk import bulk_out

    emit_json(bulk_out(bulk))


def _total(bulk: Bulk) -> str:
    return f"{bulk.total:,}" if bulk.collected else f"{bulk.total:,}+"


def _which(bulk: Bulk) -> str:
    return "named jobs" if bulk.filter is None else bulk.filter or "all jobs"
