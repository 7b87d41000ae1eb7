"""What one stream shows."""

from __future__ import annotations

from uuid import UUID

import msgspec

from taskflowmq.core.job import JobFilter


class PageWish(msgspec.Struct, frozen=True):
    """The beginning of a list.

    Args:
        text: the filter as the client gave it; names the page in its events.
        query: what it means.
        top: the newest id that the client holds, the lowest of all ids if it holds none, None if that is unknown.
    """

    text: str
    query: JobFilter
    top: UUID | None = None


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """What one stream shows.

    Args:
        tenant: whose jobs and queues.
        jobs: rows of lists.
        pages: beginnings of lists.
        details: jobs whose own page is open.
        values: of "stats", "queues", "workers", "series", "bulk", those that are shown.
    """

    tenant: str
    jobs: frozenset[UUID] = frozenset()
    pages: tuple[PageWish, ...] = ()
    details: frozenset[UUID] = frozenset()
    values: tuple[str, ...] = ()

    @property
    def probed(self) -> frozenset[UUID]:
        """Every job of which something is shown."""
        return self.jobs | self.details
