"""``taskflow demo``: server, worker and duties on a throwaway store, with made-up work and a day of history."""

from __future__ import annotations

import asyncio
import itertools
import logging
import shutil
import signal
import sys
import tempfile
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from taskflowmq.cli.dev import PLAYGROUND, Parts, Renewal, run_together
from taskflowmq.cli.exits import CommandError, Exit
from taskflowmq.cli.options import json_option, log_options, option
from taskflowmq.cli.program import until_told_to_end
from taskflowmq.cli.serving import local_options, page_options
from taskflowmq.client.extras import require

if TYPE_CHECKING:
    from taskflowmq.client.app import BaseApp
    from taskflowmq.ports.clock import Clock
    from taskflowmq.server.settings import PublicDemo, ServerSettings

SPEC = "taskflowmq.demo.shop:app"
log = logging.getLogger("taskflowmq.dev")
#: A short drain, because nothing of it matters.
DRAIN_S = 2.0
#: How long the store of a public demonstration is used.
RESET_S = 3_600.0
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
    help="Everyone may look, without signing in, and enqueue a demo job: ten an hour per address. A temporary store is "
    "renewed every hour.",
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
            if database_url is not None:
                return _filled(database_url, seed, rate)
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="taskflow-demo-")))
            found = _filled(_new_file(folder, 1), seed, rate)
            return found._replace(renewal=renewal(folder, seed, rate)) if given["public"] else found

        # What ran at the end is handed back to a store that goes, so that is no other exit code.
        flags = {"concurrency": max(SLOTS, round(SLOTS_PER_RATE * rate)), "drain_timeout": DRAIN_S}
        run_together(parts, host, port, {**given, "public": _public() if given["public"] else None}, flags)
    return Exit.OK


def renewal(folder: Path, seed: int, rate: float, clock: Clock | None = None) -> Renewal:
    """Return how the store of a public demonstration goes back to how it began: every hour a new file is filled.

    Args:
        folder: where the files are.
        seed, rate: of the demonstration.
        clock: measures the hour; None: that of this machine.
    """
    from taskflowmq.worker import SystemClock

    clock, numbers = clock or SystemClock(), itertools.count(2)

    async def make() -> Parts:
        from taskflowmq.demo.run import new_app

        url = _new_file(folder, next(numbers))
        await _fill_apart(url, seed, rate)
        return _parts(new_app(url), seed, rate)

    def settings(given: ServerSettings) -> ServerSettings:
        if given.public is None:
            return given
        resets_at = clock.now() + timedelta(seconds=RESET_S)
        return msgspec.structs.replace(given, public=msgspec.structs.replace(given.public, resets_at=resets_at))

    def dispose(url: str) -> None:
        try:
            shutil.rmtree(Path(url.removeprefix("sqlite:///")).parent)
        except OSError as error:
            log.warning("the files of the store before are left: %s", error)

    return Renewal(RESET_S, make, settings, dispose, clock)


def _new_file(folder: Path, number: int) -> str:
    """Return the address of a file in a folder of its own: there are others beside it, and all of them go together."""
    own = folder / str(number)
    own.mkdir()
    return f"sqlite:///{own / 'demo.db'}"


async def _fill_apart(url: str, seed: int, rate: float) -> None:
    """Fill a new store in a process of its own, which does not hold up the server."""
    command = (sys.executable, "-P", "-m", "taskflowmq.demo", url, str(seed), str(rate))
    program = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.DEVNULL)
    try:
        code = await program.wait()
    except asyncio.CancelledError:
        program.kill()
        await program.wait()
        raise
    if code != 0:
        raise RuntimeError(f"the program that fills the new store has ended with code {code}")


def _public() -> PublicDemo:
    from taskflowmq.demo.orders import VISITS
    from taskflowmq.server.settings import PublicDemo

    return PublicDemo(jobs=VISITS)


def _filled(url: str, seed: int, rate: float) -> Parts:
    """Return what runs together on a store, which is filled now if it is new."""
    from taskflowmq.cli.program import load
    from taskflowmq.demo.run import ForeignStore

    parts = _parts(load(SPEC, url), seed, rate)
    try:
        asyncio.run(until_told_to_end(_fill(parts.app, url, seed, rate)))
    except ForeignStore as error:
        raise CommandError(str(error), Exit.CONFLICT, "Give the demo a database of its own") from error
    except asyncio.CancelledError:
        raise click.exceptions.Exit(128 + signal.SIGTERM) from None
    return parts


def _parts(app: BaseApp, seed: int, rate: float) -> Parts:
    from taskflowmq.bootstrap.loading import include_all
    from taskflowmq.demo.run import produce

    # A store that an earlier demo has left knows them.
    include_all(app, (PLAYGROUND,))

    async def demo(_base_url: str) -> None:
        await produce(app, seed, rate)

    return Parts(app, SPEC, demo)


async def _fill(app: BaseApp, url: str, seed: int, rate: float) -> None:
    from taskflowmq.bootstrap.app import TaskFlow
    from taskflowmq.demo.run import check_store, fill

    async with TaskFlow(url) as plain:
        is_new = await check_store(plain, app)
    if is_new:
        async with app:
            await fill(app, seed, rate)
