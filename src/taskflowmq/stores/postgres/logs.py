"""Log lines of jobs on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from taskflowmq.core.job_logs import LogCursor, LogLine, LogPage, LogQuery, NewLines
from taskflowmq.stores.common.logs import late_claims, page_of, trimmed
from taskflowmq.stores.postgres.pool import Pool
from taskflowmq.stores.postgres.queries import q


class PostgresLogs:
    """Logs on PostgreSQL."""

    def __init__(self, pool: Pool, now: Callable[[], datetime | None]) -> None:
        self._pool = pool
        self._now = now

    async def append(self, attempts: Sequence[NewLines]) -> None:
        """Store lines, and delete those that make room for them."""
        ordered = sorted(attempts, key=lambda one: (one.job_id, one.lease_no))
        await self._pool.run(lambda conn: _append_on(conn, self._now(), ordered))

    async def read(self, tenant: str, job_id: UUID, query: LogQuery, *, counts: bool = True) -> LogPage:
        """Return lines of a job in the order of their attempts and numbers."""
        after = (0, 0) if query.after is None else query.after
        only = (query.attempt, query.round)
        rows = await self._pool.fetch(
            q.read_lines, tenant, job_id, *after, query.level, query.text, *only, query.limit + 1
        )
        counted = await self._pool.fetchrow(q.count_lines, tenant, job_id, *only) if counts else (0, 0)
        return page_of([_line(row) for row in rows], query, *counted)

    async def last(self, tenant: str, job_id: UUID) -> LogCursor | None:
        """Return the place of a job's last line; None: nothing is stored."""
        row = await self._pool.fetchrow(q.find_last_line, tenant, job_id)
        return None if row is None else LogCursor(*row)


def _line(row: Any) -> LogLine:
    return LogLine(
        lease_no=row["lease_no"],
        round=row["round"],
        attempt=row["attempt"],
        seq=row["seq"],
        at=row["at"],
        level=row["level"],
        message=row["message"],
        raw_fields=row["fields"],
    )


async def _append_on(conn: Any, now: datetime | None, attempts: Sequence[NewLines]) -> None:
    rows = [
        (
            *(one.job_id, one.lease_no, seq, one.round, one.attempt, age_us, line.level, line.message),
            None if line.fields is None else line.fields.decode(),
        )
        for one in attempts
        for seq, age_us, line in one.lines
    ]
    async with conn.transaction():
        if rows:
            await conn.fetch(q.append_lines, now, *(list(column) for column in zip(*rows, strict=True)))
        if gone := trimmed(attempts):
            places = [(one.job_id, one.lease_no, one.keep_to, one.keep_from) for one in gone]
            await conn.fetch(q.trim_lines, *(list(column) for column in zip(*places, strict=True)))
        if late := late_claims(attempts):
            await conn.fetch(q.forget_lines, [one.job_id for one in late], [one.lease_no for one in late])
