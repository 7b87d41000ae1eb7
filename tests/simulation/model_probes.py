"""What viewers ask repeatedly, in the model."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from tests.simulation.model_jobs import ModelJobs
from tests.simulation.rows import Data

from taskflowmq.core.feed import JobProbe, PageProbe
from taskflowmq.core.job import JobFilter, JobView


class ModelProbes:
    """Reading, a little at a time."""

    visible_after_s = 0.0

    def __init__(self, data: Data, jobs: ModelJobs) -> None:
        self._data, self._jobs = data, jobs

    async def revision(self) -> str | None:
        return repr(vars(self._data))

    async def probe_jobs(self, tenant: str, job_ids: Sequence[UUID]) -> list[JobProbe]:
        return [probe_of(view) for view in await self._jobs.get_many(tenant, job_ids)]

    async def probe_page(self, query: JobFilter, limit: int) -> PageProbe:
        page = await self._jobs.list_jobs(query, limit=limit, before=None)
        return PageProbe(tuple(view.id for view in page.items), page.next)


def probe_of(view: JobView) -> JobProbe:
    """Return what moves of a job."""
    return JobProbe(
        view.id,
        view.state,
        view.reason,
        view.round,
        view.attempt,
        view.counters.lease_no,
        view.run_at,
        view.started_at,
        view.finished_at,
        view.worker,
        view.raw_progress,
        view.cancel_requested_at,
        view.queue,
        view.priority,
    )
