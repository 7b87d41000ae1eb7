"""Small reads that a viewer repeats: what moves of jobs, which ids a list begins with, whether anything was written.

They cost the same however many jobs there are, and nothing else in the store knows of them: no trigger, no event, no
row per change.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from taskflowmq.core.feed import JobProbe, PageProbe
from taskflowmq.core.job import JobFilter

#: Most jobs of one call.
MAX_PROBED = 500
#: Seconds that the search for the beginning of a list may take.
PROBE_S = 0.02


class Probes(Protocol):
    """Small reads that a viewer repeats."""

    @property
    def visible_after_s(self) -> float:
        """For how many seconds after the revision has changed the commit that changed it may be invisible."""
        ...

    async def revision(self) -> str | None:
        """Return a value that differs from the one before if something was committed since; None where it is unknown.

        It may differ for other reasons too: it belongs to the database, not to TaskFlow's tables.
        """
        ...

    async def probe_jobs(self, tenant: str, job_ids: Sequence[UUID]) -> list[JobProbe]:
        """Return what moves of the jobs that exist among at most :data:`MAX_PROBED` ids, in id order."""
        ...

    async def probe_page(self, query: JobFilter, limit: int) -> PageProbe:
        """Return the ids of the newest jobs that fit, as ``Jobs.list_jobs`` finds them."""
        ...
