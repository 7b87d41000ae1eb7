"""The history of jobs on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from taskflowmq.core.history import By, Figures, decode_list, encode, joined
from taskflowmq.core.job import JobKind
from taskflowmq.ports.store import HistoryQuery, StepFigures
from taskflowmq.stores.common.history import CommonHistory, as_rows, read_steps
from taskflowmq.stores.postgres.names import Names
from taskflowmq.stores.postgres.pool import Pool
from taskflowmq.stores.postgres.queries import q


class PostgresHistory(CommonHistory):
    """History on PostgreSQL."""

    def __init__(self, pool: Pool, names: Names, now: Callable[[], datetime | None]) -> None:
        self._pool = pool
        self._names = names
        self._now = now

    async def now(self) -> datetime:
        """Return the time by which figures are appended."""
        now: datetime = await self._pool.fetchval(q.read_now, self._now())
        return now

    async def append(self, writer: UUID, figures: Mapping[JobKind, Figures], *, age_ms: int = 0) -> None:
        """Append figures to the minute of ``age_ms`` ago, by the store's clock."""
        if figures:
            columns = [list(column) for column in zip(*as_rows(figures), strict=True)]
            await self._pool.fetch(q.append_figures, self._now(), age_ms, writer, *columns)

    async def read(self, query: HistoryQuery) -> list[StepFigures]:
        """Return the figures of a tenant by step and name, in any order."""
        tenant_id = await self._names.tenant(query.tenant)
        if tenant_id is None:
            return []
        names = None if query.names is None else list(query.names)
        span = (query.since, query.until, query.step_s)
        if query.by == By.NODE:
            return read_steps(await self._pool.fetchval(q.read_node_figures, tenant_id, *span, names))
        return read_steps(await self._pool.fetchval(q.read_figures, tenant_id, *span, query.by, names))

    async def read_backlog(
        self, tenant: str, minutes: Sequence[datetime], by: By, names: tuple[str, ...] | None = None
    ) -> dict[datetime, dict[str | None, int]]:
        """Return how many of a tenant's jobs were ready at the start of minutes, by name."""
        if by == By.NODE:
            return {}
        tenant_id = await self._names.tenant(tenant)
        wanted = (list(minutes), by, None if names is None else list(names))
        rows = await self._pool.fetch(q.read_backlog, tenant_id, *wanted)
        found: dict[datetime, dict[str | None, int]] = {row["minute"]: {} for row in rows if row["counted"]}
        for row in rows:
            if not row["counted"] and row["minute"] in found:
                found[row["minute"]][row["name"]] = row["ready"]
        return found

    async def _count_backlog(self, minute: datetime) -> None:
        await self._pool.fetch(q.count_backlog, minute)

    async def _join(self, span_s: int, until: datetime, most_s: int, spans: tuple[int, ...]) -> int:
        return await self._pool.run(lambda conn: _join_on(conn, span_s, until, most_s, list(spans)))

    async def _prune(self, until: datetime, hours_until: datetime, limit: int) -> int:
        gone = 0
        for statement, *args in (
            (q.prune_figures, until, limit),
            (q.prune_node_figures, until, limit),
            (q.prune_backlog, until, hours_until),
        ):
            gone += await self._pool.run(partial(_delete, statement, args))
        return gone


async def _delete(statement: str, args: Sequence[Any], conn: Any) -> int:
    """Return how many rows a statement deleted, by its tag: ``DELETE 7``."""
    status: str = await conn.execute(statement, *args)
    return int(status.rpartition(" ")[2])


async def _join_on(conn: Any, span_s: int, until: datetime, most_s: int, spans: list[int]) -> int:
    async with conn.transaction():
        rows = await conn.fetch(q.take_due_figures, span_s, until, most_s, spans)
        of_kinds = [row for row in rows if row["node"] is None]
        of_nodes = [row for row in rows if row["node"] is not None]
        if of_kinds:
            await conn.fetch(q.insert_joined, span_s, *_columns(of_kinds, "at", "queue_id", "task_id"))
        if of_nodes:
            await conn.fetch(q.insert_joined_nodes, span_s, *_columns(of_nodes, "at", "tenant_id", "node"))
    return sum(row["rows"] for row in rows)


def _columns(rows: Sequence[Any], *names: str) -> list[list[Any]]:
    """Return the columns of rows to insert: where they belong, and their figures added up."""
    counts = [encode(joined(decode_list(row["figures"]))).decode() for row in rows]
    return [*([row[name] for row in rows] for name in names), counts]
