"""Saved views in a SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection
from typing import Any
from uuid import UUID

from taskflowmq.core.audit import Action, Caller
from taskflowmq.core.views import MAX_VIEWS, SavedView, ViewChange, ViewContent, content_of
from taskflowmq.stores.common.audit import ascii_text, view_act
from taskflowmq.stores.common.views import by_name, is_taken, scopes_read, too_many_views, view_of, view_row
from taskflowmq.stores.sqlite.audit import append_act
from taskflowmq.stores.sqlite.queries import q
from taskflowmq.stores.sqlite.reader import Reader
from taskflowmq.stores.sqlite.rows import from_us, to_json, to_us
from taskflowmq.stores.sqlite.writer import Writer


class SqliteViews:
    """Implements :class:`~taskflowmq.ports.store.Views`."""

    def __init__(self, writer: Writer, reader: Reader, now: Callable[[], int]) -> None:
        self._writer = writer
        self._reader = reader
        self._now = now

    async def list_views(self, tenant: str, owner: str | None) -> list[SavedView]:
        """Return the shared views and those of an owner, by name; None: those of all owners."""
        scopes = scopes_read(owner)
        params = {"tenant": tenant, "scopes": None if scopes is None else to_json(scopes)}
        rows: list[Any] = await self._reader.run(lambda conn: conn.execute(q.list_views, params).fetchall())
        return by_name(map(_view, rows))

    async def add(self, tenant: str, view_id: UUID, content: ViewContent, *, by: Caller) -> SavedView:
        """Keep a view of the caller. Repeating it with the same id returns what was kept first."""
        row = view_row(content, by.actor)
        params = {"id": view_id.bytes, "tenant": tenant, **row._asdict(), "most": MAX_VIEWS}

        def write(conn: sqlite3.Connection) -> SavedView:
            now = self._now()
            if conn.execute(q.insert_view, {**params, "now": now}).fetchall():
                append_act(conn, now, view_act(Action.VIEW_CREATE, view_id, by, after=content))
            stored = conn.execute(q.read_view, params).fetchone()
            if stored is None:
                raise is_taken(row) if conn.execute(q.find_named_view, params).fetchone() else too_many_views(row)
            return _view(stored)

        return await self._writer.run(write)

    async def change(
        self, tenant: str, view_id: UUID, change: ViewChange, *, by: Caller, scopes: Collection[str] | None
    ) -> SavedView | None:
        """Change the content of a view as it is under its lock; it keeps its owner. None if there is no such view."""
        params = {"id": view_id.bytes, "tenant": tenant}

        def write(conn: sqlite3.Connection) -> SavedView | None:
            before = _writable(conn.execute(q.read_view, params).fetchone(), scopes)
            if before is None:
                return None
            content, now = change(content_of(before)), self._now()
            row = view_row(content, before.owner)
            more = {"created_at": to_us(before.created_at), "now": now}
            conn.execute(q.delete_view, params)
            if not conn.execute(q.put_view, {**params, **row._asdict(), **more}).fetchall():
                raise is_taken(row)
            append_act(conn, now, view_act(Action.VIEW_CHANGE, view_id, by, before, content))
            return _view(conn.execute(q.read_view, params).fetchone())

        return await self._writer.run(write)

    async def delete(self, tenant: str, view_id: UUID, *, by: Caller, scopes: Collection[str] | None) -> bool:
        """Delete a view; False if there is no such view."""
        params = {"id": view_id.bytes, "tenant": tenant}

        def write(conn: sqlite3.Connection) -> bool:
            before = _writable(conn.execute(q.read_view, params).fetchone(), scopes)
            if before is None:
                return False
            conn.execute(q.delete_view, params)
            append_act(conn, self._now(), view_act(Action.VIEW_DELETE, view_id, by, before))
            return True

        return await self._writer.run(write)


def _writable(row: Any, scopes: Collection[str] | None) -> SavedView | None:
    if row is None or (scopes is not None and row[-1] not in map(ascii_text, scopes)):
        return None
    return _view(row)


def _view(row: Any) -> SavedView:
    number, content, created_at, changed_at = row[:4]
    return view_of(UUID(bytes=number), content, from_us(created_at), from_us(changed_at))
