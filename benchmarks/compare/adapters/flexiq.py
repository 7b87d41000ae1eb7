"""flexiq on PostgreSQL or SQLite: its Rust core, run by its own worker command; this module holds its queue."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flexiq import Queue

from benchmarks.compare.adapters import common

COMMAND = "from flexiq.cli import main; main()"
APP = "benchmarks.compare.adapters.flexiq:queue"
CONCURRENCY = 100
THREADS = 32
PREFORK = 2
POLL_MS = 1
BATCH = 100

kind = os.environ.get("BENCH_KIND", "noop")
limit = int(os.environ.get("BENCH_CONCURRENCY", "0")) or CONCURRENCY

where = (
    {"db_path": common.URL.removeprefix("sqlite:///")}
    if common.URL.startswith("sqlite")
    else {"backend": "postgres", "db_url": common.URL}
)
queue = Queue(
    **where,
    workers=PREFORK if kind == "process" else THREADS,
    async_concurrency=limit,
    scheduler_poll_interval_ms=POLL_MS,
    scheduler_batch_size=BATCH,
)

if kind != "sleep":
    # A coroutine occupies a slot of the scheduler as a thread does, and costs more: only waiting gains from one.
    plain_body = common.sync_body(kind)

    @queue.task(name="job")
    def job(number: int, sent: int, text: str) -> None:
        plain_body(sent)

else:
    coroutine_body = common.async_body(kind)

    @queue.task(name="job")
    async def job(number: int, sent: int, text: str) -> None:
        await coroutine_body(sent)


class Client:
    """Enqueues from the caller's thread."""

    def one(self, payload: common.Payload) -> None:
        job.delay(**payload)

    def many(self, payloads: list[common.Payload]) -> None:
        queue.enqueue_many("job", [()] * len(payloads), payloads)

    def left(self) -> int:
        stats = queue.stats()
        return stats["pending"] + stats["running"]


@contextmanager
def sync_client() -> Iterator[Client]:
    yield Client()


def prepare() -> None:
    queue.migrate()


def worker(kind: str, concurrency: int) -> None:
    os.environ |= {"BENCH_KIND": kind, "BENCH_CONCURRENCY": str(concurrency), "FLEXIQ_LOG_LEVEL": "WARNING"}
    # Its prefork pool starts its children as "python".
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    pool = "prefork" if kind == "process" else "thread"
    command = [sys.executable, "-P", "-c", COMMAND, "worker", "--app", APP, "--pool", pool]
    os.execv(sys.executable, command)
