"""``taskflow jobs cancel --filter`` and the like: an operation on all jobs that match, followed to its end."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from taskflowmq.cli.exits import CommandError
from taskflowmq.cli.options import reason_option
from taskflowmq.cli.output import emit_json, emit_table, say
from taskflowmq.cli.program import caller, with_store
from taskflowmq.core.bulk import MOST_RATE, Bulk, BulkState

if TYPE_CHECKING:
    from taskflowmq.client.bulks import BulkParams, Preview

F = TypeVar("F", bound=Callable[..., Any])

#: The count before the question is exact, unless it takes longer.
_MOST, _COUNT_S = 100_000_000, 5.0
#: Seconds between two looks for progress, and for work of this process.
_LOOK_S = 0.1
_WIDTH = 30


def matching_options(command: F) -> F:
    """Take --reason, and --filter with what belongs to it, not from the environment: a forgotten one deletes jobs."""
    for add in (
        click.option("--yes", is_flag=True, help="With --filter: do not ask."),
        click.option("--detach", is_flag=True, help="With --filter: return at once; any process with duties does it."),
        click.option(
            "--rate", type=click.IntRange(1, MOST_RATE), help="With --filter: maximum number of jobs per second."
        ),
        reason_option,
        click.option("--dry-run", is_flag=True, help="With --filter: only count and show what would be acted on."),
        click.option(
            "--filter",
            "filter_text",
            metavar="TEXT",
            help="All jobs that match, as 'state:dead task:send_*', instead of ids; '' means all jobs.",
        ),
    ):
        command = add(command)
    return command


def on_matching(action: str, job_ids: Sequence[str], given: dict[str, Any], params: BulkParams | None = None) -> bool:
    """Do an operation to all jobs that match --filter, if that is given, and tell whether it was.

    Args:
        action: "retry", "cancel", "delete", "reschedule" or "move".
        job_ids: the ids on the command line.
        given: its options.
        params: what "reschedule" and "move" need.
    """
    text = given["filter_text"]
    if text is None:
        if not job_ids:
            raise click.UsageError("name jobs by their ids, or all that match with --filter")
        for name in ("dry_run", "rate", "detach", "yes"):
            if given[name]:
                raise click.UsageError(f"--{name.replace('_', '-')} belongs to --filter")
        return False
    if job_ids:
        raise click.UsageError("give ids or --filter, not both")
    with_store(given["database_url"], lambda app: _operate(app, action, text, given, params), given["tenant"])
    return True


async def _operate(app: Any, action: str, text: str, given: dict[str, Any], params: BulkParams | None) -> None:
    as_json = given["as_json"]
    seen: Preview = await app.bulks.apreview(action, filter=text, most=_MOST, seconds=_COUNT_S, params=params)
    if given["dry_run"]:
        _show(action, seen, as_json=as_json)
        return
    if not seen.matched.value:
        if as_json:
            _show(action, seen, as_json=True)
        else:
            say("No jobs match.")
        return
    if not given["yes"]:
        await _ask(action, text, seen)
    told = {"reason": given["reason"], "rate": given["rate"], "params": params, "actor": caller()}
    bulk = await app.bulks.astart(action, filter=text, **told)
    await to_the_end(app, bulk, detach=given["detach"], as_json=as_json)


async def to_the_end(app: Any, bulk: Bulk, *, detach: bool, as_json: bool) -> None:
    """Carry an operation out and tell what became of it; with ``detach`` only that it was accepted.

    Raises:
        CommandError: it failed.
    """
    if detach:
        _tell(bulk, as_json=as_json, following=True)
        return
    bulk = await _follow(app, bulk)
    _tell(bulk, as_json=as_json)
    if bulk.state is BulkState.FAILED:
        raise CommandError(f"the operation failed: {bulk.problem}")


async def _ask(action: str, text: str, seen: Preview) -> None:
    """Ask whether to go on; without a terminal, refuse."""
    if not sys.stdin.isatty():
        raise click.UsageError(
            f"this would {action} {_many(seen)}: add --yes to do it without a question, or --dry-run to see which"
        )
    _table(seen)
    shown = f" that match {text!r}" if text else ""
    question = f"{action.capitalize()} {_many(seen)}{shown}?"
    await asyncio.to_thread(click.confirm, question, abort=True, err=True)


async def _follow(app: Any, bulk: Bulk) -> Bulk:
    """Carry an operation out in this process too, and show how far it is, until it ends; Ctrl-C stops it."""
    from taskflowmq.bootstrap.duties import bulk_duty, running

    bar = _Bar()
    try:
        async with running([bulk_duty(app.store, _LOOK_S)]):
            while not bulk.state.ended:
                bar.show(bulk)
                await asyncio.sleep(_LOOK_S)
                bulk = await app.bulks.aget(bulk.id)
        bar.show(bulk)
    except asyncio.CancelledError:
        bar.end()
        stopped: Bulk = await app.bulks.astop(bulk.id, reason="interrupted at the terminal")
        say(f"Stopped: {stopped.done:,} of {stopped.total:,} jobs are done, the others untouched.", err=True)
        raise
    bar.end()
    return bulk


class _Bar:
    """A line of progress on a terminal; nothing elsewhere."""

    def __init__(self) -> None:
        self._shows = sys.stderr.isatty()
        self._began = time.monotonic()
        self._length = 0

    def show(self, bulk: Bulk) -> None:
        """Write how far an operation is, over the line before."""
        if not self._shows:
            return
        handled = bulk.done + bulk.failed
        share = handled / bulk.total if bulk.total else 0.0
        filled = round(_WIDTH * share)
        speed = handled / max(time.monotonic() - self._began, _LOOK_S)
        total = f"{bulk.total:,}" if bulk.collected else f"{bulk.total:,}+"
        line = f"[{'#' * filled}{'-' * (_WIDTH - filled)}] {handled:,}/{total}  {speed:,.0f}/s"
        click.echo(f"\r{line:<{self._length}}", nl=False, err=True)
        self._length = len(line)

    def end(self) -> None:
        """End the line."""
        if self._length:
            click.echo(err=True)
            self._length = 0


def _tell(bulk: Bulk, *, as_json: bool, following: bool = False) -> None:
    if as_json:
        from taskflowmq.wire.bulk import bulk_out

        emit_json(bulk_out(bulk))
    elif following:
        say(f"{bulk.id}  accepted")
        say(f"It continues without this command: taskflow bulk show {bulk.id}", err=True)
    else:
        say(summary(bulk))
        if bulk.failed:
            say(f"Left as they were: taskflow bulk results --failed {bulk.id}", err=True)


def summary(bulk: Bulk) -> str:
    """Return what became of an operation's jobs, on one line."""
    parts = [f"{count:,} {name.replace('_', ' ')}" for name, count in sorted(bulk.counts.items())]
    found = f"{bulk.id}  {bulk.state}  {', '.join(parts) or 'no jobs'}"
    left = bulk.total - bulk.done - bulk.failed
    return f"{found}, {left:,} untouched" if left and bulk.state.ended else found


def _show(action: str, seen: Preview, *, as_json: bool) -> None:
    if as_json:
        from taskflowmq.wire.bulk import DryRunOut, count_out
        from taskflowmq.wire.listing import row_out

        emit_json(DryRunOut(matched=count_out(seen.matched), sample=[row_out(row) for row in seen.sample]))
        return
    _table(seen)
    say(f"Would {action} {_many(seen)}.")


def _table(seen: Preview) -> None:
    rows = [(row.id, row.task, row.queue, row.state.value, row.created_at) for row in seen.sample]
    emit_table(("id", "task", "queue", "state", "created"), rows, empty="No jobs match.")
    if seen.matched.value > len(rows) > 0:
        click.echo("…")


def _many(seen: Preview) -> str:
    count = seen.matched.value
    words = f"{count:,} job" if count == 1 else f"{count:,} jobs"
    return words if seen.matched.exact else f"at least {words}"
