"""Celery on Redis, run by its own worker command; this module holds its application."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from celery import Celery
from redis import Redis

from benchmarks.compare.adapters import common

MODULE = "benchmarks.compare.adapters.celery"
QUEUE = "celery"
UNACKNOWLEDGED = "unacked"
POOL_PROCESSES = 2

app = Celery("bench", broker=common.URL)
app.conf.update(
    broker_connection_retry_on_startup=True,
    broker_pool_limit=common.TOGETHER,
    task_ignore_result=True,
    worker_prefetch_multiplier=128,
)
body = common.sync_body(os.environ.get("BENCH_KIND", "noop"))


@app.task(name="job")
def job(payload: common.Payload) -> None:
    body(payload["sent"])


class Client:
    """Enqueues by calling the task; there is no bulk call."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def one(self, payload: common.Payload) -> None:
        job.delay(payload)

    def many(self, payloads: list[common.Payload]) -> None:
        raise NotImplementedError

    def left(self) -> int:
        with self._redis.pipeline() as pipe:
            pipe.llen(QUEUE)
            pipe.hlen(UNACKNOWLEDGED)
            return sum(pipe.execute())


@contextmanager
def sync_client() -> Iterator[Client]:
    with Redis.from_url(common.URL) as redis:
        yield Client(redis)


def prepare() -> None:
    """Do nothing: the first message makes the queue."""


def worker(kind: str, concurrency: int) -> None:
    os.environ["BENCH_KIND"] = kind
    pool, size = {
        "sleep": ("gevent", concurrency),
        "thread": ("threads", POOL_PROCESSES),
        "process": ("prefork", POOL_PROCESSES),
    }.get(kind, ("solo", 1))
    command = [sys.executable, "-P", "-m", "celery", "--app", f"{MODULE}:app", "worker", "--loglevel", "WARNING"]
    command += ["--pool", pool, "--concurrency", str(size), "--hostname", f"bench-{os.getpid()}@%h"]
    os.execv(sys.executable, [*command, "--without-gossip", "--without-mingle", "--without-heartbeat"])
