"""The audit in a SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from taskflowmq.core.audit import Act, AuditPage, AuditQuery
from taskflowmq.stores.common.audit import act_row, maybe_ascii, page_of
from taskflowmq.stores.sqlite.queries import q
from taskflowmq.stores.sqlite.reader import Reader
from taskflowmq.stores.sqlite.rows import from_us, to_us
from taskflowmq.stores.sqlite.writer import Writer


def append_act(conn: sqlite3.Connection, now: int, act: Act) -> None:
    """Add an act to the audit, in the open transaction of a connection: the one in which it is done.

    Args:
        conn: of the writer.
        now: in microseconds.
        act: what is done.
    """
    conn.execute(q.append_act, {"now": now, **act_row(act)._asdict()})


class SqliteAudit:
    """Implements :class:`~taskflowmq.ports.store.Audit`."""

    def __init__(self, writer: Writer, reader: Reader, now: Callable[[], int]) -> None:
        self._writer = writer
        self._reader = reader
        self._now = now

    async def add(self, act: Act) -> None:
        """Add an act that changes nothing in the store."""
        await self._writer.run(lambda conn: append_act(conn, self._now(), act))

    async def list_acts(self, query: AuditQuery, *, limit: int, below: int | None) -> AuditPage:
        """Return acts of a tenant, newest first."""
        params = {
            "tenant": query.tenant,
            "below": below,
            "limit": limit + 1,
            "actor": maybe_ascii(query.actor),
            "action": query.action,
            "after": None if query.after is None else to_us(query.after),
            "before": None if query.before is None else to_us(query.before),
            "object": maybe_ascii(query.object),
        }
        if query.object is not None:
            statement = q.list_acts_of
        elif query.actor is not None:
            statement = q.list_acts_by
        else:
            statement = q.list_acts if query.action is None else q.list_acts_named
        rows: list[Any] = await self._reader.run(lambda conn: conn.execute(statement, params).fetchall())
        return page_of(((number, from_us(at), details) for number, at, details in rows), limit)

    async def prune(self, age_ms: int, limit: int) -> int:
        """Delete acts of all tenants that are at least so old; return how many."""
        params = {"until": self._now() - 1000 * age_ms, "limit": limit}
        return await self._writer.run(lambda conn: conn.execute(q.prune_acts, params).rowcount)
