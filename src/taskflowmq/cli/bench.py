"""``taskflow bench``: measure this machine and database with the worker exactly as it is shipped."""

from __future__ import annotations

import asyncio
import signal
import tempfile
from pathlib import Path

import click

from taskflowmq.cli.options import json_option, option
from taskflowmq.cli.output import emit_json, emit_table
from taskflowmq.cli.program import until_told_to_end

MEASURES = ("enqueue", "drain", "pickup", "idle")


@click.command("bench")
@option(
    "--database-url",
    env="TASKFLOW_BENCH_URL",
    metavar="URL",
    help="Database used only for the benchmark, whose jobs stay in it. Default: a temporary SQLite file.",
)
@option("--jobs", default=60_000, type=click.IntRange(1_000, 5_000_000), help="Jobs per drain and per bulk enqueue.")
@option("--rounds", default=3, type=click.IntRange(1, 100), help="Number of rounds; the median is reported.")
@option("--only", multiple=True, type=click.Choice(MEASURES), help="Run only this measure; repeatable.")
@json_option
def command(database_url: str | None, jobs: int, rounds: int, only: tuple[str, ...], as_json: bool) -> None:
    """Measure enqueue, drain, pick-up, memory and idle cost."""
    from taskflowmq.bench import machine
    from taskflowmq.bench.suite import run

    with tempfile.TemporaryDirectory(prefix="taskflow-bench-") as folder:
        url = database_url or f"sqlite:///{Path(folder) / 'bench.db'}"
        here = machine.describe()
        measured = run(url, jobs=jobs, rounds=rounds, only=only or MEASURES, say=_say)
        try:
            figures = asyncio.run(until_told_to_end(measured))
        except asyncio.CancelledError:
            raise click.exceptions.Exit(128 + signal.SIGTERM) from None
    if as_json:
        emit_json({"machine": here, "jobs": jobs, "rounds": rounds, "figures": figures})
        return
    click.echo(
        f"{here.cores} cores ({here.cpu}), {here.memory_gb} GB, Python {here.python}, SQLite {here.sqlite}, "
        f"fdatasync {here.fsync_ms} ms; {jobs} jobs, median of {rounds}"
    )
    rows = [(figure.name, f"{figure.value:,.{figure.digits}f}", figure.unit) for figure in figures]
    emit_table(("measure", "figure", "unit"), rows, empty="nothing was measured")


def _say(text: str) -> None:
    click.echo(text, err=True)
