"""Small reads that a viewer repeats."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg

from taskflowmq.core.feed import JobProbe, PageProbe
from taskflowmq.core.job import JobFilter, Reason, State
from taskflowmq.ports.store import PROBE_S
from taskflowmq.stores.postgres import errors
from taskflowmq.stores.postgres.jobs import PostgresJobs
from taskflowmq.stores.postgres.pool import Pool, Row
from taskflowmq.stores.postgres.queries import q

#: The functions of the WAL are missing or not permitted: databases that are PostgreSQL in most respects only.
_NO_REVISION = frozenset({"42501", "42883", "0A000", "55000"})
_log = logging.getLogger("taskflowmq.stores.postgres")


class PostgresProbes:
    """Probes on PostgreSQL."""

    #: A commit moves the position in the WAL before it waits for the disk, and for replicas; only then it is visible.
    visible_after_s = 2.0

    def __init__(self, pool: Pool, jobs: PostgresJobs) -> None:
        self._pool = pool
        self._jobs = jobs
        self._has_revision = True

    async def revision(self) -> str | None:
        """Return a value that differs from the one before if something was committed since; None: unknown."""
        return await self._pool.run(self._read_revision) if self._has_revision else None

    async def _read_revision(self, conn: Any) -> str | None:
        try:
            found: str | None = await conn.fetchval(q.read_revision)
        except asyncpg.PostgresError as error:
            if errors.code_of(error) not in _NO_REVISION:
                raise
            self._has_revision = False
            _log.info("the database does not say whether anything was written, so every tick of a feed asks: %s", error)
            return None
        return found

    async def probe_jobs(self, tenant: str, job_ids: Sequence[UUID]) -> list[JobProbe]:
        """Return what moves of the jobs that exist among the ids, in id order."""
        return [_probe(row) for row in await self._pool.fetch(q.probe_jobs, tenant, sorted(set(job_ids)))]

    async def probe_page(self, query: JobFilter, limit: int) -> PageProbe:
        """Return the ids of the newest jobs that fit."""
        found = await self._jobs.find_ids(query, limit, seconds=PROBE_S)
        return PageProbe(tuple(found.ids[:limit]), found.ids[limit - 1] if len(found.ids) > limit else found.last)


def _probe(row: Row) -> JobProbe:
    return JobProbe(
        row["id"],
        State(row["state"]),
        Reason(row["reason"]) if row["reason"] else None,
        row["round"],
        row["attempt"],
        row["lease_no"],
        row["run_at"],
        row["started_at"],
        row["finished_at"],
        str(row["worker_id"]) if row["worker_id"] else None,
        row["progress"],
        row["cancel_requested_at"],
        row["queue"],
        row["priority"],
    )
