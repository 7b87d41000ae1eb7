"""How long lists and counts take over HTTP where millions of jobs have ended: every filter that ``GET /jobs`` has.

The finished rows are made by the database, vacuumed and analysed as they would be in life: a few of each hundred died
or were cancelled, the newest fiftieth died altogether, one in a thousand is of another queue and task. Each filter's
pages are read one after the other, from the newest to the last and over again, so the deep ones count as well. How many
jobs a page had is a figure, too: a page may be short, and one that is empty costs whoever reads on another request.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import http.client
import json
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import asyncpg

from benchmarks import schema_loop_postgres, schema_loop_sqlite
from benchmarks.compare import counters
from benchmarks.compare.adapter import AdapterFailed
from benchmarks.compare.measures.figures import Bench, Figure
from taskflowmq import TaskFlow
from taskflowmq.stores.postgres import PostgresStore

#: Jobs that wait among the finished ones.
READY = 500
#: A queue and a task; the statements that store finished jobs know them.
SELDOM = "seldom"
#: A worker that ran none of them: it ended long ago, and its row is gone.
WORKER = "00000000-0000-4000-8000-000000000001"
PRELOAD_S = 3_600.0
VACUUM_S = 1_800.0
WARM_UP = 3
SAMPLES = 60
STATS_SAMPLES = 40
#: Counts are kept for two seconds: questions come this far apart, so that some of them pay.
STATS_EVERY_S = 0.25
ANSWER_S = 60.0
HOURS = dt.timedelta(hours=1)


@dataclass(frozen=True)
class Question:
    """A filter and what the table calls it."""

    name: str
    query: dict[str, str]


def lists(bench: Bench) -> list[Figure]:
    """Fill the database, then ask for pages with every filter, and for counts."""
    adapter = bench.adapter
    adapter.load(READY)
    stored = preload(adapter.database.url, bench.sizes.finished)
    note = "" if stored >= bench.sizes.finished else f"only {stored:,} finished jobs in {PRELOAD_S:.0f} s"
    figures = []
    with adapter.server() as url, opened(url) as connection:
        for question in questions(dt.datetime.now(dt.UTC)):
            taken, jobs = pages_ms(connection, question)
            figures += [
                *_figures(question.name, taken, note),
                Figure(f"{question.name}, jobs a page", jobs, "jobs", 1, note),
            ]
        counts = stats_ms(connection)
    return [*figures, *_figures("counts", counts, note), Figure("counts, slowest", counts[-1], "ms", 1, note)]


def questions(now: dt.datetime) -> list[Question]:
    """Return every filter alone, those that match nothing or next to nothing, and all of them together."""
    after, before = (now - 15 * HOURS).isoformat(), (now - 5 * HOURS).isoformat()
    created = {"created_after": after, "created_before": before}
    finished = {"finished_after": after, "finished_before": before}
    order = {"worker": WORKER, "sort": "oldest", "view": "row"}
    together = {"queue": "default", "task": "job", "q": "attempt:>=0", **created, **finished, **order}
    return [
        Question("no filter", {}),
        Question("completed, below many that died", {"state": "completed"}),
        Question("completed, older", {"state": "completed", "created_before": before}),
        Question("dead", {"state": "dead"}),
        Question("cancelled", {"state": "cancelled"}),
        Question("all that ended", {"state": "completed,cancelled,dead"}),
        Question("states that few have", {"state": "pending,retrying"}),
        Question("a state that none has", {"state": "running"}),
        Question("queue", {"queue": "default"}),
        Question("a queue that few have", {"queue": SELDOM}),
        Question("a queue that none has", {"queue": "nobody"}),
        Question("task", {"task": "job"}),
        Question("a task that few have", {"task": SELDOM}),
        Question("a task that none has", {"task": "nothing"}),
        Question("a tag that none has", {"tag": "nothing"}),
        Question("created after", {"created_after": after}),
        Question("created before", {"created_before": before}),
        Question("created between", created),
        Question("finished after", {"finished_after": after}),
        Question("finished before", {"finished_before": before}),
        Question("finished between", finished),
        Question("a worker that none ran on", {"worker": WORKER}),
        Question("oldest first", {"sort": "oldest"}),
        Question("rows of a page", {"view": "row"}),
        Question("rows of a page, completed", {"view": "row", "state": "completed"}),
        Question("rows of a page, oldest first", {"view": "row", "sort": "oldest"}),
        Question("an argument that none has", {"q": "args.nothing:1"}),
        Question("free text that none has", {"q": '"nothing of the kind"'}),
        Question("1,000 a page", {"limit": "1000"}),
        Question("all filters, completed", {"state": "completed", **together}),
        Question("all filters, dead", {"state": "dead", **together}),
        Question("all filters and a tag that none has", {"state": "dead", **together, "tag": "nothing"}),
    ]


def preload(url: str, count: int) -> int:
    """Store finished jobs and return how many there are."""
    asyncio.run(_name(url))
    if url.startswith("sqlite"):
        schema_loop_sqlite.preload_finished(Path(url.removeprefix("sqlite:///")), count)
        return count
    return asyncio.run(_preload_postgres(url, count))


async def _name(url: str) -> None:
    """Make the queue and the task that few jobs are of."""
    app = TaskFlow(url)

    @app.task(name=SELDOM, queue=SELDOM)
    def seldom() -> None: ...

    async with app:
        await seldom.aenqueue()


async def _preload_postgres(url: str, count: int) -> int:
    store = PostgresStore(url)
    await store.open()
    try:
        stored = await schema_loop_postgres.preload_finished(store, url, count, PRELOAD_S)
    finally:
        await store.close()
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("VACUUM (ANALYZE)", timeout=VACUUM_S)
    finally:
        await connection.close()
    return stored


@contextmanager
def opened(url: str) -> Iterator[http.client.HTTPConnection]:
    """Open one connection that is kept alive."""
    parts = urlsplit(url)
    with closing(http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=ANSWER_S)) as connection:
        yield connection


def pages_ms(connection: http.client.HTTPConnection, question: Question) -> tuple[list[float], float]:
    """Read pages, each after the one before; return how long each took, sorted, and how many jobs a page had."""
    taken, jobs, cursor = [], 0, None
    for _ in range(WARM_UP + SAMPLES):
        query = question.query if cursor is None else {**question.query, "cursor": cursor}
        took, page = ask(connection, f"/api/v1/jobs?{urlencode(query)}")
        taken.append(took)
        jobs += len(page["items"])
        cursor = page["next"]
    return sorted(taken[WARM_UP:]), jobs / len(taken)


def stats_ms(connection: http.client.HTTPConnection) -> list[float]:
    """Ask for counts, some time apart, and return how long each took, sorted."""
    taken = []
    for _ in range(STATS_SAMPLES):
        took, _ = ask(connection, "/api/v1/jobs/stats")
        taken.append(took)
        time.sleep(STATS_EVERY_S)
    return sorted(taken)


def ask(connection: http.client.HTTPConnection, path: str) -> tuple[float, Any]:
    """Send one GET; return its milliseconds and its answer."""
    begin = time.perf_counter()
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    took = 1e3 * (time.perf_counter() - begin)
    if answer.status != http.client.OK:
        raise AdapterFailed(f"GET {path} was answered with {answer.status}: {body[:200]!r}")
    return took, json.loads(body)


def _figures(name: str, ranked: list[float], note: str) -> list[Figure]:
    return [
        Figure(f"{name}, p50", counters.percentile(ranked, 0.50), "ms", 1, note),
        Figure(f"{name}, p95", counters.percentile(ranked, 0.95), "ms", 1, note),
    ]
