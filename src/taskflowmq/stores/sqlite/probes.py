"""Small reads that a viewer repeats."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any
from uuid import UUID
from weakref import ref

from taskflowmq.core.feed import JobProbe, PageProbe
from taskflowmq.core.job import JobFilter, Reason, State
from taskflowmq.ports.store import PROBE_S
from taskflowmq.stores.sqlite.jobs import SqliteJobs
from taskflowmq.stores.sqlite.queries import q
from taskflowmq.stores.sqlite.reader import Reader
from taskflowmq.stores.sqlite.rows import from_us, join_ids, maybe_bytes, maybe_time, zeros


class SqliteProbes:
    """Implements :class:`~taskflowmq.ports.store.Probes`."""

    #: A commit is visible before another connection can see that the file has changed.
    visible_after_s = 0.0

    def __init__(self, reader: Reader, jobs: SqliteJobs) -> None:
        self._reader = reader
        self._jobs = jobs
        #: The connection that was asked last, and how many there have been: each counts from its own beginning.
        self._asked: ref[sqlite3.Connection] | None = None
        self._connections = 0

    async def revision(self) -> str | None:
        """Return a value that differs from the one before if something was committed since."""
        return await self._reader.run(self._read_revision)

    def _read_revision(self, conn: sqlite3.Connection) -> str:
        if self._asked is None or self._asked() is not conn:
            self._asked = ref(conn)
            self._connections += 1
        (version,) = conn.execute(q.read_revision).fetchone()
        return f"{self._connections}.{version}"

    async def probe_jobs(self, tenant: str, job_ids: Sequence[UUID]) -> list[JobProbe]:
        """Return what moves of the jobs that exist among the ids, in id order."""
        ids = sorted(set(job_ids))
        params = {"tenant": tenant, "ids": join_ids(ids), "rows": zeros(len(ids))}
        rows = await self._reader.run(lambda conn: conn.execute(q.probe_jobs, params).fetchall())
        return [_probe(row) for row in rows]

    async def probe_page(self, query: JobFilter, limit: int) -> PageProbe:
        """Return the ids of the newest jobs that fit."""
        found = await self._jobs.find_ids(query, limit, seconds=PROBE_S)
        return PageProbe(tuple(found.ids[:limit]), found.ids[limit - 1] if len(found.ids) > limit else found.last)


def _probe(row: Sequence[Any]) -> JobProbe:
    job_id, state, reason, round_no, attempt, lease_no, run_at, *times, worker, progress, cancel_at, queue, priority = (
        row
    )
    return JobProbe(
        UUID(bytes=job_id),
        State(state),
        None if reason is None else Reason(reason),
        round_no,
        attempt,
        lease_no,
        from_us(run_at),
        maybe_time(times[0]),
        maybe_time(times[1]),
        None if worker is None else str(UUID(bytes=worker)),
        maybe_bytes(progress),
        maybe_time(cancel_at),
        queue,
        priority,
    )
