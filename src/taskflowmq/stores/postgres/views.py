"""Saved views on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from taskflowmq.core.audit import Action, Caller
from taskflowmq.core.views import MAX_VIEWS, SavedView, ViewChange, ViewContent, content_of
from taskflowmq.stores.common.audit import ascii_text, view_act
from taskflowmq.stores.common.views import by_name, is_taken, scopes_read, too_many_views, view_of, view_row
from taskflowmq.stores.postgres.audit import append_act
from taskflowmq.stores.postgres.pool import Pool
from taskflowmq.stores.postgres.queries import q


class PostgresViews:
    """Implements :class:`~taskflowmq.ports.store.Views`."""

    def __init__(self, pool: Pool, now: Callable[[], datetime | None]) -> None:
        self._pool = pool
        self._now = now

    async def list_views(self, tenant: str, owner: str | None) -> list[SavedView]:
        """Return the shared views and those of an owner, by name; None: those of all owners."""
        rows = await self._pool.fetch(q.list_views, tenant, scopes_read(owner))
        return by_name(map(_view, rows))

    async def add(self, tenant: str, view_id: UUID, content: ViewContent, *, by: Caller) -> SavedView:
        """Keep a view of the caller. Repeating it with the same id returns what was kept first."""
        row = view_row(content, by.actor)

        async def write(conn: Any) -> SavedView:
            async with conn.transaction():
                if await conn.fetchrow(q.insert_view, self._now(), view_id, tenant, *row, MAX_VIEWS) is not None:
                    await append_act(conn, self._now(), view_act(Action.VIEW_CREATE, view_id, by, after=content))
                stored = await conn.fetchrow(q.read_view, tenant, view_id)
                if stored is None:
                    named = await conn.fetchrow(q.find_named_view, tenant, row.scope, row.name)
                    raise too_many_views(row) if named is None else is_taken(row)
                return _view(stored)

        return await self._pool.run(write)

    async def change(
        self, tenant: str, view_id: UUID, change: ViewChange, *, by: Caller, scopes: Collection[str] | None
    ) -> SavedView | None:
        """Change the content of a view as it is under its lock; it keeps its owner. None if there is no such view."""

        async def write(conn: Any) -> SavedView | None:
            async with conn.transaction():
                before = _writable(await _lock(conn, tenant, view_id), scopes)
                if before is None:
                    return None
                content = change(content_of(before))
                row = view_row(content, before.owner)
                await conn.execute(q.delete_view, tenant, view_id)
                again = (self._now(), view_id, tenant, *row, before.created_at)
                if await conn.fetchrow(q.put_view, *again) is None:
                    raise is_taken(row)
                await append_act(conn, self._now(), view_act(Action.VIEW_CHANGE, view_id, by, before, content))
                return _view(await conn.fetchrow(q.read_view, tenant, view_id))

        return await self._pool.run(write)

    async def delete(self, tenant: str, view_id: UUID, *, by: Caller, scopes: Collection[str] | None) -> bool:
        """Delete a view; False if there is no such view."""

        async def write(conn: Any) -> bool:
            async with conn.transaction():
                before = _writable(await _lock(conn, tenant, view_id), scopes)
                if before is None:
                    return False
                await conn.execute(q.delete_view, tenant, view_id)
                await append_act(conn, self._now(), view_act(Action.VIEW_DELETE, view_id, by, before))
                return True

        return await self._pool.run(write)


async def _lock(conn: Any, tenant: str, view_id: UUID) -> Any:
    """Return the locked row of a view, or None.

    A change puts a view back as a new row, which a statement that has waited for the old one does not see: the next one
    does.
    """
    while (row := await conn.fetchrow(q.lock_view, tenant, view_id)) is None:
        if await conn.fetchrow(q.read_view, tenant, view_id) is None:
            return None
    return row


def _writable(row: Any, scopes: Collection[str] | None) -> SavedView | None:
    if row is None or (scopes is not None and row["scope"] not in map(ascii_text, scopes)):
        return None
    return _view(row)


def _view(row: Any) -> SavedView:
    return view_of(row["id"], row["content"], row["created_at"], row["changed_at"])
