"""``taskflow queues …``: list, pause, resume and set queues."""

from __future__ import annotations

from typing import Any

import click

from taskflowmq.cli.options import database_option, json_option, option, tenant_option
from taskflowmq.cli.output import emit_json, emit_table, say
from taskflowmq.cli.program import with_store
from taskflowmq.core.filters import MAX_PAGE
from taskflowmq.core.retention import show_age


def create_option(command: Any) -> Any:
    """Take --create."""
    return click.option("--create", is_flag=True, help="Create the queue if it does not exist.")(command)


@click.group("queues")
def command() -> None:
    """List, pause, resume and configure queues."""


@command.command("list")
@option("--limit", env="TASKFLOW_LIMIT", type=click.IntRange(1), default=MAX_PAGE, help="Maximum number of queues.")
@tenant_option
@database_option
@json_option
def list_command(limit: int, tenant: str | None, database_url: str | None, as_json: bool) -> None:
    """List queues with counts of their live jobs."""
    from taskflowmq.wire.queue import queue_out

    found = with_store(database_url, lambda app: app.queues.alist(), tenant)
    queues = found[:limit]
    if as_json:
        emit_json({"items": [queue_out(one) for one in queues]})
        return
    rows = [
        (
            one.name,
            "paused" if one.paused_at else "open",
            _counts(one.states),
            _age(one.oldest_ready_age),
            _retention(one.retention),
        )
        for one in queues
    ]
    emit_table(("queue", "claims", "jobs", "oldest ready", "kept"), rows, empty="No queues: the first job creates one.")
    if len(found) > limit:
        say(f"and {len(found) - limit} more: --limit {len(found)}")


@command.command("pause")
@click.argument("queue")
@create_option
@tenant_option
@database_option
@json_option
def pause(queue: str, create: bool, tenant: str | None, database_url: str | None, as_json: bool) -> None:
    """Pause claims from a queue; running jobs continue."""
    with_store(database_url, lambda app: app.queues.apause(queue, create=create), tenant)
    _say(queue, "paused", as_json=as_json)


@command.command("resume")
@click.argument("queue")
@tenant_option
@database_option
@json_option
def resume(queue: str, tenant: str | None, database_url: str | None, as_json: bool) -> None:
    """Resume claims from a queue."""
    with_store(database_url, lambda app: app.queues.aresume(queue), tenant)
    _say(queue, "resumed", as_json=as_json)


@command.command("set")
@click.argument("queue")
@click.option(
    "--retention-completed",
    metavar="AGE",
    help="How long completed jobs are kept: 7d, 12h, never, or the word default to remove the override.",
)
@click.option("--retention-cancelled", metavar="AGE", help="How long cancelled jobs are kept.")
@click.option("--retention-dead", metavar="AGE", help="How long dead jobs are kept.")
@create_option
@tenant_option
@database_option
@json_option
def set_command(
    queue: str, create: bool, tenant: str | None, database_url: str | None, as_json: bool, **ages: str | None
) -> None:
    """Set the retention of a queue, which overrides the default; an age that is not given stays unchanged."""
    given = {name.removeprefix("retention_"): age for name, age in ages.items() if age is not None}
    if not given:
        raise click.UsageError(
            "at least one is required: --retention-completed, --retention-cancelled, --retention-dead"
        )
    with_store(database_url, lambda app: app.queues.aset_retention(queue, create=create, **given), tenant)
    _say(queue, "set", as_json=as_json)


def _say(queue: str, answer: str, *, as_json: bool) -> None:
    if as_json:
        emit_json({"queue": queue, "answer": answer})
    else:
        say(f"{queue}: {answer}")


def _counts(states: dict[str, int]) -> str:
    return ", ".join(f"{count} {state}" for state, count in sorted(states.items()) if count) or "-"


def _retention(own: Any) -> str | None:
    ages = (("completed", own.completed_ms), ("cancelled", own.cancelled_ms), ("dead", own.dead_ms))
    return ", ".join(f"{state} {show_age(age)}" for state, age in ages if age is not None) or None


def _age(seconds: float | None) -> Any:
    return None if seconds is None else f"{seconds:.1f} s"
