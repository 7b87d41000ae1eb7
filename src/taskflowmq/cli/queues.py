"""``taskflow queues …``: list, pause, resume, purge and set queues."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from taskflowmq.cli.options import asks_reason, database_option, json_option, option, reason_option, tenant_option
from taskflowmq.cli.output import duration, emit_json, emit_table, rate, say
from taskflowmq.cli.program import with_store
from taskflowmq.core.bulk import MOST_RATE
from taskflowmq.core.filters import MAX_PAGE, split_words
from taskflowmq.core.retention import show_age

if TYPE_CHECKING:
    from taskflowmq.ports.store import QueueView
    from taskflowmq.wire.queue import Activity


def create_option(command: Any) -> Any:
    """Take --create."""
    return click.option("--create", is_flag=True, help="Create the queue if it does not exist.")(command)


@click.group("queues")
def command() -> None:
    """List, pause, resume, purge and configure queues."""


@command.command("list")
@option("--limit", env="TASKFLOW_LIMIT", type=click.IntRange(1), default=MAX_PAGE, help="Maximum number of queues.")
@tenant_option
@database_option
@json_option
def list_command(limit: int, tenant: str | None, database_url: str | None, as_json: bool) -> None:
    """List queues with counts of their live jobs."""
    from taskflowmq.wire.queue import queue_out

    found = with_store(database_url, listed, tenant)
    if as_json:
        emit_json({"items": [queue_out(one, activity) for one, activity in found[:limit]]})
        return
    rows = [
        (
            one.name,
            "paused" if one.pause else "open",
            _counts(one.states),
            duration(one.oldest_ready_age),
            rate(activity.rate_in),
            rate(activity.rate_out),
            _retention(one.retention),
            None if one.pause is None else str(one.pause),
        )
        for one, activity in found[:limit]
    ]
    emit_table(
        ("queue", "claims", "jobs", "oldest ready", "in", "out", "kept", "paused"),
        rows,
        empty="No queues: the first job creates one.",
        optional=("paused",),
    )
    if len(found) > limit:
        say(f"and {len(found) - limit} more: --limit {len(found)}")


async def listed(app: Any) -> list[tuple[QueueView, Activity]]:
    """Return queues with what happened in them in the last minutes."""
    from taskflowmq.client.charts import RATE_MINUTES
    from taskflowmq.wire.queue import activity_of

    views = await app.queues.alist()
    recent = {one.name: one for one in await app.history.asummary(RATE_MINUTES, by="queue")}
    servers = await app.history.aservers()
    return [(view, activity_of(view, recent.get(view.name), servers)) for view in views]


@command.command("pause")
@click.argument("queue")
@click.option("--reason", metavar="TEXT", help="Why, on one line: shown where the queue is listed and its jobs wait.")
@asks_reason
@create_option
@tenant_option
@database_option
@json_option
def pause(
    queue: str, reason: str | None, create: bool, tenant: str | None, database_url: str | None, as_json: bool
) -> None:
    """Pause claims from a queue; running jobs continue. Of a paused queue, change the reason."""

    async def work(app: Any) -> None:
        await app.queues.apause(queue, reason=reason, create=create)

    with_store(database_url, work, tenant)
    _say(queue, "paused", as_json=as_json)


@command.command("resume")
@click.argument("queue")
@reason_option
@tenant_option
@database_option
@json_option
def resume(queue: str, reason: str | None, tenant: str | None, database_url: str | None, as_json: bool) -> None:
    """Resume claims from a queue."""
    with_store(database_url, lambda app: app.queues.aresume(queue, reason=reason), tenant)
    _say(queue, "resumed", as_json=as_json)


@command.command("purge")
@click.argument("queue")
@click.option(
    "--state",
    "states",
    multiple=True,
    metavar="STATE",
    help="Delete jobs in these states, separated by commas; repeatable. Default: pending, scheduled and retrying.",
)
@click.option("--yes", is_flag=True, help="Do not ask for the name of the queue.")
@click.option("--dry-run", is_flag=True, help="Only count what would be deleted.")
@click.option("--rate", type=click.IntRange(1, MOST_RATE), help="Maximum number of jobs per second.")
@click.option("--detach", is_flag=True, help="Return at once; any process with duties does it.")
@reason_option
@tenant_option
@database_option
@json_option
def purge(queue: str, states: tuple[str, ...], database_url: str | None, tenant: str | None, **given: Any) -> None:
    """Delete the jobs of a queue that wait, after the name of the queue is typed. Those that run continue."""
    from taskflowmq.cli.purging import purge_queue

    named = tuple(word for text in states for word in split_words(text))
    with_store(database_url, lambda app: purge_queue(app, queue, named or None, given), tenant)


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
@reason_option
@tenant_option
@database_option
@json_option
def set_command(
    queue: str,
    create: bool,
    reason: str | None,
    tenant: str | None,
    database_url: str | None,
    as_json: bool,
    **ages: str | None,
) -> None:
    """Set the retention of a queue, which overrides the default; an age that is not given stays unchanged."""
    given = {name.removeprefix("retention_"): age for name, age in ages.items() if age is not None}
    if not given:
        raise click.UsageError(
            "at least one is required: --retention-completed, --retention-cancelled, --retention-dead"
        )
    with_store(
        database_url, lambda app: app.queues.aset_retention(queue, create=create, reason=reason, **given), tenant
    )
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
