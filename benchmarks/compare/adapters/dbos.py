"""dbos on PostgreSQL: a queue of workflows without steps."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from dbos import DBOS, DBOSClient, EnqueueOptions

from benchmarks.compare.adapters import common

QUEUE = "bench"
VERSION = "bench"
CONCURRENCY = 100
POLL_S = 0.1
POOL = 16
THREADS = 64
LEFT = sa.text("SELECT count(*) FROM dbos.workflow_status WHERE status IN ('ENQUEUED', 'PENDING')")


def database() -> str:
    """Return the address with the driver's name, as SQLAlchemy wants it."""
    return common.URL.replace("postgresql://", "postgresql+psycopg://", 1)


class Client:
    """Enqueues with the client that runs no workflows itself; there is no bulk call."""

    def __init__(self, dbos: DBOSClient, watcher: sa.Connection) -> None:
        self._dbos = dbos
        self._watcher = watcher

    def one(self, payload: common.Payload) -> None:
        options: EnqueueOptions = {"queue_name": QUEUE, "workflow_name": "job", "app_version": VERSION}
        self._dbos.enqueue(options, **payload)

    def many(self, payloads: list[common.Payload]) -> None:
        raise NotImplementedError("no bulk call")

    def left(self) -> int:
        return int(self._watcher.execute(LEFT).scalar_one())


@contextmanager
def sync_client() -> Iterator[Client]:
    dbos = DBOSClient(system_database_url=common.URL, system_database_pool_size=POOL)
    engine = sa.create_engine(database(), isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as watcher:
            yield Client(dbos, watcher)
    finally:
        dbos.destroy()


def launched(kind: str, concurrency: int) -> None:
    """Start the runtime in this process with the one workflow and its queue."""
    DBOS(
        config={
            "name": "bench",
            "system_database_url": common.URL,
            "application_version": VERSION,
            "log_level": "WARNING",
            "sys_db_pool_size": POOL,
            "max_executor_threads": max(THREADS, concurrency),
        }
    )
    if kind == "thread":
        plain = common.sync_body(kind)

        @DBOS.workflow(name="job")
        def job(number: int, sent: int, text: str) -> None:
            plain(sent)

    else:
        body = common.async_body(kind)

        @DBOS.workflow(name="job")
        async def job(number: int, sent: int, text: str) -> None:
            await body(sent)

    DBOS.launch()
    DBOS.register_queue(QUEUE, worker_concurrency=concurrency, polling_interval_sec=POLL_S)


def prepare() -> None:
    launched("noop", CONCURRENCY)
    DBOS.destroy()


def worker(kind: str, concurrency: int) -> None:
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda number, frame: stopping.set())
    launched(kind, concurrency or CONCURRENCY)
    stopping.wait()
    DBOS.destroy()
