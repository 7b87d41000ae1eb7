"""``taskflow queues …``: list, pause, resume and set queues."""

from __future__ import annotations

from typing import Any

import click

from taskflowmq.cli.options import database_option, json_option, option
from taskflowmq.cli.output import emit_json, emit_table, say
from taskflowmq.cli.program import with_store
from taskflowmq.core.filters import MAX_PAGE
from taskflowmq.core.retention import show_age


def create_option(command: Any) -> Any:
    """Take --create."""
    return click.option("--create", is_flag=True, help="Make the queue if no job has named it yet.")(command)


@click.group("queues")
def command() -> None:
    """List, pause, resume and set queues."""


@command.command("list")
@option("--limit", env="TASKFLOW_LIMIT", type=click.IntRange(1), default=MAX_PAGE, help="Most queues.")
@database_option
@json_option
def list_command(limit: int, database_url: str | None, as_json: bool) -> None:
    """List queues with their live jobs."""
    from taskflowmq.server.schemas.responses import queue_out

    found = with_store(database_url, lambda app: app.queues.alist())
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
    emit_table(
        ("queue", "claims", "jobs", "oldest ready", "kept"), rows, empty="No queues yet: the first job makes one."
    )
    if len(found) > limit:
        say(f"and {len(found) - limit} more: --limit {len(found)}")


@command.command("pause")
@click.argument("queue")
@create_option
@database_option
@json_option
def pause(queue: str, create: bool, database_url: str | None, as_json: bool) -> None:
    """Stop claims from a queue; running jobs go on."""
    with_store(database_url, lambda app: app.queues.apause(queue, create=create))
    _say(queue, "paused", as_json=as_json)


@command.command("resume")
@click.argument("queue")
@database_option
@json_option
def resume(queue: str, database_url: str | None, as_json: bool) -> None:
    """Allow claims from a queue again."""
    with_store(database_url, lambda app: app.queues.aresume(queue))
    _say(queue, "resumed", as_json=as_json)


@command.command("set")
@click.argument("queue")
@click.option(
    "--retention-completed", metavar="AGE", help="Keep completed jobs for 7d, 12h, never; default: as for all."
)
@click.option("--retention-cancelled", metavar="AGE", help="The same for cancelled ones.")
@click.option("--retention-dead", metavar="AGE", help="The same for dead ones.")
@create_option
@database_option
@json_option
def set_command(queue: str, create: bool, database_url: str | None, as_json: bool, **ages: str | None) -> None:
    """Keep ended jobs of a queue for another time than all others; ages that are not given stay as they are."""
    given = {name.removeprefix("retention_"): age for name, age in ages.items() if age is not None}
    if not given:
        raise click.UsageError("say which retention: --retention-completed, --retention-cancelled, --retention-dead")
    with_store(database_url, lambda app: app.queues.aset_retention(queue, create=create, **given))
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
