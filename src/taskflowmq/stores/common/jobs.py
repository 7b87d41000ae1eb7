"""Jobs, as far as both engines do the same: operations by hand are decided in core."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import TypeVar
from uuid import UUID

import msgspec

from taskflowmq.core import operations
from taskflowmq.core.audit import Caller
from taskflowmq.core.bulk import COUNT_S, MOST_COUNTED, Counted, ended_by
from taskflowmq.core.filter_match import JobFacts, Needles, Needs, Test, matcher, needles_of, needs_of
from taskflowmq.core.filter_scope import depends_on_now, scoped
from taskflowmq.core.job import JobFilter, JobView, Page, State
from taskflowmq.core.operations import CancelAnswer, Decision, DeleteAnswer, NewTime, RescheduleAnswer, RetryAnswer
from taskflowmq.core.rows import JobRow
from taskflowmq.ports.store import FIRST_LOOK, SEARCH_S
from taskflowmq.stores.common.listing import (
    LARGEST,
    LARGEST_READ,
    READ_SLICE,
    Find,
    Found,
    Read,
    Stretch,
    V,
    Window,
    read_page,
    search,
    states_of,
    stretch_of,
    windows,
)

A = TypeVar("A", bound=operations.Answer)
Decide = Callable[[State | None], Decision[A]]


class CommonJobs(ABC):
    """Base of the jobs of both engines."""

    async def list_jobs(
        self, query: JobFilter, *, limit: int, before: UUID | None, seconds: float = SEARCH_S
    ) -> Page[JobView]:
        """Return jobs in the order of the filter. A page may be short; only ``next=None`` ends a list."""
        return await self._page(query, limit, before, seconds, self.get_many)

    async def list_rows(
        self, query: JobFilter, *, limit: int, before: UUID | None, seconds: float = SEARCH_S
    ) -> Page[JobRow]:
        """Return the same jobs without results and tracebacks, which are not read."""
        return await self._page(query, limit, before, seconds, self.get_rows)

    async def find_ids(self, query: JobFilter, limit: int, *, seconds: float) -> Found:
        """Return the ids with which a list begins, within a time; see :func:`windows`."""
        scope = await self._scope(query)
        if scope is None:
            return Found([], None, 0)
        found, now = scope
        find, sizes = self._search(found, now, limit, seconds)
        return await search(limit, stretch_of(found, None), sizes, find)

    async def count(self, query: JobFilter, *, most: int = MOST_COUNTED, seconds: float = COUNT_S) -> Counted:
        """Count the jobs that fit, within a number and a time."""
        scope = await self._scope(query)
        if scope is None:
            return Counted(0, True)
        found, now = scope
        # Begins with small windows: the first is read whole, however long it takes.
        find, sizes = self._search(found, now, FIRST_LOOK, seconds)
        looked = await search(most, stretch_of(found, None), sizes, find)
        return Counted(min(len(looked.ids), most), looked.last is None)

    async def collect(self, query: JobFilter, at: datetime, behind: UUID | None, limit: int) -> Found:
        """Return the next ids of a filter that is frozen at a moment: at most ``limit``, and where they end.

        Args:
            query: which jobs, the oldest first.
            at: the moment; times and durations of the filter count from it.
            behind: where the ids before these ended.
            limit: most ids.
        """
        scope = await self._scope(query, at)
        if scope is None:
            return Found([], None, 0)
        found = ended_by(scope[0], scope[0].states, at)
        find, sizes = self._search(found, at, FIRST_LOOK, SEARCH_S)
        looked = await search(limit, stretch_of(found, behind), sizes, find)
        if len(looked.ids) <= limit:
            return looked
        return Found(looked.ids[:limit], looked.ids[limit - 1], looked.looked)

    async def _page(self, query: JobFilter, limit: int, before: UUID | None, seconds: float, read: Read[V]) -> Page[V]:
        scope = await self._scope(query)
        if scope is None:
            return Page([], None)
        found, now = scope
        find, sizes = self._search(found, now, limit, seconds)
        return await read_page(found, limit, stretch_of(found, before), sizes, find, read)

    async def _scope(self, query: JobFilter, now: datetime | None = None) -> tuple[JobFilter, datetime | None] | None:
        """Return an equal filter whose terms no index answers, and the time that they need; None if no job can fit."""
        if query.terms:
            now = await self._time() if now is None and depends_on_now(query.terms) else now
            wanted = scoped(query, now)
            if wanted is None:
                return None
            query = wanted
        states = states_of(query)
        return None if states is None else (msgspec.structs.replace(query, states=states), now)

    def _search(self, query: JobFilter, now: datetime | None, limit: int, seconds: float) -> tuple[Find, Iterator[int]]:
        """Return what reads a window, and the sizes of windows."""
        if not query.terms:
            return partial(self._find, query, Needles(None, None)), windows(limit, seconds)
        # With text to pass over the others by, few jobs are read.
        needles = needles_of(query.terms)
        sizes = windows(limit, seconds, largest=LARGEST if any(needles) else LARGEST_READ)
        return partial(self._find_matching, query, needles, matcher(query.terms, now, query.hidden)), sizes

    async def _find_matching(
        self, query: JobFilter, needles: Needles, fits: Test, stretch: Stretch, size: int, most: int
    ) -> Window:
        """Read a window, as :meth:`_find` does, and decide which of its jobs fit the terms."""
        window = await self._find(query, needles, stretch, size, size)
        needs = needs_of(query.terms)
        fit: list[UUID] = []
        for start in range(0, len(window.fit), READ_SLICE):
            part = window.fit[start : start + READ_SLICE]
            fitting = {job.id for job in await self._read_facts(query.tenant, part, needs) if fits(job)}
            fit += [job_id for job_id in part if job_id in fitting]
            if len(fit) >= most:
                break
        return window._replace(fit=fit[:most])

    async def cancel(self, tenant: str, job_id: UUID, *, actor: str, by: Caller | None = None) -> CancelAnswer:
        """Cancel a job that has not started, or request it from the worker of a running one."""
        return await self._operate(operations.cancel, tenant, job_id, by, actor)

    async def retry(self, tenant: str, job_id: UUID, *, by: Caller | None = None) -> RetryAnswer:
        """Dead: new round (attempt, crashes, losses 0). Scheduled or retrying: due now. Otherwise conflict."""
        return await self._operate(operations.retry, tenant, job_id, by)

    async def reschedule(
        self, tenant: str, job_id: UUID, wanted: NewTime, *, by: Caller | None = None
    ) -> RescheduleAnswer:
        """Make a scheduled, retrying or ready job wait for another time; due now if that is not in the future."""
        now = await self._time()
        due = wanted.on(now)
        return await self._operate(partial(operations.reschedule, later=due > now), tenant, job_id, by, due=due)

    async def delete(self, tenant: str, job_id: UUID, *, by: Caller | None = None) -> DeleteAnswer:
        """Delete an ended job. Its bare id is kept for 24 h, so that a repeated enqueue stays a no-op."""
        return await self._operate(operations.delete, tenant, job_id, by)

    @abstractmethod
    async def get_many(self, tenant: str, job_ids: Sequence[UUID]) -> list[JobView]:
        """Return the jobs that exist among the ids, in id order."""

    @abstractmethod
    async def get_rows(self, tenant: str, job_ids: Sequence[UUID]) -> list[JobRow]:
        """Return the rows of the jobs that exist among the ids, in id order."""

    @abstractmethod
    async def _find(self, query: JobFilter, needles: Needles, stretch: Stretch, size: int, most: int) -> Window:
        """Read a window of at most ``size`` ids of a stretch and return at most ``most`` that fit all but the terms.

        Args:
            query: which jobs.
            needles: pass over jobs that cannot fit the terms.
            stretch: where to read.
            size: most ids to read.
            most: most ids to return.
        """

    @abstractmethod
    async def _read_facts(self, tenant: str, job_ids: Sequence[UUID], needs: Needs) -> list[JobFacts]:
        """Return what terms decide by of the jobs that exist among the ids, in any order."""

    @abstractmethod
    async def _time(self) -> datetime:
        """Return the store's time."""

    @abstractmethod
    async def _operate(
        self,
        decide: Decide[A],
        tenant: str,
        job_id: UUID,
        by: Caller | None,
        actor: str | None = None,
        due: datetime | None = None,
    ) -> A:
        """Read where the job is, decide, write the move, with its act if an operator calls, and return the answer.

        Args:
            decide: a function of :mod:`taskflowmq.core.operations`, which says how a race is handled, too.
            tenant: the job's tenant.
            job_id: the job.
            by: the operator; None: a program.
            actor: the caller, where that is stored with the job.
            due: the new time of a job that is rescheduled.
        """
