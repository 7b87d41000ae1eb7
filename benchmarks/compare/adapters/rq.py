"""rq on Redis; its workers run in this process, so that a forked job finds its imports done, as rq's pages advise."""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from redis import Redis
from rq import Queue, SimpleWorker, Worker

from benchmarks.compare.adapters import common

QUEUE = "bench"

body = common.sync_body("noop")


def job(payload: common.Payload) -> None:
    body(payload["sent"])


class Client:
    """Enqueues by one queue, one call or one pipeline at a time."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._queue = Queue(QUEUE, connection=redis)

    def one(self, payload: common.Payload) -> None:
        self._queue.enqueue_call(job, (payload,), result_ttl=0)

    def many(self, payloads: list[common.Payload]) -> None:
        self._queue.enqueue_many([Queue.prepare_data(job, (payload,), result_ttl=0) for payload in payloads])

    def left(self) -> int:
        with self._redis.pipeline() as pipe:
            pipe.llen(self._queue.key)
            pipe.llen(self._queue.intermediate_queue_key)
            pipe.zcard(self._queue.started_job_registry.key)
            return sum(pipe.execute())


@contextmanager
def sync_client() -> Iterator[Client]:
    with Redis.from_url(common.URL) as redis:
        yield Client(redis)


def prepare() -> None:
    """Do nothing: the first job makes the queue."""


def worker(kind: str, concurrency: int) -> None:
    global body
    forks = kind == "process"
    body = _inherited_tick() if forks else common.sync_body(kind)
    kept = Worker if forks else SimpleWorker
    kept([QUEUE], connection=Redis.from_url(common.URL)).work(logging_level="WARNING")


def _inherited_tick() -> Callable[[int], None]:
    """Return a body that counts in its parent's file: with a process for each job, files of their own are thousands."""
    with (common.FOLDER / f"ticks-{os.getpid()}").open("w+b") as file:
        file.truncate(8)
        count = memoryview(mmap.mmap(file.fileno(), 8)).cast("Q")

    def noop(sent: int) -> None:
        count[0] += 1

    return noop
