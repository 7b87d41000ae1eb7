"""Saved views, as far as both engines do the same: what a row holds, and why a view is refused."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from taskflowmq.core.errors import Conflict
from taskflowmq.core.views import MAX_VIEWS, SHARED, SavedView, ViewContent, scope_of
from taskflowmq.stores.common.audit import ascii_text


class ViewRow(NamedTuple):
    """What is stored of a view. The columns by which rows are found are ASCII, which every database can hold."""

    scope: str
    name: str
    owner: str
    #: The content, with the owner, as JSON in ASCII.
    content: str


class _Stored(ViewContent, frozen=True, kw_only=True):
    owner: str


def view_row(content: ViewContent, owner: str) -> ViewRow:
    """Return what is stored of a view."""
    text = json.dumps(msgspec.to_builtins(content) | {"owner": owner}, separators=(",", ":"))
    scope = ascii_text(scope_of(owner, shared=content.shared))
    return ViewRow(scope, ascii_text(content.name), ascii_text(owner), text)


def view_of(view_id: UUID, content: str, created_at: datetime, changed_at: datetime) -> SavedView:
    """Return a view from what is stored of it."""
    stored = msgspec.json.decode(content, type=_Stored)
    fields: dict[str, Any] = {name: getattr(stored, name) for name in stored.__struct_fields__}
    return SavedView(id=view_id, created_at=created_at, changed_at=changed_at, **fields)


def by_name(views: Iterable[SavedView]) -> list[SavedView]:
    """Return views in the order in which a reader looks for them."""
    return sorted(views, key=lambda one: (one.name.casefold(), one.name, one.id))


def scopes_read(owner: str | None) -> list[str] | None:
    """Return whose views a reader has, as their column says it; None: everyone's."""
    return None if owner is None else [SHARED, ascii_text(owner)]


def is_taken(row: ViewRow) -> Conflict:
    """Return the refusal of a view whose name another one has."""
    whose = "a shared view" if row.scope == SHARED else "an own view"
    return Conflict(f"{whose} is named {row.name!r} already: choose another name, or change that view")


def too_many_views(row: ViewRow) -> Conflict:
    """Return the refusal of one view more than there may be."""
    whose = "shared views" if row.scope == SHARED else "own views"
    return Conflict(f"there are {MAX_VIEWS} {whose} already: delete one first")
