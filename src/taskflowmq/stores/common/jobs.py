"""Jobs, as far as both engines do the same: operations by hand are decided in core."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Generic, NamedTuple, TypeVar
from uuid import UUID

import msgspec

from taskflowmq.core import operations
from taskflowmq.core.audit import Act, Caller
from taskflowmq.core.bulk import COUNT_S, MOST_COUNTED, Counted, ended_by
from taskflowmq.core.filter_match import JobFacts, Needles, Needs, Test, matcher, needles_of, needs_of
from taskflowmq.core.filter_scope import depends_on_now, scoped
from taskflowmq.core.job import JobFilter, JobView, Page, State
from taskflowmq.core.operations import (
    CancelAnswer,
    Decision,
    DeleteAnswer,
    LaneName,
    Move,
    MoveAnswer,
    NewLane,
    NewTime,
    RescheduleAnswer,
    RetryAnswer,
)
from taskflowmq.core.rows import JobRow
from taskflowmq.ports.store import FIRST_LOOK, SEARCH_S
from taskflowmq.stores.common.audit import job_act, lane_act
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


class Place(NamedTuple):
    """Where a job is.

    Args:
        state: the state of its place; None: it is nowhere.
        lane: the lane that it waits in, or was claimed from.
        lane_id: the number of that lane.
    """

    state: State | None
    lane: LaneName
    lane_id: int


class Write(NamedTuple):
    """A move of a job that is to be written.

    Args:
        move: what.
        act: added to the audit in the same transaction; None: a program does it, not an operator.
        due: the new time of a job that is rescheduled.
        lane: the new lane of a job that is moved.
    """

    move: Move
    act: Act | None
    due: datetime | None = None
    lane: LaneName | None = None


class Planned(NamedTuple, Generic[A]):
    """What is written to a job, all or nothing, and the answer once it is written; nothing to write is a refusal."""

    answer: A
    writes: list[Write]

    @property
    def makes_ready(self) -> bool:
        """Whether the job is ready in the end, and was not in its lane before."""
        return bool(self.writes) and self.writes[-1].move.makes_ready

    @property
    def lane(self) -> LaneName | None:
        """The lane that it is in then; None: the one that it was in."""
        return next((write.lane for write in self.writes if write.lane is not None), None)


#: Decides by where a job is; None if the tenant has no such job.
Plan = Callable[[Place | None], Planned[A]]


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
        return await self._operate(_planning(operations.cancel, job_id, by), tenant, job_id, actor)

    async def retry(self, tenant: str, job_id: UUID, *, by: Caller | None = None) -> RetryAnswer:
        """Dead: new round (attempt, crashes, losses 0). Scheduled or retrying: due now. Otherwise conflict."""
        return await self._operate(_planning(operations.retry, job_id, by), tenant, job_id)

    async def reschedule(
        self, tenant: str, job_id: UUID, wanted: NewTime, *, by: Caller | None = None
    ) -> RescheduleAnswer:
        """Make a scheduled, retrying or ready job wait for another time; due now if that is not in the future."""
        now = await self._time()
        due = wanted.on(now)
        decide = partial(operations.reschedule, later=due > now)
        return await self._operate(_planning(decide, job_id, by, due), tenant, job_id)

    async def move(
        self, tenant: str, job_id: UUID, lane: NewLane, *, wanted: NewTime | None = None, by: Caller | None = None
    ) -> MoveAnswer:
        """Make a scheduled, retrying or ready job wait in another lane, and for another time too if one is given."""
        now = await self._time()
        due = None if wanted is None else wanted.on(now)

        def plan(place: Place | None) -> Planned[MoveAnswer]:
            target = None if place is None else lane.of(place.lane)
            state = None if place is None else place.state
            answer, move = operations.move(state, there=place is not None and target == place.lane)
            planned: Planned[MoveAnswer] = Planned(answer, [])
            if place is None or target is None or state is None:
                return planned
            if move is not None:
                act = None if by is None else lane_act(job_id, state, (place.lane, target), answer, by)
                planned.writes.append(Write(move, act, lane=target))
            if due is not None:
                decide = partial(operations.reschedule, later=due > now)
                there = place._replace(lane=target)
                planned.writes.extend(_planning(decide, job_id, by, due)(there).writes)
            return planned

        return await self._operate(plan, tenant, job_id)

    async def delete(self, tenant: str, job_id: UUID, *, by: Caller | None = None) -> DeleteAnswer:
        """Delete an ended job. Its bare id is kept for 24 h, so that a repeated enqueue stays a no-op."""
        return await self._operate(_planning(operations.delete, job_id, by), tenant, job_id)

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
    async def _operate(self, plan: Plan[A], tenant: str, job_id: UUID, actor: str | None = None) -> A:
        """Read where the job is, decide, write the moves with their acts, all or none, and return the answer.

        Args:
            plan: decides by :mod:`taskflowmq.core.operations`, which says how a race is handled, too.
            tenant: the job's tenant.
            job_id: the job.
            actor: the caller, where that is stored with the job.
        """


def _planning(decide: Decide[A], job_id: UUID, by: Caller | None, due: datetime | None = None) -> Plan[A]:
    """Return the plan of an operation that is one move.

    Args:
        decide: a function of :mod:`taskflowmq.core.operations`.
        job_id: the job.
        by: the operator; None: a program.
        due: the new time of a job that is rescheduled.
    """

    def plan(place: Place | None) -> Planned[A]:
        state = None if place is None else place.state
        answer, move = decide(state)
        if move is None or place is None or state is None:
            return Planned(answer, [])
        act = None if by is None else job_act(move, job_id, place.lane.queue, state, answer, by, due)
        return Planned(answer, [Write(move, act, due)])

    return plan
