"""``taskflow demo``: server, worker and duties on a throwaway store, with made-up work and a day of history."""

from __future__ import annotations

import asyncio
import signal
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from taskflowmq.cli.dev import PLAYGROUND, Parts, run_together
from taskflowmq.cli.exits import CommandError, Exit
from taskflowmq.cli.options import json_option, log_options, option
from taskflowmq.cli.program import until_told_to_end
from taskflowmq.cli.serving import local_options, page_options
from taskflowmq.client.extras import require

if TYPE_CHECKING:
    from taskflowmq.client.app import BaseApp
    from taskflowmq.server.settings import PublicDemo

SPEC = "taskflowmq.demo.shop:app"
#: A short drain, because nothing of it matters.
DRAIN_S = 2.0
#: Few slots, so that the dashboard shows them in use, but more than a job's second of work needs at any rate.
SLOTS, SLOTS_PER_RATE = 16, 2.5


@click.command("demo")
@option("--seed", env="TASKFLOW_DEMO_SEED", type=click.IntRange(0), default=1, help="The same seed repeats the work.")
@option(
    "--rate",
    env="TASKFLOW_DEMO_RATE",
    type=click.FloatRange(0.1, 500),
    default=3.0,
    help="Average number of new jobs per second.",
)
@local_options
@option(
    "--database-url",
    env="TASKFLOW_DEMO_URL",
    metavar="URL",
    help="Store used only for the demo, whose jobs stay in it. Default: a temporary SQLite file.",
)
@option(
    "--public",
    env="TASKFLOW_DEMO_PUBLIC",
    is_flag=True,
    help="Everyone may look, without signing in, and enqueue a demo job: ten an hour per address.",
)
@page_options
@log_options
@json_option
def command(seed: int, rate: float, database_url: str | None, host: str, port: int | None, **given: Any) -> int:
    """Run server, worker and duties with the made-up work of a shop. Ctrl-C ends it.

    Queues and tasks of several kinds, successes, retries, dead letters, scheduled jobs, a paused queue, and a history
    of 24 hours. Nothing is sent or called.
    """
    require("server", "taskflow demo")
    with ExitStack() as stack:

        def parts() -> Parts:
            url = database_url
            if url is None:
                folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="taskflow-demo-"))
                url = f"sqlite:///{Path(folder) / 'demo.db'}"
            return _parts(url, seed, rate)

        # What ran at the end is handed back to a store that goes, so that is no other exit code.
        flags = {"concurrency": max(SLOTS, round(SLOTS_PER_RATE * rate)), "drain_timeout": DRAIN_S}
        run_together(parts, host, port, {**given, "public": _public() if given["public"] else None}, flags)
    return Exit.OK


def _public() -> PublicDemo:
    from taskflowmq.demo.orders import VISITS
    from taskflowmq.server.settings import PublicDemo

    return PublicDemo(jobs=VISITS)


def _parts(url: str, seed: int, rate: float) -> Parts:
    from taskflowmq.bootstrap.loading import include_all
    from taskflowmq.cli.program import load
    from taskflowmq.demo.run import ForeignStore, produce

    app = load(SPEC, url)
    # A store that an earlier demo has left knows them.
    include_all(app, (PLAYGROUND,))
    try:
        asyncio.run(until_told_to_end(_filled(app, url, seed, rate)))
    except ForeignStore as error:
        raise CommandError(str(error), Exit.CONFLICT, "Give the demo a database of its own") from error
    except asyncio.CancelledError:
        raise click.exceptions.Exit(128 + signal.SIGTERM) from None

    async def demo(_base_url: str) -> None:
        await produce(app, seed, rate)

    return Parts(app, SPEC, demo)


async def _filled(app: BaseApp, url: str, seed: int, rate: float) -> None:
    from taskflowmq.bootstrap.app import TaskFlow
    from taskflowmq.demo.run import check_store, fill

    async with TaskFlow(url) as plain:
        is_new = await check_store(plain, app)
    if is_new:
        async with app:
            await fill(app, seed, rate)
