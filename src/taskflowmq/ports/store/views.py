"""Saved views of the list of jobs."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol
from uuid import UUID

from taskflowmq.core.audit import Caller
from taskflowmq.core.views import SavedView, ViewChange, ViewContent


class Views(Protocol):
    """Views, by tenant.

    Who may read or change one is decided before. Changes go by whose it is, so that a view that another caller has just
    made their own is not changed.
    """

    async def list_views(self, tenant: str, owner: str | None) -> list[SavedView]:
        """Return the shared views and those of an owner, by name; None: those of all owners."""
        ...

    async def add(self, tenant: str, view_id: UUID, content: ViewContent, *, by: Caller) -> SavedView:
        """Keep a view of the caller. Repeating it with the same id returns what was kept first.

        Raises:
            Conflict: another one has its name, or there are too many.
        """
        ...

    async def change(
        self, tenant: str, view_id: UUID, change: ViewChange, *, by: Caller, scopes: Collection[str] | None
    ) -> SavedView | None:
        """Change the content of a view as it is under its lock; it keeps its owner. None if there is no such view.

        Args:
            tenant, view_id: the view.
            change: returns the new content of the one that is kept now, so that no change undoes another one; it
                may be called again. What it raises is raised, and nothing is changed.
            by: who changes it; the audit keeps that.
            scopes: whose views may be changed (``core.views.writable_scopes``); None: everyone's.

        Raises:
            Conflict: another view has its name.
        """
        ...

    async def delete(self, tenant: str, view_id: UUID, *, by: Caller, scopes: Collection[str] | None) -> bool:
        """Delete a view, with ``scopes`` as for :meth:`change`; False if there is no such view."""
        ...
