"""``taskflow jobs logs``: what a job has logged, and what it logs until it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

import click

from taskflowmq.cli.options import database_option, json_option, option, tenant_option
from taskflowmq.cli.output import emit_json, say
from taskflowmq.cli.program import with_store
from taskflowmq.client.ids import parse_id
from taskflowmq.core.job_logs import Level, LogLine, LogPage
from taskflowmq.wire.job_log import heading, line_out, line_text, missing

#: Between two looks at a job that is followed.
LOOK_S = 0.5
#: How long after its end the last lines of a job may be stored.
LAST_S = 1.5


class _Shown:
    """Writes lines, with a heading per attempt and how many are missing.

    Args:
        whole: whether every line is shown, so that a gap in their numbers means lines that are not stored.
    """

    def __init__(self, *, whole: bool) -> None:
        self._whole = whole
        self._before: LogLine | None = None

    def text(self, line: LogLine) -> None:
        if (above := heading(line, self._before)) is not None:
            say(above)
        if self._whole and (gone := missing(line, self._before)):
            say(f"... {gone} lines are not stored")
        say(line_text(line))
        self._before = line

    def json(self, line: LogLine) -> None:
        emit_json(line_out(line))


@click.command("logs")
@click.argument("job_id", metavar="ID")
@click.option("-f", "--follow", is_flag=True, help="Continue until the job ends.")
@option(
    "--level",
    type=click.Choice([level.value for level in Level]),
    default=Level.DEBUG.value,
    help="Lowest level shown.",
)
@option("--text", help="Show only lines that contain this text, upper or lower case.")
@option("--attempt", type=click.IntRange(1), help="Show only lines of this attempt.")
@option("--round", type=click.IntRange(1), help="Show only lines of this round.")
@tenant_option
@database_option
@json_option
def logs(job_id: str, **given: Any) -> None:
    """Show what a job has logged, oldest first. With --json, each line is a JSON document."""
    wanted = parse_id(job_id)
    query = {name: given[name] for name in ("level", "text", "attempt", "round")}
    whole = query["text"] is None and query["level"] == Level.DEBUG.value
    shown = _Shown(whole=whole)
    tell = shown.json if given["as_json"] else shown.text

    async def work(app: Any) -> LogPage:
        return await (_follow(app, wanted, query, tell) if given["follow"] else _read(app, wanted, query, tell))

    last = with_store(given["database_url"], work, given["tenant"])
    if not given["as_json"]:
        _note(last)


async def _read(app: Any, job_id: UUID, query: dict[str, Any], tell: Callable[[LogLine], None]) -> LogPage:
    """Tell all lines that are stored behind a place, and return the last page."""
    while True:
        page: LogPage = await app.jobs.alogs(job_id, **query)
        for line in page.items:
            tell(line)
        if page.items:
            query["after"] = page.items[-1].cursor
        if page.next is None:
            return page


async def _follow(app: Any, job_id: UUID, query: dict[str, Any], tell: Callable[[LogLine], None]) -> LogPage:
    while True:
        # First whether it has ended: what it has logged until then may come a moment later.
        ended = (await app.jobs.aget(job_id)).state.final
        await _read(app, job_id, query, tell)
        if ended:
            await asyncio.sleep(LAST_S)
            return await _read(app, job_id, query, tell)
        await asyncio.sleep(LOOK_S)


def _note(last: LogPage) -> None:
    if not last.total:
        say("Nothing is stored: the job has logged nothing, or its attempts ended well within 2 s.", err=True)
    elif last.dropped:
        say(f"{last.total} lines; {last.dropped} above the limits are not stored.", err=True)
