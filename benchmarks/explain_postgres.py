"""``make explain``: EXPLAIN (ANALYZE, BUFFERS) of every statement that a working TaskFlow sends to PostgreSQL.

The statements are not copied and not repeated by hand: auto_explain has the server send the plan of each as it was
run, with its own arguments, to the connection that ran it. A program enqueues, lists, cancels and redrives, an
embedded worker runs what is there, beside as many finished jobs as asked for. Printed are a table of all statements
and, of each, the plan of the run that took longest.

    python -m benchmarks.explain_postgres --finished 1000000 --only claim_jobs,complete_jobs
    python -m benchmarks.explain_postgres --url postgresql://…
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import re
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

import asyncpg

from taskflowmq import Handle, JobFailed, Retry, State, TaskFlow, Unique
from taskflowmq.stores.postgres import pool
from taskflowmq.stores.postgres.queries import q
from taskflowmq.testing.postgres import PostgresServer

STATEMENTS = vars(q)
LOAD = Path(__file__).with_name("finished_postgres.sql")
CHUNK = 50_000
LIST = 1_000
#: The last ones enqueued are the ones to wait for.
ENDS = 20
TEXT = "x" * 60
WAIT_S = 300.0
SETTINGS = {
    "session_preload_libraries": "auto_explain",
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_analyze": "on",
    "auto_explain.log_buffers": "on",
    "auto_explain.log_parameter_max_length": "0",
    "auto_explain.log_nested_statements": "on",
    "auto_explain.log_level": "notice",
}
_MESSAGE = re.compile(r"duration: (?P<ms>[\d.]+) ms\s+plan:\nQuery Text: (?P<rest>.*)", re.DOTALL)
_PLAN = re.compile(r"^\S[^\n]*\(cost=.*", re.DOTALL | re.MULTILINE)
_PAGES = re.compile(r"shared((?: (?:hit|read)=\d+)+)")


@dataclass
class Runs:
    """What one statement did."""

    ms: list[float] = field(default_factory=list)
    pages: list[int] = field(default_factory=list)
    #: The plan of the run that took longest.
    plan: str = ""

    def add(self, ms: float, plan: str) -> None:
        """Count a run."""
        if not self.ms or ms > max(self.ms):
            self.plan = plan
        self.ms.append(ms)
        found = _PAGES.search(plan)
        self.pages.append(sum(map(int, re.findall(r"\d+", found[1]))) if found else 0)


Seen = defaultdict[str, Runs]


def keep(seen: Seen, message: str) -> None:
    """Count the run that a message of auto_explain tells of; other messages are none of ours."""
    found = _MESSAGE.match(message)
    if found:
        plan = _PLAN.search(found["rest"])
        text = found["rest"][: plan.start()] if plan else found["rest"]
        seen[text.strip()].add(float(found["ms"]), plan[0] if plan else "")


class Explained(pool.Connection):
    """A connection that keeps the plans that the server sends."""

    seen: ClassVar[Seen] = defaultdict(Runs)

    def _process_log_message(self, fields: dict[str, str], last_query: str) -> None:
        keep(self.seen, fields.get("M", ""))


app = TaskFlow()


@app.task
async def noop(number: int, text: str) -> None:
    """Do nothing."""


@app.task(retry=Retry(max_attempts=2))
async def fail(number: int) -> None:
    """Fail."""
    raise ValueError(number)


async def load(url: str, finished: int) -> None:
    """Store finished jobs; from then on every new connection explains what it runs."""
    async with TaskFlow(url) as first:
        await first.queues.alist()  # opens the store, which makes the tables
    conn = await asyncpg.connect(url)
    statement = LOAD.read_text()
    for stored in range(0, finished, CHUNK):
        await conn.execute(statement, stored / finished, 1 / finished, min(CHUNK, finished - stored), timeout=600)
    await conn.execute("VACUUM (ANALYZE)", timeout=600)
    name = urlsplit(url).path.lstrip("/")
    for setting, value in SETTINGS.items():
        await conn.execute(f"ALTER DATABASE \"{name}\" SET {setting} = '{value}'")
    await conn.close()


async def enqueue(lists: int) -> list[Handle[None]]:
    """Store jobs in every way there is, and return those that end."""
    handles: list[Handle[None]] = []
    for start in range(lists):
        handles += await app.aenqueue_many([noop.job(start * LIST + n, TEXT) for n in range(LIST)])
    handles.append(await noop.aenqueue(1, TEXT))
    handles += await app.aenqueue_many([noop.job(1, TEXT), noop.using(delay=0.2).job(2, TEXT)])
    handles.append(await noop.using(unique=Unique()).aenqueue(3, TEXT))
    handles.append(await noop.using(idempotency_key="explain").aenqueue(4, TEXT))
    return handles


async def look(handle: Handle[None]) -> None:
    """Read what people look at, and do what they do by hand."""
    for state in (None, *State):
        await app.jobs.alist(state=state)
    await app.jobs.alist(task="noop", queue="default")
    await app.jobs.aget(handle.id)
    await app.jobs.aattempts(handle.id)
    await app.jobs.astats()
    await app.queues.alist()
    for delay in (0, 3600):
        await app.jobs.acancel((await noop.using(delay=delay, queue="nobody").aenqueue(5, TEXT)).id)


async def play(lists: int) -> None:
    """Be a program and its worker for some seconds."""
    async with app:
        handles = await enqueue(lists)
        failing = [await fail.aenqueue(number) for number in range(5)]
        async with app.worker():
            for handle in handles[-ENDS:]:
                await handle.aresult(timeout=WAIT_S)
            for broken in failing:
                with contextlib.suppress(JobFailed):
                    await broken.aresult(timeout=WAIT_S)
            await app.jobs.aretry(failing[0].id)
        await look(handles[0])


def named(text: str) -> str:
    """Return a statement's name, or the beginning of its text: part of a function, or not ours."""
    known = {" ".join(_uncommented(sql)): name for name, sql in STATEMENTS.items()}
    words = _uncommented(text)
    return known.get(" ".join(words)) or " ".join(words)[:70]


def _uncommented(sql: str) -> list[str]:
    return " ".join(line.partition("--")[0] for line in sql.splitlines()).split()


def show(seen: Mapping[str, Runs], only: Iterable[str]) -> str:
    """Return the table and the plans."""
    found = sorted(((named(text), runs) for text, runs in seen.items()), key=lambda one: -sum(one[1].ms))
    lines = [f"{'statement':70}  {'runs':>6}  {'median ms':>9}  {'most':>8}  {'pages':>7}  {'sum of ms':>9}"]
    for name, runs in found:
        ms, pages = statistics.median(runs.ms), statistics.median(runs.pages)
        lines.append(f"{name:70}  {len(runs.ms):6}  {ms:9.3f}  {max(runs.ms):8.1f}  {pages:7,.0f}  {sum(runs.ms):9.0f}")
    wanted = set(only)
    for name, runs in found:
        if name in wanted or (not wanted and name in STATEMENTS):
            lines.append(f"\n{name}, the longest of {len(runs.ms)} runs ({max(runs.ms):.3f} ms)\n{runs.plan.rstrip()}")
    return "\n".join(lines)


def main() -> None:
    """Load, play, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", help="an empty database, with the rights of a superuser; default: a server of its own")
    parser.add_argument("--finished", type=int, default=100_000, help="finished jobs that are there before")
    parser.add_argument("--jobs", type=int, default=20_000, help="jobs that are run")
    parser.add_argument("--only", default="", help="print the plans of these statements only, separated by commas")
    options = parser.parse_args()
    only = [name for name in options.only.split(",") if name]
    unknown = set(only) - STATEMENTS.keys()
    if unknown:
        parser.error(f"there is no statement {min(unknown)!r}; there are: {', '.join(sorted(STATEMENTS))}")
    server = None if options.url else PostgresServer.start()
    try:
        url = options.url or (server.url(server.create_database()) if server else "")
        asyncio.run(load(url, options.finished))
        os.environ["TASKFLOW_DATABASE_URL"] = url
        pool.Connection = Explained  # type: ignore[misc]  # what the pool makes from here on
        asyncio.run(play(max(1, options.jobs // LIST)))
    finally:
        if server:
            server.stop()
    print(show(Explained.seen, only))


if __name__ == "__main__":
    main()
