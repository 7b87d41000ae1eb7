"""``taskflow stats``: what jobs did in the last minutes."""

from __future__ import annotations

import click

from taskflowmq.cli.options import database_option, json_option, tenant_option
from taskflowmq.cli.output import duration, emit_json, emit_table, rate
from taskflowmq.cli.program import with_store
from taskflowmq.client.history import MAX_MINUTES
from taskflowmq.core.history import By


@click.command("stats")
@click.option(
    "--by",
    type=click.Choice([str(by) for by in By]),
    default="queue",
    help="One line per queue, task or node (host of workers), or one for all.",
)
@click.option("--minutes", type=click.IntRange(1, MAX_MINUTES), default=60, help="How many minutes to add up.")
@tenant_option
@database_option
@json_option
def command(by: str, minutes: int, tenant: str | None, database_url: str | None, as_json: bool) -> None:
    """Show what jobs did in the last minutes: counts, rate, and times waited and run.

    Figures of the last ten seconds may be missing. Percentiles are right within 21 %.
    """
    from taskflowmq.wire.history import kind_out

    found = with_store(database_url, lambda app: app.history.asummary(minutes, by=By(by)), tenant)
    if as_json:
        emit_json({"minutes": minutes, "by": by, "items": [kind_out(one) for one in found]})
        return
    rows = [
        (
            one.name or "all jobs",
            *(one.counts[name] for name in ("started", "completed", "failed", "dead", "cancelled")),
            rate(one.ended / one.seconds) if one.seconds else None,
            *(duration(one.wait[part]) for part in ("p50", "p95")),
            *(duration(one.run[part]) for part in ("p50", "p95")),
        )
        for one in found
    ]
    columns = ("started", "completed", "failed", "dead", "cancelled", "ended", "wait p50", "p95", "run p50", "p95")
    emit_table((by if by != By.NONE else "jobs", *columns), rows, empty="No figures: no job has run in this time.")
