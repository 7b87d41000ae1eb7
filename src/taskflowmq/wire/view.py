"""Saved views of the list of jobs in JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from taskflowmq.core.filter_text import MAX_FILTER
from taskflowmq.core.job import Sort
from taskflowmq.core.views import (
    BUILT_IN,
    COLUMNS,
    MAX_VIEW_NAME,
    BuiltInView,
    SavedView,
    ViewContent,
)
from taskflowmq.wire.audit import Reason
from taskflowmq.wire.kinds import Id, Time

Name = Annotated[str, Meta(min_length=1, max_length=MAX_VIEW_NAME, description="One line")]
Filter = Annotated[str, Meta(max_length=MAX_FILTER, description="Conditions, as of `GET /jobs?q=`; empty for all jobs")]
Span = Annotated[
    str | None,
    Meta(
        description="`15m`, `1h`, `6h`, `24h`, `7d`, `30d`, or `<from>..<to>`, of which one may be left out; null: any "
        "time. About the end of jobs where the filter asks for ended ones alone, otherwise about their creation"
    ),
]
Column = Literal["queue", "attempt", "wait", "run", "priority", "worker", "due", "ended"]
Columns = Annotated[list[Column] | None, Meta(description="Chosen columns; null: as the reader has chosen")]
Shared = Annotated[bool, Meta(description="For every reader of the tenant; needs the permission `views:share`")]


class ViewOut(msgspec.Struct, kw_only=True):
    """A view of the list of jobs."""

    id: Annotated[Id | None, Meta(description="Null of a built-in view")]
    key: Annotated[str | None, Meta(description="Of a built-in view: what it is called, stable, as `dead-letters`")]
    kind: Annotated[Literal["built_in", "shared", "own"], Meta(description="`built_in`: in every store, unchangeable")]
    name: Name
    filter: Filter
    sort: Sort
    range: Span
    columns: Columns
    owner: Annotated[str | None, Meta(description="Who made it; null of a built-in one")]
    created_at: Time | None
    changed_at: Time | None


class ViewList(msgspec.Struct, kw_only=True):
    """Every view that the caller may read: built-in ones, then shared and own ones by name."""

    items: list[ViewOut]


class ViewBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The request to keep a view."""

    name: Name
    filter: Filter = ""
    sort: Sort = Sort.NEWEST
    range: Span = None
    columns: Columns = None
    shared: Shared = False
    reason: Reason = None


class ViewChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The request to change a view; what is left out stays as it is."""

    name: Name | UnsetType = UNSET
    filter: Filter | UnsetType = UNSET
    sort: Sort | UnsetType = UNSET
    range: Span | UnsetType = UNSET
    columns: Columns | UnsetType = UNSET
    shared: Shared | UnsetType = UNSET
    reason: Reason = None


def fields_of(body: ViewBody | ViewChange) -> dict[str, Any]:
    """Return what a request gives of a view, as the arguments of ``core.views.check_view``."""
    given = {name: getattr(body, name) for name in ViewContent.__struct_fields__}
    return {name: value for name, value in given.items() if value is not UNSET}


def view_out(view: SavedView | BuiltInView) -> ViewOut:
    """Return the answer for a view."""
    columns: Any = None if view.columns is None else [one for one in view.columns if one in COLUMNS]
    shown = {"name": view.name, "filter": view.filter, "sort": view.sort, "range": view.range, "columns": columns}
    if isinstance(view, BuiltInView):
        return ViewOut(id=None, key=view.key, kind="built_in", owner=None, created_at=None, changed_at=None, **shown)
    return ViewOut(
        id=str(view.id),
        key=None,
        kind="shared" if view.shared else "own",
        owner=view.owner,
        created_at=view.created_at,
        changed_at=view.changed_at,
        **shown,
    )


def views_out(views: Iterable[SavedView]) -> ViewList:
    """Return the answer for all views of a reader."""
    readable: list[SavedView | BuiltInView] = [*BUILT_IN, *views]
    return ViewList(items=[view_out(one) for one in readable])
