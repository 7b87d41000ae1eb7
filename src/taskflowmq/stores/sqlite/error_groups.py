"""Groups of errors in a SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from taskflowmq.core.audit import Caller
from taskflowmq.core.error_groups import (
    MOST_DEAD,
    ErrorGroup,
    GroupCounts,
    GroupQuery,
    GroupRelease,
    GroupReleases,
    GroupState,
    Occurrences,
)
from taskflowmq.stores.common.audit import error_act
from taskflowmq.stores.common.error_groups import CommonErrors, small_letters, trend_of
from taskflowmq.stores.sqlite.audit import append_act
from taskflowmq.stores.sqlite.names import find_tenant
from taskflowmq.stores.sqlite.queries import q
from taskflowmq.stores.sqlite.reader import Reader
from taskflowmq.stores.sqlite.rows import from_us, join_ids, maybe_time, minute_of, to_json, to_us
from taskflowmq.stores.sqlite.writer import Writer

_SECOND_US = 1_000_000
#: A day but the present minute.
_TREND_US = 1_439 * 60 * _SECOND_US


class SqliteErrors(CommonErrors):
    """Implements :class:`~taskflowmq.ports.store.Errors`."""

    def __init__(self, writer: Writer, readers: tuple[Reader, Reader], now: Callable[[], int]) -> None:
        self._writer = writer
        self._reader, self._slow = readers
        self._now = now

    async def append(self, seen: Sequence[Occurrences], *, writer: UUID | None = None) -> None:
        """Append failures, of the release that a worker announced, and make the groups that are new."""
        if not seen:
            return
        now = self._now()
        rows = [
            (
                one.tenant,
                one.task,
                one.kind.fingerprint,
                one.kind.type,
                one.kind.message,
                one.count,
                now - 1000 * one.first_age_ms,
                now - 1000 * one.last_age_ms,
            )
            for one in seen
        ]
        ids = join_ids([one.job_id for one in seen])
        params = {"rows": to_json(rows), "ids": ids, "worker": None if writer is None else writer.bytes}

        def write(conn: sqlite3.Connection) -> None:
            conn.execute(q.add_groups, params).close()
            conn.execute(q.add_occurrences, params).close()

        await self._writer.run(write)

    async def count(self, tenant: str) -> GroupCounts:
        """Return how many groups a tenant has, by state."""
        now = self._now()

        def read(conn: sqlite3.Connection) -> tuple[int, int, int, int]:
            params = {"tenant_id": _tenant(conn, tenant), "now": now}
            found: tuple[int, int, int, int] = conn.execute(q.count_groups, params).fetchone()
            return found

        opened, resolved, muted, new = await self._slow.run(read)
        return GroupCounts(open=opened, resolved=resolved, muted=muted, new=new)

    async def releases(self, tenant: str, fingerprint: str, limit: int) -> GroupReleases:
        """Return in which releases a group occurred, the newest first; what is of no release last."""

        def read(conn: sqlite3.Connection) -> list[Any]:
            params = {"tenant_id": _tenant(conn, tenant), "fingerprint": fingerprint, "limit": limit}
            return conn.execute(q.read_group_releases, params).fetchall()

        found = await self._slow.run(read)
        items = [
            GroupRelease(name=name, count=count, first_at=from_us(first_at), last_at=from_us(last_at))
            for name, count, first_at, last_at, _ in found
        ]
        return GroupReleases(items, found[0][-1] if found else 0)

    async def mark(
        self, tenant: str, fingerprint: str, state: GroupState, *, by: Caller, until: datetime | None = None
    ) -> bool:
        """Put a group into a state, whatever it is in; False if there is no such group."""
        params = {
            "fingerprint": fingerprint,
            "state": state,
            "until": None if until is None else to_us(until),
            "actor": by.actor,
        }

        def write(conn: sqlite3.Connection) -> bool:
            more = {"tenant_id": _tenant(conn, tenant), "now": self._now()}
            found = bool(conn.execute(q.mark_group, {**params, **more}).fetchall())
            if found:
                append_act(conn, self._now(), error_act(fingerprint, state, until, by))
            return found

        return await self._writer.run(write)

    async def _time(self) -> datetime:
        return from_us(self._now())

    async def _read(self, query: GroupQuery, fingerprint: str | None) -> list[ErrorGroup]:
        now = self._now()
        value, after = query.after or (None, None)
        params = {
            "now": now,
            "since": minute_of(now) - _TREND_US,
            "fingerprint": fingerprint,
            "state": query.state,
            "task": query.task,
            "text": small_letters(query.text),
            "sort": query.sort,
            "limit": query.limit,
            "value": value,
            "after": after,
            "most_dead": MOST_DEAD,
        }

        def read(conn: sqlite3.Connection) -> list[Any]:
            return conn.execute(q.read_groups, {**params, "tenant_id": _tenant(conn, query.tenant)}).fetchall()

        return [_group(row) for row in await self._slow.run(read)]

    async def _join(self, span_s: int, until: datetime, most_s: int, spans: tuple[int, ...]) -> int:
        due = {"until": to_us(until), "spans": to_json(spans)}
        if await self._reader.run(lambda conn: _first(conn, due)) is None:
            return 0
        span, most = span_s * _SECOND_US, most_s * _SECOND_US
        return await self._writer.run(lambda conn: _join_on(conn, due, (span, most), (*spans, span_s)))

    async def _find_full(self, most: int) -> Sequence[tuple[int, str]]:
        def read(conn: sqlite3.Connection) -> list[tuple[int, str]]:
            return conn.execute(q.list_full_tenants, {"most": most}).fetchall()

        return await self._slow.run(read)

    async def _list_excess(self, tenant_id: int, most: int, limit: int) -> Sequence[tuple[str, str, str]]:
        params = {"now": self._now(), "tenant_id": tenant_id, "most": most, "limit": limit}

        def read(conn: sqlite3.Connection) -> list[tuple[str, str, str]]:
            return conn.execute(q.list_excess_groups, params).fetchall()

        return await self._slow.run(read)

    async def _delete(self, tenant_id: int, fingerprints: Sequence[str]) -> None:
        params = {"tenant_id": tenant_id, "fingerprints": to_json(fingerprints)}

        def delete(conn: sqlite3.Connection) -> None:
            for statement in (q.delete_occurrences, q.delete_groups):
                conn.execute(statement, params).close()

        await self._writer.run(delete)

    async def _prune(self, until: datetime, limit: int) -> int:
        params = {"until": to_us(until), "limit": limit}
        statements = (q.prune_occurrences, q.prune_groups)
        return await self._writer.run(lambda conn: sum(conn.execute(one, params).rowcount for one in statements))


def _tenant(conn: sqlite3.Connection, name: str) -> int | None:
    found = find_tenant(conn, name)
    return None if found is None else found.id


def _first(conn: sqlite3.Connection, due: dict[str, Any]) -> int | None:
    first: int | None = conn.execute(q.find_due_occurrences, due).fetchone()[0]
    return first


class _Joined(msgspec.Struct, array_like=True, gc=False):
    """A row of ``read_due_occurrences``."""

    step: int
    tenant_id: int
    fingerprint: str
    count: int
    fresh: int
    last_at: int
    job_id: str
    release_id: int | None


_decode_joined = msgspec.json.Decoder(list[_Joined]).decode


def _join_on(conn: sqlite3.Connection, due: dict[str, Any], sizes: tuple[int, int], spans: tuple[int, ...]) -> int:
    """Join counts; all in one transaction, so each is in one row before and after."""
    # Another process may have joined them since the reader found some.
    first = _first(conn, due)
    if first is None:
        return 0
    span, most = sizes
    since = first // span * span
    bounds = {"since": since, "until": min(since + most, due["until"]), "spans": to_json(spans)}
    (text,) = conn.execute(q.read_due_occurrences, {**bounds, "step": span}).fetchone()
    gone: int = conn.execute(q.delete_due_occurrences, bounds).rowcount
    ids = join_ids([UUID(one.job_id) for one in _decode_joined(text)])
    conn.execute(q.insert_joined_occurrences, {"rows": text, "ids": ids, "span": span // _SECOND_US, "step": span})
    conn.execute(q.add_to_groups, {"rows": text, "ids": ids})
    return gone


def _group(row: Any) -> ErrorGroup:
    (fingerprint, kind, message, task, state, first_at, last_at, count) = row[:8]
    (resolved_at, muted_until, changed_at, changed_by, trend, dead, job_id, new_in, resolved_release) = row[8:]
    return ErrorGroup(
        fingerprint=fingerprint,
        type=kind,
        message=message,
        task=task,
        state=GroupState(state),
        count=count,
        first_at=from_us(first_at),
        last_at=from_us(last_at),
        trend=trend_of(trend),
        dead=dead,
        job_id=UUID(bytes=job_id),
        resolved_at=maybe_time(resolved_at),
        muted_until=maybe_time(muted_until),
        changed_at=maybe_time(changed_at),
        changed_by=changed_by,
        new_in=new_in,
        resolved_release=resolved_release,
    )
