"""The audit: who did what by hand."""

from __future__ import annotations

from typing import Protocol

from taskflowmq.core.audit import Act, AuditPage, AuditQuery


class Audit(Protocol):
    """Reads what operators did, and deletes what is old. Acts are added by the methods that do them, given ``by``."""

    async def add(self, act: Act) -> None:
        """Add an act that changes nothing in the store: one on a server process, which does it after this."""
        ...

    async def list_acts(self, query: AuditQuery, *, limit: int, below: int | None) -> AuditPage:
        """Return acts of a tenant, newest first.

        Args:
            query: which.
            limit: most acts on the page.
            below: the ``next`` of the page before.
        """
        ...

    async def prune(self, age_ms: int, limit: int) -> int:
        """Delete at most ``limit`` acts of all tenants that are at least so old; return how many."""
        ...
