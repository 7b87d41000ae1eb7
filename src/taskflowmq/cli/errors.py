"""``taskflow errors …``: what fails, by kind, and what operators decide about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from taskflowmq.cli.options import (
    database_option,
    json_option,
    option,
    read_span,
    read_time,
    reason_option,
    tenant_option,
)
from taskflowmq.cli.output import emit_fields, emit_json, emit_table, say
from taskflowmq.cli.program import with_store
from taskflowmq.core.error_groups import MAX_GROUPS, MOST_DEAD, MOST_GROUPS, GroupSort, GroupState

if TYPE_CHECKING:
    from taskflowmq.core.attempts import AttemptView
    from taskflowmq.core.error_groups import ErrorGroup, GroupReleases
    from taskflowmq.core.job import JobView


@click.group("errors")
def command() -> None:
    """List failures by kind, and resolve, mute and reopen them."""


@command.command("list")
@click.option("--state", type=click.Choice([*map(str, GroupState), "all"]), default="open", help="In which state.")
@click.option("--search", metavar="TEXT", help="Part of the type, message or task.")
@click.option("--task", metavar="NAME", help="Only those of a task.")
@click.option(
    "--sort",
    type=click.Choice([str(one) for one in GroupSort]),
    default=str(GroupSort.LAST),
    help="By when they occurred last or first, or how often; the largest value first.",
)
@option(
    "--limit", env="TASKFLOW_LIMIT", type=click.IntRange(1, MAX_GROUPS), default=50, help="Maximum number of groups."
)
@tenant_option
@database_option
@json_option
def list_command(state: str, search: str | None, tenant: str | None, database_url: str | None, **given: Any) -> None:
    """List groups of errors: failures of one task, exception type, place and message.

    Failures of the last ten seconds may be missing. The jobs that are dead of one are listed by:
    taskflow jobs list --filter error:FINGERPRINT
    """
    from taskflowmq.wire.error_group import list_out

    wanted = None if state == "all" else state
    query = {"q": search, "task": given["task"], "sort": given["sort"], "limit": given["limit"]}

    async def work(app: Any) -> Any:
        return await app.errors.alist(wanted, **query), await app.errors.acount()

    page, counts = with_store(database_url, work, tenant)
    if given["as_json"]:
        emit_json(list_out(page, counts))
        return
    rows = [
        (
            one.fingerprint,
            _state(one),
            one.task,
            f"{one.type}: {one.message}",
            one.count,
            _dead(one),
            one.first_at,
            one.last_at,
        )
        for one in page.items
    ]
    columns = ("fingerprint", "is", "task", "error", "count", "dead now", "first", "last")
    emit_table(columns, rows, empty=f"No {'' if wanted is None else wanted + ' '}errors.")
    if page.next is not None:
        say(f"and more: --limit {MAX_GROUPS}, --task or --search")
    if counts.full:
        say(
            f"only {MOST_GROUPS:,} groups are kept: of the tasks with the most, those that occurred longest ago are "
            "deleted. A message that differs each time makes a group each time: raise it with a constant message"
        )


@command.command("show")
@click.argument("fingerprint")
@tenant_option
@database_option
@json_option
def show(fingerprint: str, tenant: str | None, database_url: str | None, as_json: bool) -> None:
    """Show a group of errors with its releases and the traceback of one job."""
    from taskflowmq.wire.error_group import detail_out

    async def work(app: Any) -> tuple[ErrorGroup, tuple[JobView, AttemptView] | None, GroupReleases]:
        group = await app.errors.aget(fingerprint)
        return group, await app.errors.asample(group), await app.errors.areleases(group)

    group, sample, releases = with_store(database_url, work, tenant)
    if as_json:
        emit_json(detail_out(group, sample, releases))
        return
    emit_fields(
        {
            "fingerprint": group.fingerprint,
            "error": f"{group.type}: {group.message}",
            "task": group.task,
            "is": _state(group),
            "count": group.count,
            "last 24 hours": sum(group.trend),
            "dead now": _dead(group),
            "first": group.first_at,
            "last": group.last_at,
            "changed": group.changed_at,
            "by": group.changed_by,
            "resolved in": group.resolved_release,
            "new in": group.new_in,
        }
    )
    _say_releases(releases)
    if sample is None:
        say("\nNone of its jobs is kept.")
        return
    job, attempt = sample
    error = None if attempt.error is None else attempt.error["traceback"] or attempt.error["message"]
    say(
        f"\nJob {job.id}, {job.state}, attempt {attempt.attempt} ({attempt.outcome}):\n{error or 'no error was stored'}"
    )


@command.command("resolve")
@click.argument("fingerprint")
@reason_option
@tenant_option
@database_option
@json_option
def resolve(fingerprint: str, reason: str | None, tenant: str | None, database_url: str | None, as_json: bool) -> None:
    """Mark a group as resolved: it opens again by itself when it occurs again.

    Failures in a release older than the newest one whose workers run the task now do not open it for an hour.
    """
    group = with_store(database_url, lambda app: app.errors.aresolve(fingerprint, reason=reason), tenant)
    _say(group, as_json=as_json)


@command.command("mute")
@click.argument("fingerprint")
@click.option("--for", "age", metavar="AGE", help="For how long: 2h, 7d.")
@click.option("--until", metavar="TIME", help="Until when: 2026-01-31T12:00:00Z.")
@reason_option
@tenant_option
@database_option
@json_option
def mute(fingerprint: str, age: str | None, until: str | None, tenant: str | None, **given: Any) -> None:
    """Hide a group until a time, whatever occurs; it is counted all the same."""
    if (age is None) == (until is None):
        raise click.UsageError("exactly one is required: --for or --until")
    end = None if until is None else read_time("--until", until)
    seconds = None if age is None else read_span("--for", age)

    async def work(app: Any) -> ErrorGroup:
        group: ErrorGroup = await app.errors.amute(fingerprint, until=end, seconds=seconds, reason=given["reason"])
        return group

    _say(with_store(given["database_url"], work, tenant), as_json=given["as_json"])


@command.command("reopen")
@click.argument("fingerprint")
@reason_option
@tenant_option
@database_option
@json_option
def reopen(fingerprint: str, reason: str | None, tenant: str | None, database_url: str | None, as_json: bool) -> None:
    """Open a group that is resolved or muted."""
    group = with_store(database_url, lambda app: app.errors.areopen(fingerprint, reason=reason), tenant)
    _say(group, as_json=as_json)


def _say_releases(releases: GroupReleases) -> None:
    if all(one.name is None for one in releases.items):
        return
    say("")
    rows = [(one.name or "none announced", one.count, one.first_at, one.last_at) for one in releases.items]
    emit_table(("release", "count", "first", "last"), rows, empty="")
    if releases.total > len(releases.items):
        say(f"and {releases.total - len(releases.items):,} more")


def _say(group: ErrorGroup, *, as_json: bool) -> None:
    from taskflowmq.wire.error_group import group_out

    if as_json:
        emit_json(group_out(group))
    else:
        say(f"{group.fingerprint}: {_state(group)}")


def _state(group: ErrorGroup) -> str:
    if group.state is GroupState.OPEN and group.new_in is not None and not group.reopened:
        return f"open, new in {group.new_in}"
    if group.state is GroupState.MUTED and group.muted_until is not None:
        return f"muted until {group.muted_until:%Y-%m-%d %H:%M}Z"
    return "open again" if group.state is GroupState.OPEN and group.reopened else str(group.state)


def _dead(group: ErrorGroup) -> str:
    return f"{group.dead}+" if group.dead >= MOST_DEAD else str(group.dead)
