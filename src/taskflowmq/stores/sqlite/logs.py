"""Log lines of jobs in a SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from taskflowmq.core.job_logs import LogCursor, LogLine, LogPage, LogQuery, NewLines
from taskflowmq.stores.common.logs import late_claims, page_of, trimmed
from taskflowmq.stores.sqlite.queries import q
from taskflowmq.stores.sqlite.reader import Reader
from taskflowmq.stores.sqlite.rows import from_us, join_ids, maybe_bytes, to_json
from taskflowmq.stores.sqlite.writer import Writer


class SqliteLogs:
    """Implements :class:`~taskflowmq.ports.store.Logs`."""

    def __init__(self, writer: Writer, reader: Reader, now: Callable[[], int]) -> None:
        self._writer = writer
        self._reader = reader
        self._now = now

    async def append(self, attempts: Sequence[NewLines]) -> None:
        """Store lines, and delete those that make room for them."""
        rows = [
            (at, one.lease_no, seq, one.round, one.attempt, age_us, line.level, line.message, _text(line.fields))
            for at, one in enumerate(attempts)
            for seq, age_us, line in one.lines
        ]
        params = {"ids": join_ids(one.job_id for one in attempts), "rows": to_json(rows), "now": self._now()}

        def write(conn: sqlite3.Connection) -> None:
            conn.execute(q.append_lines, params).close()
            for one in trimmed(attempts):
                bounds = {"keep_to": one.keep_to, "keep_from": one.keep_from}
                conn.execute(q.trim_lines, {**_fence(one), **bounds}).close()
            for one in late_claims(attempts):
                conn.execute(q.forget_lines, _fence(one)).close()

        await self._writer.run(write)

    async def read(self, tenant: str, job_id: UUID, query: LogQuery, *, counts: bool = True) -> LogPage:
        """Return lines of a job in the order of their attempts and numbers."""
        lease_no, seq = (0, 0) if query.after is None else query.after
        which = {"tenant": tenant, "job_id": job_id.bytes, "attempt": query.attempt, "round": query.round}
        params = {
            **which,
            "lease_no": lease_no,
            "seq": seq,
            "level": query.level,
            "text": query.text,
            "limit": query.limit + 1,
        }

        def read(conn: sqlite3.Connection) -> tuple[list[Any], tuple[int, int]]:
            counted = conn.execute(q.count_lines, which).fetchone() if counts else (0, 0)
            return conn.execute(q.read_lines, params).fetchall(), counted

        rows, counted = await self._reader.run(read)
        return page_of([_line(row) for row in rows], query, *counted)

    async def last(self, tenant: str, job_id: UUID) -> LogCursor | None:
        """Return the place of a job's last line; None: nothing is stored."""
        params = {"tenant": tenant, "job_id": job_id.bytes}
        row = await self._reader.run(lambda conn: conn.execute(q.find_last_line, params).fetchone())
        return None if row is None else LogCursor(*row)


def _fence(one: NewLines) -> dict[str, Any]:
    return {"job_id": one.job_id.bytes, "lease_no": one.lease_no}


def _text(fields: bytes | None) -> str | None:
    return None if fields is None else fields.decode()


def _line(row: Sequence[Any]) -> LogLine:
    lease_no, round_no, attempt, seq, at, level, message, fields = row
    return LogLine(
        lease_no=lease_no,
        round=round_no,
        attempt=attempt,
        seq=seq,
        at=from_us(at),
        level=level,
        message=message,
        raw_fields=maybe_bytes(fields),
    )
