"""dramatiq on Redis, run by its own commands; this module holds its actor."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from redis import Redis

from benchmarks.compare.adapters import common

MODULE = "benchmarks.compare.adapters.dramatiq"
MESSAGES = "dramatiq:default.msgs"
THREADS = 8
#: Every busy thread acknowledges on a connection of its own, and beyond the client's usual limit of 100 that fails.
CONNECTIONS = 2_000
WAKE_UP_MS = 100

broker = RedisBroker(client=Redis.from_url(common.URL, max_connections=CONNECTIONS))
dramatiq.set_broker(broker)
body = common.sync_body(os.environ.get("BENCH_KIND", "noop"))


@dramatiq.actor(actor_name="job")
def job(payload: common.Payload) -> None:
    body(payload["sent"])


class Client:
    """Enqueues by sending to the actor; there is no bulk call."""

    def one(self, payload: common.Payload) -> None:
        job.send(payload)

    def many(self, payloads: list[common.Payload]) -> None:
        raise NotImplementedError

    def left(self) -> int:
        # A message stays in this hash until it is acknowledged.
        return int(broker.client.hlen(MESSAGES))


@contextmanager
def sync_client() -> Iterator[Client]:
    yield Client()


def prepare() -> None:
    """Do nothing: the first message makes the queue."""


def worker(kind: str, concurrency: int) -> None:
    os.environ["BENCH_KIND"] = kind
    os.environ["dramatiq_worker_timeout"] = str(WAKE_UP_MS)  # noqa: SIM112 - the peer's own name
    program = "dramatiq-gevent" if kind == "sleep" else "dramatiq"
    command = [sys.executable, "-P", str(Path(sys.executable).parent / program), f"{MODULE}:broker"]
    command += ["--processes", str(max(2, common.PROCESSES) if kind == "process" else common.PROCESSES)]
    command += ["--threads", str(concurrency or THREADS)]
    os.execv(sys.executable, command)
