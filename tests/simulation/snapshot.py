"""What a store holds, read past the store's own code: the rows themselves.

The checkers judge this, so a query that hides a second row hides nothing here. Times are microseconds since 1970.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from importlib.resources import files
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from tests.simulation.rows import Data

from taskflowmq.core.job import QueueRef

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Fact(NamedTuple):
    """What is stored of a job for ever."""

    tenant: str
    task: str
    queue: str
    priority: int
    max_attempts: int
    unique_key: str | None
    deleted: bool


class Place(NamedTuple):
    """One row that says where a job is."""

    #: "ready", "waiting", "running" or "outcome"
    place: str
    state: str
    reason: str | None
    round: int
    attempt: int
    crashes: int
    losses: int
    lease_no: int
    worker: UUID | None
    #: When it is due, became ready, was started or finished.
    at: int
    flags: int


class Lock(NamedTuple):
    """A unique key that is held."""

    job_id: UUID
    free_at: str
    until: int | None


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the invariants speak of."""

    jobs: dict[UUID, Fact]
    #: More than one entry per job is a violation of I10.
    places: dict[UUID, tuple[Place, ...]]
    #: (job, fence) → (round, attempt, how it ended)
    tried: dict[tuple[UUID, int], tuple[int, int, str]]
    #: (tenant, key) → who holds it
    keys: dict[tuple[str, str], Lock]
    #: worker → (lease until, ended at)
    workers: dict[UUID, tuple[int, int | None]]
    #: Running jobs that somebody asked to cancel.
    asked: frozenset[UUID]
    paused: frozenset[QueueRef]
    #: Results of completed jobs.
    results: dict[UUID, bytes | None]

    def place(self, job_id: UUID) -> Place | None:
        """Return where a job is, if it is anywhere."""
        found = self.places.get(job_id)
        return found[0] if found else None


def micros(at: datetime | None) -> int | None:
    """Return microseconds since 1970."""
    return None if at is None else _us(at)


@lru_cache(maxsize=10_000)
def _us(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)


def of_model(data: Data) -> Snapshot:
    """Read the model."""
    places: dict[UUID, tuple[Place, ...]] = {}

    def add(job_id: UUID, *row: Any) -> None:
        places[job_id] = (*places.get(job_id, ()), Place(*row))

    for key, ready in data.ready.items():
        add(key, "ready", "pending", None, *_counts(ready.counters), None, _us(ready.ready_at), ready.flags)
    for key, row in data.waiting.items():
        add(key, "waiting", str(row.why), None, *_counts(row.counters), None, _us(row.due_at), row.flags)
    for key, held in data.running.items():
        add(key, "running", "running", None, *_counts(held.counters), held.worker, _us(held.started_at), held.flags)
    for key, end in data.ended.items():
        reason = None if end.reason is None else str(end.reason)
        add(key, "outcome", str(end.state), reason, *_counts(end.counters), end.worker, _us(end.finished_at), 0)
    return Snapshot(
        jobs={
            key: Fact(
                job.new.tenant,
                job.new.task,
                job.new.queue,
                job.new.priority,
                job.new.max_attempts,
                job.new.unique.key if job.new.unique and job.deleted_at is None else None,
                job.deleted_at is not None,
            )
            for key, job in data.jobs.items()
        },
        places=places,
        tried={key: (row.round, row.attempt, str(row.ended)) for key, row in data.tried.items()},
        keys={key: Lock(held.job_id, held.free_at, micros(held.until)) for key, held in data.keys.items()},
        workers={key: (_us(row.lease_until), micros(row.ended_at)) for key, row in data.workers.items()},
        asked=frozenset(key for key, held in data.running.items() if held.cancel_at is not None),
        paused=frozenset(queue for queue, since in data.queues.items() if since is not None),
        results={key: end.result for key, end in data.ended.items() if end.state == "completed"},
    )


def _counts(counters: Any) -> tuple[int, int, int, int, int]:
    return counters.round, counters.attempt, counters.crashes, counters.losses, counters.lease_no


def statement(engine: str) -> str:
    """Return the one statement that reads everything of an engine, as rows of (kind, JSON)."""
    return (files("tests.simulation") / f"snapshot_{engine}.sql").read_text(encoding="utf-8")


#: The same id is read again and again: one object of it is enough.
_id = lru_cache(maxsize=100_000)(UUID)


def of_rows(rows: list[tuple[str, str]]) -> Snapshot:
    """Build a snapshot from what :func:`statement` returns; ids are hex, with or without dashes."""
    kinds: dict[str, list[list[Any]]] = {}
    for kind, text in rows:
        kinds.setdefault(kind, []).append(msgspec.json.decode(text))
    places: dict[UUID, tuple[Place, ...]] = {}
    for name, job_id, state, reason, *counts, worker, at, flags in kinds.get("place", []):
        key, who = _id(job_id), _id(worker) if worker else None
        places[key] = (*places.get(key, ()), Place._make((name, state, reason, *counts, who, at, flags)))
    return Snapshot(
        jobs={_id(row[0]): Fact._make((*row[1:7], bool(row[7]))) for row in kinds.get("job", [])},
        places=places,
        tried={(_id(row[0]), row[1]): (row[2], row[3], row[4]) for row in kinds.get("tried", [])},
        keys={(row[0], row[1]): Lock(_id(row[2]), row[3], row[4]) for row in kinds.get("key", [])},
        workers={_id(row[0]): (row[1], row[2]) for row in kinds.get("worker", [])},
        asked=frozenset(_id(row[0]) for row in kinds.get("asked", [])),
        paused=frozenset(QueueRef(*row) for row in kinds.get("paused", [])),
        results={_id(row[0]): row[1].encode() if row[1] is not None else None for row in kinds.get("result", [])},
    )


def sqlite_reader(path: str) -> tuple[sqlite3.Connection, Callable[[], Snapshot]]:
    """Return a connection of the simulation's own to a SQLite file, and what reads it."""
    conn, text = sqlite3.connect(path, isolation_level=None), statement("sqlite")
    return conn, lambda: of_rows(conn.execute(text).fetchall())
