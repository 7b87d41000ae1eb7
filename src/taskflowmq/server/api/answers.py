"""What several routes answer alike, and what a live feed sends of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from taskflowmq.client.charts import RATE_MINUTES
from taskflowmq.client.session import Session
from taskflowmq.client.workers import SHOWN_JOBS
from taskflowmq.core.feed import JobProbe, PageProbe
from taskflowmq.core.filters import MAX_PAGE
from taskflowmq.core.history import MINUTE_S, By
from taskflowmq.core.job import JobFilter
from taskflowmq.core.job_logs import LogCursor, LogPage, LogQuery
from taskflowmq.ports.store import Probes, QueueView
from taskflowmq.server.feed.frames import encode
from taskflowmq.server.feed.questions import Value
from taskflowmq.wire.bulk import BulkList, bulk_out
from taskflowmq.wire.feed import JobEvent, JobGone
from taskflowmq.wire.history import SeriesOut, series_out
from taskflowmq.wire.inspection import InspectionNews, news_of
from taskflowmq.wire.job import attempt_out
from taskflowmq.wire.queue import QueueList, QueueOut, StatsOut, activity_of, queue_out, stats_out
from taskflowmq.wire.raw import as_json
from taskflowmq.wire.worker import WorkerList, worker_out

#: Bulk operations of the first page, which a live feed follows.
FIRST_BULKS = 20
_NEVER = datetime.fromtimestamp(0, UTC)


async def stats_of(session: Session, tenant: str) -> StatsOut:
    """Return a tenant's counts by state and queue."""
    return stats_out(await session.asked.stats.count(tenant))


async def queues_of(session: Session, tenant: str, *, limit: int = MAX_PAGE, after: str = "") -> QueueList:
    """Return a tenant's queues, ordered by name.

    Args:
        session: the app's.
        tenant: the tenant.
        limit: at most this many.
        after: those whose names come after this one.
    """
    listed = await session.asked.queues.list_queues(tenant)
    # Sorted here: a database may order names otherwise, and pages must fit together.
    found = sorted((one for one in listed if one.name > after), key=lambda one: one.name)
    page = found[:limit]
    items = await with_activity(session, tenant, page)
    return QueueList(items=items, next=page[-1].name if len(found) > limit else None)


async def with_activity(session: Session, tenant: str, views: Sequence[QueueView]) -> list[QueueOut]:
    """Return the answers of queues, with what happens in them."""
    recent = {one.name: one for one in await session.charts.summaries(tenant, By.QUEUE, RATE_MINUTES)}
    servers = await session.charts.servers()
    return [queue_out(view, activity_of(view, recent.get(view.name), servers)) for view in views]


async def workers_of(session: Session, tenant: str) -> WorkerList:
    """Return the installation's workers, with some jobs of a tenant that they run."""
    workers = session.asked.workers
    jobs = await workers.first_jobs(tenant, SHOWN_JOBS)
    return WorkerList(items=[worker_out(view, jobs.get(view.id, ())) for view in await workers.list_workers()])


async def bulks_of(session: Session, tenant: str, *, limit: int = FIRST_BULKS, before: UUID | None = None) -> BulkList:
    """Return a tenant's bulk operations, newest first, below an id."""
    listed = await session.asked.bulks.list_bulks(tenant, limit=limit + 1, before=before)
    page = listed[:limit]
    return BulkList(items=[bulk_out(one) for one in page], next=page[-1].id if len(listed) > limit else None)


async def newest_series_of(session: Session, tenant: str) -> SeriesOut:
    """Return the figures of the present minute and of the one before, to which the last ones may be added."""
    now = await session.asked.history.now()
    since = now - timedelta(minutes=1)
    return series_out(await session.charts.series(tenant, since, now, step=MINUTE_S, by=By.NONE))


class FeedSources:
    """Answers the questions of a live feed.

    Args:
        session: returns the app's session; the server must be open.
    """

    def __init__(self, session: Callable[[], Session]) -> None:
        self._session = session

    @property
    def visible_after_s(self) -> float:
        """For how many seconds after the revision has changed a commit may be invisible."""
        return self._session().store.probes.visible_after_s

    async def revision(self) -> str | None:
        """Return what differs after every commit; None: unknown."""
        return await self._probes.revision()

    async def probe_jobs(self, tenant: str, job_ids: Sequence[UUID]) -> list[JobProbe]:
        """Return what moves of jobs."""
        return await self._probes.probe_jobs(tenant, job_ids)

    async def probe_page(self, query: JobFilter, limit: int) -> PageProbe:
        """Return the ids that a list begins with."""
        return await self._probes.probe_page(query, limit)

    async def value(self, kind: str, tenant: str) -> Value:
        """Return what the route of this name answers to a tenant."""
        session = self._session()
        match kind:
            case "stats":
                stats = await stats_of(session, tenant)
                return Value(encode(stats), encode(msgspec.structs.replace(stats, as_of=_NEVER)))
            case "queues":
                return _whole(await queues_of(session, tenant))
            case "bulk":
                return _whole(await bulks_of(session, tenant))
            case "series":
                return _whole(await newest_series_of(session, tenant))
            case _:
                return _whole(await workers_of(session, tenant))

    async def detail(self, tenant: str, job_id: UUID, probe: JobProbe | None) -> bytes:
        """Return the JSON of event ``job``."""
        if probe is None:
            return encode(JobGone(id=job_id, gone=True))
        attempts = await self._session().seen.jobs.attempts(tenant, job_id)
        found = JobEvent(
            id=job_id,
            attempts=[attempt_out(attempt) for attempt in attempts],
            attempts_total=attempts.total,
            attempt_counts=dict(attempts.counts),
            progress=as_json(probe.raw_progress),
        )
        return encode(found)

    async def last_line(self, tenant: str, job_id: UUID) -> LogCursor | None:
        """Return the place of a job's last line; None: it has logged nothing."""
        return await self._session().seen.logs.last(tenant, job_id)

    async def lines(self, tenant: str, job_id: UUID, after: LogCursor | None) -> LogPage:
        """Return the lines behind a place."""
        return await self._session().seen.logs.read(tenant, job_id, LogQuery(after=after), counts=False)

    async def inspections(self, tenant: str, job_ids: Sequence[UUID]) -> dict[UUID, list[InspectionNews]]:
        """Return the requests for stacks and profiles of those jobs that have some."""
        found: dict[UUID, list[InspectionNews]] = {}
        for one in await self._session().asked.inspections.list_of(tenant, job_ids):
            found.setdefault(one.job_id, []).append(news_of(one))
        return found

    def bell(self) -> AbstractAsyncContextManager[AsyncIterator[object]]:
        """Yield something whenever jobs become ready, in whatever process."""
        return self._session().store.notifier.listen((), ())

    @property
    def _probes(self) -> Probes:
        return self._session().seen.probes


def _whole(answer: Any) -> Value:
    data = encode(answer)
    return Value(data, data)
