"""The history of jobs in a SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from taskflowmq.core.history import By, Figures, encode, joined
from taskflowmq.core.job import JobKind
from taskflowmq.ports.store import HistoryQuery, StepFigures
from taskflowmq.stores.common.history import CommonHistory, as_rows, read_steps
from taskflowmq.stores.sqlite.names import find_tenant
from taskflowmq.stores.sqlite.queries import q
from taskflowmq.stores.sqlite.reader import Reader
from taskflowmq.stores.sqlite.rows import from_us, minute_of, to_json, to_us
from taskflowmq.stores.sqlite.writer import Writer

_SECOND_US = 1_000_000


class SqliteHistory(CommonHistory):
    """Implements :class:`~taskflowmq.ports.store.History`."""

    def __init__(self, writer: Writer, readers: tuple[Reader, Reader], now: Callable[[], int]) -> None:
        self._writer = writer
        self._reader, self._slow = readers
        self._now = now

    async def now(self) -> datetime:
        """Return the time by which figures are appended."""
        return from_us(self._now())

    async def append(self, writer: UUID, figures: Mapping[JobKind, Figures], *, age_ms: int = 0) -> None:
        """Append figures to the minute of ``age_ms`` ago, by the store's clock."""
        if figures:
            params = {
                "minute": minute_of(self._now() - 1000 * age_ms),
                "writer": writer.bytes,
                "rows": to_json(as_rows(figures)),
            }
            await self._writer.run(lambda conn: conn.execute(q.append_figures, params).close())

    async def read(self, query: HistoryQuery) -> list[StepFigures]:
        """Return the figures of a tenant by step and name, in any order."""
        params = {
            "since": to_us(query.since),
            "until": to_us(query.until),
            "step": query.step_s * _SECOND_US,
            **_by(query.by, query.names),
        }
        statement = q.read_node_figures if query.by == By.NODE else q.read_figures
        return read_steps(await self._slow.run(lambda conn: _of_tenant(conn, statement, query.tenant, params)))

    async def read_backlog(
        self, tenant: str, minutes: Sequence[datetime], by: By, names: tuple[str, ...] | None = None
    ) -> dict[datetime, dict[str | None, int]]:
        """Return how many of a tenant's jobs were ready at the start of minutes, by name."""
        if by == By.NODE:
            return {}
        params = {"minutes": to_json([to_us(minute) for minute in minutes]), **_by(by, names)}
        found = await self._reader.run(lambda conn: _of_tenant(conn, q.read_backlog, tenant, params))
        rows: list[tuple[int, str | None, int, int]] = msgspec.json.decode(found or "[]")
        counted: dict[int, dict[str | None, int]] = {minute: {} for minute, _, _, is_sum in rows if is_sum}
        for minute, name, ready, is_sum in rows:
            if not is_sum and minute in counted:
                counted[minute][name] = ready
        return {from_us(minute): ready for minute, ready in counted.items()}

    async def _count_backlog(self, minute: datetime) -> None:
        # Counting reads every ready job: not under the write lock.
        text = await self._reader.run(lambda conn: conn.execute(q.sum_ready_jobs).fetchone()[0])
        counted: list[tuple[int, int, int]] = msgspec.json.decode(text)
        counted.append((0, 0, sum(jobs for _, _, jobs in counted)))
        params = {"minute": to_us(minute), "counted": to_json(counted)}
        await self._writer.run(lambda conn: conn.execute(q.count_backlog, params).close())

    async def _join(self, span_s: int, until: datetime, most_s: int, spans: tuple[int, ...]) -> int:
        due = _Due(span_s * _SECOND_US, to_us(until), most_s * _SECOND_US, spans)
        # Another process may join them first, so the writer reads again.
        if await self._reader.run(due.first) is None:
            return 0
        return await self._writer.run(lambda conn: _join_on(conn, due))

    async def _prune(self, until: datetime, hours_until: datetime, limit: int) -> int:
        params = {"until": to_us(until), "hours_until": to_us(hours_until), "limit": limit}
        statements = (q.prune_figures, q.prune_node_figures, q.prune_backlog)
        return await self._writer.run(lambda conn: sum(conn.execute(one, params).rowcount for one in statements))


def _by(by: By, names: tuple[str, ...] | None) -> dict[str, Any]:
    return {"by": by, "names": None if names is None else to_json(names)}


def _of_tenant(conn: sqlite3.Connection, statement: str, tenant: str, params: dict[str, Any]) -> str | None:
    found = find_tenant(conn, tenant)
    text: str | None = conn.execute(statement, {**params, "tenant_id": None if found is None else found.id}).fetchone()[
        0
    ]
    return text


class _Due(NamedTuple):
    """Which figures are to be joined. Times are microseconds."""

    span: int
    until: int
    most: int
    #: Of rows that are not joined yet, in seconds.
    spans: tuple[int, ...]

    def first(self, conn: sqlite3.Connection) -> int | None:
        """Return the first minute that has such figures."""
        params = {"until": self.until, "spans": to_json(self.spans)}
        first: int | None = conn.execute(q.find_due_figures, params).fetchone()[0]
        return first


class _Parts(msgspec.Struct, array_like=True, gc=False):
    """A row of ``read_due_figures``."""

    step: int
    queue_id: int
    task_id: int
    parts: list[Figures]


class _NodeParts(msgspec.Struct, array_like=True, gc=False):
    """A row of ``read_due_node_figures``."""

    step: int
    tenant_id: int
    node: str
    parts: list[Figures]


_decode_parts = msgspec.json.Decoder(list[_Parts]).decode
_decode_node_parts = msgspec.json.Decoder(list[_NodeParts]).decode


def _join_on(conn: sqlite3.Connection, due: _Due) -> int:
    """Join figures; all in one transaction, so each is in one row before and after."""
    first = due.first(conn)
    if first is None:
        return 0
    since, span_s = first // due.span * due.span, due.span // _SECOND_US
    bounds = {
        "since": since,
        "until": min(since + due.most, due.until),
        "spans": to_json((*due.spans, span_s)),
    }
    (text,) = conn.execute(q.read_due_figures, {**bounds, "step": due.span}).fetchone()
    # Who appended a row is known until it is joined.
    (node_text,) = conn.execute(q.read_due_node_figures, {**bounds, "step": due.span}).fetchone()
    gone: int = conn.execute(q.delete_due_figures, bounds).rowcount
    conn.execute(q.delete_due_node_figures, bounds)
    rows = [
        (one.step * due.span, one.queue_id, one.task_id, encode(joined(one.parts)).decode())
        for one in _decode_parts(text)
    ]
    conn.execute(q.insert_joined, {"span": span_s, "rows": to_json(rows)})
    if node_text is not None:
        of_nodes = [
            (one.step * due.span, one.tenant_id, one.node, encode(joined(one.parts)).decode())
            for one in _decode_node_parts(node_text)
        ]
        conn.execute(q.insert_joined_nodes, {"span": span_s, "rows": to_json(of_nodes)})
    return gone
