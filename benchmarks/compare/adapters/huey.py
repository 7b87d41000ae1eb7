"""huey on Redis or SQLite, run by its own consumer; this module holds its queue."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from huey import RedisHuey, SqliteHuey

from benchmarks.compare.adapters import common

QUEUE = "benchmarks.compare.adapters.huey.queue"
PLAIN = "from huey.bin.huey_consumer import consumer_main; consumer_main()"
GREEN = f"from gevent import monkey; monkey.patch_all(); {PLAIN}"

if common.URL.startswith("redis"):
    queue = RedisHuey("bench", url=common.URL)
else:
    queue = SqliteHuey("bench", filename=common.URL.removeprefix("sqlite:///"), fsync=True)

body = common.sync_body(os.environ.get("BENCH_KIND", "noop"))


@queue.task(name="job")
def job(payload: common.Payload) -> None:
    body(payload["sent"])


class Client:
    """Enqueues by calling the task; there is no bulk call."""

    def one(self, payload: common.Payload) -> None:
        job(payload)

    def many(self, payloads: list[common.Payload]) -> None:
        for payload in payloads:
            job(payload)

    def left(self) -> int:
        return int(queue.pending_count())


@contextmanager
def sync_client() -> Iterator[Client]:
    yield Client()


def prepare() -> None:
    queue.flush()


def worker(kind: str, concurrency: int) -> None:
    os.environ["BENCH_KIND"] = kind
    command = [sys.executable, "-P", "-c", GREEN if kind == "sleep" else PLAIN, QUEUE]
    command += ["--graceful-signal", "TERM", "--delay", "0.01", "--max-delay", "0.1"]
    if kind == "sleep":
        command += ["--worker-type", "greenlet", "--workers", str(concurrency)]
    elif kind == "thread":
        command += ["--worker-type", "thread", "--workers", "1"]
    elif kind == "process" or common.PROCESSES > 1:
        command += ["--worker-type", "process", "--workers", str(max(2, common.PROCESSES))]
    else:
        command += ["--worker-type", "thread", "--workers", str(concurrency or 1)]
    os.execv(sys.executable, command)
