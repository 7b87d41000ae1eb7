"""Groups of errors: workers append what fails by kind, a duty joins it, operators resolve and mute."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from taskflowmq.core.audit import Caller
from taskflowmq.core.error_groups import (
    ErrorGroup,
    Excess,
    GroupCounts,
    GroupPage,
    GroupQuery,
    GroupReleases,
    GroupState,
    Occurrences,
)
from taskflowmq.core.history import HistoryKept


class Errors(Protocol):
    """Failures by kind. A group is found by tenant and fingerprint."""

    async def append(self, seen: Sequence[Occurrences], *, writer: UUID | None = None) -> None:
        """Append failures, of the release that a worker announced, and make the groups that are new.

        Not to be repeated after :class:`StoreUnavailable`: they would count twice. Failures of a task that the store
        does not have are left out.

        Args:
            seen: the failures.
            writer: the worker that began the attempts; None, or one that announced no release: of no release.
        """
        ...

    async def roll_up(self, kept: HistoryKept) -> int:
        """Join the counts of some minutes that are over, or of an hour that is old enough, each exactly once.

        Returns:
            how many rows were joined; 0: none is due.
        """
        ...

    async def prune(self, kept: HistoryKept, limit: int) -> int:
        """Delete counts that are older than they are kept, and groups without any; return how many rows.

        A group with a dead job stays.
        """
        ...

    async def delete_excess(self, most: int, limit: int) -> Sequence[Excess]:
        """Delete groups of each tenant that has more than some number, with their counts.

        Those of the tasks with the most groups, so that one task does not delete the groups of others; of a task, those
        that occurred longest ago. Muted ones come last. A dead job keeps its fingerprint; a group that occurs again is
        a new one. A program that appends at the same time may leave a count without a group.

        Args:
            most: how many groups a tenant keeps.
            limit: most groups to delete of a tenant in this call.

        Returns:
            what was deleted, by tenant; nothing if no tenant has more.
        """
        ...

    async def list_groups(self, query: GroupQuery) -> GroupPage:
        """Return groups of a tenant, the largest value of the order first."""
        ...

    async def get(self, tenant: str, fingerprint: str) -> ErrorGroup | None:
        """Return one group, or None."""
        ...

    async def releases(self, tenant: str, fingerprint: str, limit: int) -> GroupReleases:
        """Return in which releases a group occurred, the newest first; what is of no release last."""
        ...

    async def count(self, tenant: str) -> GroupCounts:
        """Return how many groups a tenant has, by state."""
        ...

    async def mark(
        self, tenant: str, fingerprint: str, state: GroupState, *, by: Caller, until: datetime | None = None
    ) -> bool:
        """Put a group into a state, whatever it is in; False if there is no such group.

        Args:
            tenant, fingerprint: the group.
            state: open; muted; or resolved, until it occurs again in a release that is not older than the newest one
                whose living workers run its task now.
            by: who decided it; the audit keeps that.
            until: when a mute ends.
        """
        ...
