"""``app.jobs``: reading and controlling jobs, by id or by a filter."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import TypedDict, Unpack
from uuid import UUID

from taskflowmq.client.acting import Acting
from taskflowmq.client.bulks import BulkParams, Bulks
from taskflowmq.client.hub import Hub
from taskflowmq.client.ids import parse_id
from taskflowmq.client.job_acts import JobActs
from taskflowmq.client.sender import Sender
from taskflowmq.client.session import Session
from taskflowmq.client.sync import sync_twin
from taskflowmq.core.attempts import Attempts
from taskflowmq.core.bulk import COUNT_S, MOST_COUNTED, Bulk, BulkAction, Counted
from taskflowmq.core.directives import Duration
from taskflowmq.core.errors import InvalidJob
from taskflowmq.core.filter_text import parse_filter
from taskflowmq.core.filters import MAX_PAGE, read_sort, read_states
from taskflowmq.core.job import JobFilter, JobView, Page, Sort, State
from taskflowmq.core.job_logs import MAX_LINES, Level, LogCursor, LogPage, LogQuery, read_cursor
from taskflowmq.core.validation import MAX_TAG_LENGTH, check_int, check_name, check_text, check_time
from taskflowmq.ports.store import StoreStats

#: Of a number that a store holds.
_MOST = 2**31 - 1


def _place(given: LogCursor | str | None) -> LogCursor | None:
    if given is None or isinstance(given, LogCursor):
        return given
    try:
        return read_cursor(given)
    except ValueError as error:
        raise InvalidJob.at("/after", str(error)) from None


def _level(given: Level | str) -> Level:
    try:
        return Level(given)
    except ValueError:
        raise InvalidJob.at("/level", f"must be {', '.join(Level)}, got {given!r:.80}") from None


class Wanted(TypedDict, total=False):
    """The filters and the order of ``app.jobs.list``."""

    state: State | str | Sequence[State | str] | None
    queue: str | None
    task: str | None
    tag: str | None
    worker: UUID | str | None
    created_after: datetime | None
    created_before: datetime | None
    finished_after: datetime | None
    finished_before: datetime | None
    filter: str | None
    sort: Sort | str


class Jobs(JobActs):
    """The jobs of an app's store."""

    def __init__(self, hub: Hub[Session], tenant: str, acting: Acting, sender: Sender) -> None:
        super().__init__(hub, tenant, acting, sender)
        self._bulks = Bulks(hub, tenant, acting)

    async def aget(self, job_id: UUID | str) -> JobView:
        """Return one job.

        Raises:
            JobNotFound: there is none.
        """
        return await self._read(parse_id(job_id))

    async def aattempts(self, job_id: UUID | str) -> Attempts:
        """Return a job's attempts, oldest first: the first 10 and those of the last 90 claims.

        ``.total`` and ``.counts`` (by outcome) of what is returned count those in between, too.
        """
        wanted = parse_id(job_id)
        return await self._hub.call(lambda session: self._acting.read(session).jobs.attempts(self._tenant, wanted))

    async def alogs(
        self,
        job_id: UUID | str,
        *,
        after: LogCursor | str | None = None,
        level: Level | str = Level.DEBUG,
        text: str | None = None,
        attempt: int | None = None,
        round: int | None = None,  # noqa: A002 - its name everywhere
        limit: int = MAX_LINES,
    ) -> LogPage:
        """Return lines that a job has logged, oldest first; continue with ``after=page.next`` until that is None.

        To follow a job that runs, continue later with ``after=page.items[-1].cursor``.

        Args:
            job_id: the job.
            after: where the page before this one ended.
            level: only lines of this level or above: "debug", "info", "warning", "error", "critical".
            text: only lines that contain it, upper or lower case, in the message or the fields.
            attempt: only lines of this attempt.
            round: only lines of this round.
            limit: most lines on the page, 1…1,000.

        Raises:
            JobNotFound: there is none.
            InvalidJob: an argument is wrong.
        """
        wanted = parse_id(job_id)
        query = LogQuery(
            after=_place(after),
            level=_level(level).number,
            text=None if text is None else check_text("/text", text, 500),
            attempt=None if attempt is None else check_int("/attempt", attempt, 1, _MOST),
            round=None if round is None else check_int("/round", round, 1, _MOST),
            limit=check_int("/limit", limit, 1, MAX_LINES),
        )
        page = await self._hub.call(lambda session: self._acting.read(session).logs.read(self._tenant, wanted, query))
        if not page.total:
            await self.aget(wanted)  # or it says that there is no such job
        return page

    async def alist(
        self,
        *,
        state: State | str | Sequence[State | str] | None = None,
        queue: str | None = None,
        task: str | None = None,
        tag: str | None = None,
        worker: UUID | str | None = None,
        created_after: datetime | None = None,
        created_before: datetime | None = None,
        finished_after: datetime | None = None,
        finished_before: datetime | None = None,
        filter: str | None = None,  # noqa: A002 - its name everywhere
        sort: Sort | str = Sort.NEWEST,
        limit: int = 100,
        before: UUID | str | None = None,
    ) -> Page[JobView]:
        """Return jobs, newest first; continue with ``before=page.next`` until that is None.

        The search for one page takes about a quarter of a second at most. If that was not enough, ``page.complete`` is
        False, and the next page continues the search.

        Args:
            state: one state or several; None means any.
            queue: only jobs of this queue.
            task: only jobs of this task.
            tag: only jobs with this tag.
            worker: only jobs that this worker runs, or whose last attempt it ran.
            created_after: aware datetime; only jobs created at or after it.
            created_before: aware datetime; only jobs created before it. Both search ids made up to a minute off: a
                job whose program's clock is further from the store's may be missing here, and only here.
            finished_after: aware datetime; only jobs that reached a final state at or after it.
            finished_before: aware datetime; only jobs that reached a final state before it.
            filter: further conditions, as ``"task:send_* -tag:vip args.user.id:42 run:>2m"``; see docs/filters.md.
            sort: "newest" or "oldest" first.
            limit: most jobs on the page, 1…1,000; a page may be shorter.
            before: where the page before this one ended.

        Raises:
            InvalidJob: an argument is wrong; ``BadFilter`` says where a filter is.
        """
        query = JobFilter(
            tenant=self._tenant,
            states=read_states(state),
            queue=None if queue is None else check_name("queue", queue),
            task=None if task is None else check_name("task", task),
            tag=None if tag is None else check_text("/tag", tag, MAX_TAG_LENGTH),
            created_after=None if created_after is None else check_time("/created_after", created_after),
            created_before=None if created_before is None else check_time("/created_before", created_before),
            worker=None if worker is None else parse_id(worker, "/worker"),
            finished_after=None if finished_after is None else check_time("/finished_after", finished_after),
            finished_before=None if finished_before is None else check_time("/finished_before", finished_before),
            terms=() if filter is None else parse_filter(filter),
            sort=read_sort(sort),
        )
        check_int("/limit", limit, 1, MAX_PAGE)
        start = None if before is None else parse_id(before)
        return await self._hub.call(
            lambda session: self._acting.read(session).jobs.list_jobs(query, limit=limit, before=start)
        )

    async def apages(self, *, limit: int = 100, **wanted: Unpack[Wanted]) -> AsyncIterator[Page[JobView]]:
        """Iterate over all jobs that fit, page by page; jobs that are enqueued meanwhile are left out, newest first.

        Args:
            limit: most jobs of a page, 1…1,000; a page may be empty and still not the last.
            wanted: filters and order, as of :meth:`alist`.

        Raises:
            InvalidJob: as for :meth:`alist`.
        """
        before = None
        while True:
            page = await self.alist(limit=limit, before=before, **wanted)
            yield page
            if page.next is None:
                return
            before = page.next

    async def acount(
        self,
        filter: str = "",  # noqa: A002
        *,
        most: int = MOST_COUNTED,
        seconds: float = COUNT_S,
    ) -> Counted:
        """Count the jobs that match a filter: ``.value``, and whether it is ``.exact`` or a lower bound.

        Args:
            filter: as for :meth:`list`; empty for all jobs.
            most: the count ends there.
            seconds: the same after this time.

        Raises:
            BadFilter: the filter cannot be read.
        """
        query = JobFilter(tenant=self._tenant, terms=parse_filter(filter))
        return await self._hub.call(
            lambda session: self._acting.read(session).jobs.count(query, most=most, seconds=seconds)
        )

    async def aretry_matching(self, filter: str, *, reason: str | None = None, rate: int | None = None) -> Bulk:  # noqa: A002
        """Retry all jobs that match a filter now: :meth:`Bulks.start` with the action "retry"."""
        return await self._bulks.astart(BulkAction.RETRY, filter=filter, reason=reason, rate=rate)

    async def acancel_matching(self, filter: str, *, reason: str | None = None, rate: int | None = None) -> Bulk:  # noqa: A002
        """Cancel all jobs that match a filter now: :meth:`Bulks.start` with the action "cancel"."""
        return await self._bulks.astart(BulkAction.CANCEL, filter=filter, reason=reason, rate=rate)

    async def adelete_matching(self, filter: str, *, reason: str | None = None, rate: int | None = None) -> Bulk:  # noqa: A002
        """Delete all jobs that match a filter now: :meth:`Bulks.start` with the action "delete"."""
        return await self._bulks.astart(BulkAction.DELETE, filter=filter, reason=reason, rate=rate)

    async def areschedule_matching(
        self,
        filter: str,  # noqa: A002 - its name everywhere
        run_at: datetime | None = None,
        *,
        delay: Duration | None = None,
        reason: str | None = None,
        rate: int | None = None,
    ) -> Bulk:
        """Make all jobs that match a filter due at another time: :meth:`Bulks.start` with the action "reschedule".

        Args:
            filter: which jobs; those that run or have ended are no part of it.
            run_at: the time, an aware datetime; one that is over means now.
            delay: seconds from now, instead.
            reason: why, on one line.
            rate: most jobs per second; None: as fast as it goes.
        """
        params = BulkParams(run_at, delay)
        return await self._bulks.astart(BulkAction.RESCHEDULE, filter=filter, reason=reason, rate=rate, params=params)

    async def amove_matching(
        self,
        filter: str,  # noqa: A002 - its name everywhere
        *,
        queue: str | None = None,
        priority: int | None = None,
        reason: str | None = None,
        rate: int | None = None,
    ) -> Bulk:
        """Give all jobs that match a filter another queue or priority: :meth:`Bulks.start` with the action "move".

        Args:
            filter: which jobs; those that run or have ended are no part of it.
            queue: the other queue; None: that of each job.
            priority: the other priority; None: that of each job.
            reason: why, on one line.
            rate: most jobs per second; None: as fast as it goes.
        """
        params = BulkParams(queue=queue, priority=priority)
        return await self._bulks.astart(BulkAction.MOVE, filter=filter, reason=reason, rate=rate, params=params)

    async def astats(self) -> StoreStats:
        """Return how many jobs are in each state and queue."""
        return await self._hub.call(lambda session: session.asked.stats.count(self._tenant))

    get = sync_twin(aget)
    attempts = sync_twin(aattempts)
    logs = sync_twin(alogs)
    count = sync_twin(acount)
    retry_matching = sync_twin(aretry_matching)
    cancel_matching = sync_twin(acancel_matching)
    delete_matching = sync_twin(adelete_matching)
    reschedule_matching = sync_twin(areschedule_matching)
    move_matching = sync_twin(amove_matching)
    stats = sync_twin(astats)
    list = sync_twin(alist)
