"""The audit on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from taskflowmq.core.audit import Act, AuditPage, AuditQuery
from taskflowmq.stores.common.audit import act_row, maybe_ascii, page_of
from taskflowmq.stores.postgres.pool import Pool
from taskflowmq.stores.postgres.queries import q


async def append_act(conn: Any, now: datetime | None, act: Act) -> None:
    """Add an act to the audit, in the open transaction of a connection: the one in which it is done.

    Args:
        conn: of the store's pool.
        now: of the clock that stands in for the database's, or None.
        act: what is done.
    """
    await conn.fetch(q.append_act, now, *act_row(act))


class _Left(Exception):
    """A statement found nothing to change, so that nothing may be kept of those before it."""


async def write_with_act(
    pool: Pool, now: datetime | None, statement: str, args: Sequence[Any], act: Act | None
) -> bool:
    """Run a statement that returns a row if it changed something, with its act if there is one; tell whether it did.

    Without an act it is one statement; without a change nothing is added.
    """
    return await write_with_acts(pool, now, [(statement, *args)], [] if act is None else [act])


async def write_with_acts(
    pool: Pool, now: datetime | None, statements: Sequence[tuple[Any, ...]], acts: Sequence[Act]
) -> bool:
    """Run statements that each return a row if they changed something, all or none, with their acts.

    Args:
        pool: where to.
        now: of the clock that stands in for the database's, or None.
        statements: each with its arguments; one alone without an act needs no transaction.
        acts: what is added to the audit in the same transaction.

    Returns:
        Whether all changed something; otherwise nothing was changed or added.
    """
    if len(statements) == 1 and not acts:
        return await pool.fetchrow(*statements[0]) is not None

    async def together(conn: Any) -> None:
        async with conn.transaction():
            for statement in statements:
                if await conn.fetchrow(*statement) is None:
                    raise _Left
            for act in acts:
                await append_act(conn, now, act)

    try:
        await pool.run(together)
    except _Left:
        return False
    return True


class PostgresAudit:
    """Implements :class:`~taskflowmq.ports.store.Audit`."""

    def __init__(self, pool: Pool, now: Callable[[], datetime | None]) -> None:
        self._pool = pool
        self._now = now

    async def add(self, act: Act) -> None:
        """Add an act that changes nothing in the store."""
        await self._pool.run(lambda conn: append_act(conn, self._now(), act))

    async def list_acts(self, query: AuditQuery, *, limit: int, below: int | None) -> AuditPage:
        """Return acts of a tenant, newest first."""
        wanted = (query.tenant, below, limit + 1, maybe_ascii(query.actor), query.action, query.after, query.before)
        if query.object is not None:
            rows = await self._pool.fetch(q.list_acts_of, *wanted, maybe_ascii(query.object))
        elif query.actor is not None:
            rows = await self._pool.fetch(q.list_acts_by, *wanted)
        elif query.action is not None:
            rows = await self._pool.fetch(q.list_acts_named, *wanted[:3], *wanted[4:])
        else:
            rows = await self._pool.fetch(q.list_acts, *wanted[:3], *wanted[5:])
        return page_of(((row["id"], row["at"], row["details"]) for row in rows), limit)

    async def prune(self, age_ms: int, limit: int) -> int:
        """Delete acts of all tenants that are at least so old; return how many."""
        count: int = await self._pool.fetchval(q.prune_acts, self._now(), age_ms, limit)
        return count
