"""Saved views, in the model."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from tests.simulation.rows import Data

from taskflowmq.core.audit import Action, Caller
from taskflowmq.core.views import MAX_VIEWS, SHARED, SavedView, ViewChange, ViewContent, content_of, scope_of
from taskflowmq.stores.common.audit import view_act
from taskflowmq.stores.common.views import by_name, is_taken, too_many_views, view_row


class ModelViews:
    """Views by tenant and id."""

    def __init__(self, data: Data, now: Callable[[], datetime]) -> None:
        self._data, self._now = data, now

    async def list_views(self, tenant: str, owner: str | None) -> list[SavedView]:
        mine = [view for (of, _), view in self._data.views.items() if of == tenant]
        return by_name(view for view in mine if owner is None or _scope(view) in (owner, SHARED))

    async def add(self, tenant: str, view_id: UUID, content: ViewContent, *, by: Caller) -> SavedView:
        known = self._data.views.get((tenant, view_id))
        if known is not None:
            return known
        now = self._now()
        view = _saved(content, view_id, by.actor, now, now)
        self._check_name(tenant, view)
        if sum(of == tenant and _scope(view) == _scope(one) for (of, _), one in self._data.views.items()) >= MAX_VIEWS:
            raise too_many_views(view_row(view, view.owner))
        self._data.views[tenant, view_id] = view
        self._data.note(now, view_act(Action.VIEW_CREATE, view_id, by, after=content))
        return view

    async def change(
        self, tenant: str, view_id: UUID, change: ViewChange, *, by: Caller, scopes: Collection[str] | None
    ) -> SavedView | None:
        before = self._writable(tenant, view_id, scopes)
        if before is None:
            return None
        now, content = self._now(), change(content_of(before))
        view = _saved(content, view_id, before.owner, before.created_at, now)
        self._check_name(tenant, view)
        self._data.views[tenant, view_id] = view
        self._data.note(now, view_act(Action.VIEW_CHANGE, view_id, by, before, content))
        return view

    async def delete(self, tenant: str, view_id: UUID, *, by: Caller, scopes: Collection[str] | None) -> bool:
        before = self._writable(tenant, view_id, scopes)
        if before is None:
            return False
        del self._data.views[tenant, view_id]
        self._data.note(self._now(), view_act(Action.VIEW_DELETE, view_id, by, before))
        return True

    def _writable(self, tenant: str, view_id: UUID, scopes: Collection[str] | None) -> SavedView | None:
        view = self._data.views.get((tenant, view_id))
        return view if view is not None and (scopes is None or _scope(view) in scopes) else None

    def _check_name(self, tenant: str, new: SavedView) -> None:
        for (of, _), one in self._data.views.items():
            if of == tenant and one.id != new.id and (_scope(one), one.name) == (_scope(new), new.name):
                raise is_taken(view_row(new, new.owner))


def _scope(view: SavedView) -> str:
    return scope_of(view.owner, shared=view.shared)


def _saved(content: ViewContent, view_id: UUID, owner: str, created_at: datetime, changed_at: datetime) -> SavedView:
    fields: dict[str, Any] = {name: getattr(content, name) for name in ViewContent.__struct_fields__}
    return SavedView(id=view_id, owner=owner, created_at=created_at, changed_at=changed_at, **fields)
