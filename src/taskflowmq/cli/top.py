"""``taskflow top``: what happens now, in the terminal."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import click

from taskflowmq.cli.options import database_option, json_option, tenant_option
from taskflowmq.cli.output import emit_json
from taskflowmq.cli.program import until_told_to_end, with_store
from taskflowmq.cli.top_frame import Facts, frame
from taskflowmq.core.errors import StoreUnavailable
from taskflowmq.core.job import Sort, State

#: Jobs that are read to show those that run longest.
MOST_RUNNING = 50
FAILING_MINUTES = 60
#: Another screen, without a cursor: what the terminal showed before is there again at the end.
_BEGIN, _END = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
#: To the first place; what is left of a line; what is left of the screen.
_HOME, _REST_OF_LINE, _REST = "\x1b[H", "\x1b[K", "\x1b[J"
QUIT = "q"


@click.command("top")
@click.option(
    "--interval", type=click.FloatRange(0.5, 3600), default=2.0, metavar="SECONDS", help="Time between two readings."
)
@click.option("--once", is_flag=True, help="Write one table and end; so it is without a terminal, too.")
@tenant_option
@database_option
@json_option
def command(interval: float, once: bool, tenant: str | None, database_url: str | None, as_json: bool) -> None:
    """Show queues, workers, running jobs and failing tasks, and keep them up to date until q or Ctrl-C.

    Rates and waits are of the last 5 minutes, failures of the last hour. With --json and without --once, each line is
    one reading.
    """
    shows = sys.stdout.isatty() and not once and not as_json
    goes_on = shows or (as_json and not once)

    async def work(app: Any) -> None:
        if not goes_on:
            _tell(await read(app), as_json=as_json)
            return
        with _screen() if shows else contextlib.nullcontext():
            await until_told_to_end(_watch(app, interval, as_json=as_json))

    with contextlib.suppress(asyncio.CancelledError):
        with_store(database_url, work, tenant)


async def _watch(app: Any, interval: float, *, as_json: bool) -> None:
    """Read and show, until the user wants no more."""
    quits, facts, problem = asyncio.Event(), None, None
    with _keys(quits):
        while not quits.is_set():
            try:
                facts, problem = await read(app), None
            except StoreUnavailable as error:
                if facts is None:
                    raise
                problem = str(error)
            if as_json:
                _tell(facts, as_json=True)
            else:
                _draw(facts, problem)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(interval):
                    await quits.wait()


async def read(app: Any) -> Facts:
    """Read what a frame shows."""
    from taskflowmq.cli.queues import listed
    from taskflowmq.client.charts import RATE_MINUTES
    from taskflowmq.core.history import By
    from taskflowmq.wire.history import failing_of

    queues, workers, recent, tasks, running = await asyncio.gather(
        listed(app),
        app.store.workers.list_workers(),
        app.history.asummary(RATE_MINUTES),
        app.history.asummary(FAILING_MINUTES, by=By.TASK),
        app.jobs.alist(state=State.RUNNING, sort=Sort.OLDEST, limit=MOST_RUNNING),
    )
    now = datetime.now(UTC)
    oldest_first = sorted(running.items, key=lambda job: job.started_at or now)
    return Facts(now, app.store.url, workers, queues, next(iter(recent), None), failing_of(tasks), oldest_first)


def _draw(facts: Facts, problem: str | None) -> None:
    size = shutil.get_terminal_size()
    lines = frame(facts, size.columns, size.lines, problem)
    # One write for all of it: half a frame would be seen.
    sys.stdout.write(_HOME + "\n".join(line + _REST_OF_LINE for line in lines) + _REST)
    sys.stdout.flush()


def _tell(facts: Facts, *, as_json: bool) -> None:
    if not as_json:
        size = shutil.get_terminal_size()
        for line in frame(facts, size.columns if sys.stdout.isatty() else 1_000, 10_000):
            click.echo(line)
        return
    from taskflowmq.wire.history import kind_out
    from taskflowmq.wire.job import job_out
    from taskflowmq.wire.queue import queue_out
    from taskflowmq.wire.worker import worker_out

    emit_json(
        {
            "at": facts.at,
            "store": facts.store,
            "recent": None if facts.recent is None else kind_out(facts.recent),
            "queues": [queue_out(queue, activity) for queue, activity in facts.queues],
            "workers": [worker_out(one) for one in facts.workers],
            "running": [job_out(one) for one in facts.running],
            "failing": [kind_out(one) for one in facts.failing],
        }
    )


@contextlib.contextmanager
def _screen() -> Iterator[None]:
    """Draw on a screen of its own."""
    sys.stdout.write(_BEGIN)
    sys.stdout.flush()
    try:
        yield
    finally:
        sys.stdout.write(_END)
        sys.stdout.flush()


@contextlib.contextmanager
def _keys(quits: asyncio.Event) -> Iterator[None]:
    """Set an event when the user presses q; where keys cannot be read one by one, only Ctrl-C ends the command."""
    try:
        import termios
        import tty

        number = sys.stdin.fileno()
        before = termios.tcgetattr(number)
    except (ImportError, OSError, ValueError):  # not POSIX, or no terminal
        yield
        return

    def pressed() -> None:
        if QUIT in sys.stdin.read(1):
            quits.set()

    loop = asyncio.get_running_loop()
    try:
        tty.setcbreak(number)
        loop.add_reader(number, pressed)
        yield
    finally:
        loop.remove_reader(number)
        termios.tcsetattr(number, termios.TCSADRAIN, before)
