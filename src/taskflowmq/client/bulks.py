"""``app.bulks``: operations by hand on many jobs, which servers, workers and schedulers carry out in chunks."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from taskflowmq.client.acting import Acting
from taskflowmq.client.hub import Hub
from taskflowmq.client.ids import new_id, parse_id
from taskflowmq.client.moving import new_lane
from taskflowmq.client.rescheduling import new_time
from taskflowmq.client.seen import seen_filter
from taskflowmq.client.session import Session
from taskflowmq.client.sync import sync_twin
from taskflowmq.core.bulk import (
    COUNT_S,
    MOST_COUNTED,
    MOST_IDS,
    SAMPLE,
    Bulk,
    BulkAction,
    BulkResult,
    Counted,
    NewBulk,
    check_rate,
    jobs_for,
    no_bulk,
    possible_states,
    read_action,
)
from taskflowmq.core.directives import Duration
from taskflowmq.core.errors import InvalidJob
from taskflowmq.core.filters import MAX_PAGE
from taskflowmq.core.job import JobFilter
from taskflowmq.core.operations import NewLane, NewTime
from taskflowmq.core.rows import JobRow
from taskflowmq.core.validation import check_int
from taskflowmq.ports.store import MAX_PROBED, Store

#: Seconds between two looks while a caller waits for the end.
_LOOK_S = 0.2
#: Chunks that are read at once for a page of results, and at most for one page.
_CHUNKS, _MOST_CHUNKS = 20, 200


class Preview(NamedTuple):
    """What an operation would act on now: how many jobs, and the newest of them."""

    matched: Counted
    sample: list[JobRow]


class Results(NamedTuple):
    """What became of jobs; ``next`` continues, None: the list has ended."""

    items: list[BulkResult]
    next: str | None


class BulkParams(NamedTuple):
    """What an action needs beside its jobs, as a caller gives it.

    Args:
        run_at: the time at which rescheduled jobs are due.
        delay: seconds from the acceptance, instead.
        queue: to which jobs are moved.
        priority: which moved jobs get, instead or as well.
        below: where a request has them, as a pointer.
    """

    run_at: datetime | None = None
    delay: Duration | None = None
    queue: str | None = None
    priority: int | None = None
    below: str = ""

    @property
    def has_time(self) -> bool:
        """Whether it gives a time."""
        return self.run_at is not None or self.delay is not None

    @property
    def has_place(self) -> bool:
        """Whether it gives a queue or a priority."""
        return self.queue is not None or self.priority is not None


class Order(NamedTuple):
    """Which jobs, and what to do to them: a filter or ids."""

    action: BulkAction
    filter: str | None
    ids: tuple[UUID, ...]
    due: NewTime | None = None
    lane: NewLane | None = None


def read_order(
    action: BulkAction | str,
    filter: str | None,  # noqa: A002 - its name everywhere
    ids: Sequence[UUID] | None,
    *,
    name: str = "filter",
    params: BulkParams | None = None,
) -> Order:
    """Return an order after a check.

    Args:
        action: retry, cancel, delete, reschedule or move.
        filter: which jobs; empty for all of them.
        ids: which jobs, instead.
        name: what the caller calls the filter.
        params: what the action needs.

    Raises:
        InvalidJob: the action is none, or there must be a filter or ids; ``BadFilter`` says where a filter is wrong.
    """
    wanted = read_action(action)
    due, lane = _params_of(wanted, params or BulkParams())
    if (filter is None) == (ids is None):
        raise InvalidJob.at(f"/{name}", "give a filter or ids, and not both; an empty filter means all jobs")
    if filter is not None:
        jobs_for(wanted, "", filter)
        return Order(wanted, filter, (), due, lane)
    named = tuple(ids or ())
    if not 0 < len(named) <= MOST_IDS:
        raise InvalidJob.at("/ids", f"must name 1…{MOST_IDS:,} jobs, got {len(named):,}")
    if len(set(named)) < len(named):
        raise InvalidJob.at("/ids", "names a job twice")
    return Order(wanted, None, named, due, lane)


def _params_of(action: BulkAction, given: BulkParams) -> tuple[NewTime | None, NewLane | None]:
    if given.has_time and action is not BulkAction.RESCHEDULE:
        raise InvalidJob.at(f"{given.below}/run_at", f"belongs to the action {BulkAction.RESCHEDULE}")
    if given.has_place and action is not BulkAction.MOVE:
        name = "priority" if given.queue is None else "queue"
        raise InvalidJob.at(f"{given.below}/{name}", f"belongs to the action {BulkAction.MOVE}")
    if action is BulkAction.RESCHEDULE:
        return new_time(given.run_at, given.delay, below=given.below), None
    if action is BulkAction.MOVE:
        return None, new_lane(given.queue, given.priority, below=given.below)
    return None, None


async def meant(session: Session, tenant: str, order: Order) -> JobFilter:
    """Return which jobs the filter of an order means: the duty collects by what readers are shown, for programs too.

    Args:
        session: the app's.
        tenant: whose jobs.
        order: has a filter.

    Raises:
        BadFilter: a term names a field that is hidden.
    """
    query = jobs_for(order.action, tenant, order.filter or "")
    return await seen_filter(query, session.redaction, instead="use other terms, or name the jobs by their ids")


async def preview(
    session: Session,
    store: Store,
    tenant: str,
    order: Order,
    *,
    most: int = MOST_COUNTED,
    seconds: float = COUNT_S,
) -> Preview:
    """Return what an operation would act on now, without doing it.

    Args:
        session: the app's.
        store: where the sample is read: as people or programs see it.
        tenant: whose jobs.
        order: which jobs, and the action.
        most: the count ends there.
        seconds: and after this time.

    Raises:
        BadFilter: a term names a field that is hidden.
    """
    if order.filter is None:
        allowed = possible_states(order.action)
        ids = order.ids
        views = [
            view
            for start in range(0, len(ids), MAX_PROBED)
            for view in await store.probes.probe_jobs(tenant, ids[start : start + MAX_PROBED])
            if view.state in allowed
        ]
        newest = sorted((view.id for view in views), reverse=True)[:SAMPLE]
        return Preview(Counted(len(views), True), await rows_of(store, tenant, newest))
    query = await meant(session, tenant, order)
    counted = await store.jobs.count(query, most=most, seconds=seconds)
    sample = await store.jobs.list_rows(query, limit=SAMPLE, before=None)
    return Preview(counted, sample.items)


async def results_of(
    session: Session, bulk_id: UUID, *, failed: bool = False, limit: int = 100, cursor: str | None = None
) -> Results:
    """Return what became of an operation's jobs, in its order.

    Args:
        session: the app's.
        bulk_id: the operation, which exists.
        failed: only jobs that were left as they were.
        limit: most jobs of the page; it may be shorter.
        cursor: the ``next`` of the page before.

    Raises:
        InvalidJob: the cursor is none.
    """
    chunk, skip = _place(cursor)
    items: list[BulkResult] = []
    for _ in range(0, _MOST_CHUNKS, _CHUNKS):
        parts = await session.asked.bulks.results(bulk_id, first_chunk=chunk, limit=_CHUNKS)
        for part in parts:
            for at, one in enumerate(part[skip:], skip):
                if failed and not one.failed:
                    continue
                if len(items) == limit:
                    return Results(items, f"{chunk}.{at}")
                items.append(one)
            chunk, skip = chunk + 1, 0
        if len(parts) < _CHUNKS:
            return Results(items, None)
    return Results(items, f"{chunk}.0")


def _place(cursor: str | None) -> tuple[int, int]:
    if cursor is None:
        return 0, 0
    chunk, _, at = cursor.partition(".")
    if not (chunk.isascii() and chunk.isdigit() and at.isascii() and at.isdigit() and len(cursor) <= 20):
        raise InvalidJob.at("/cursor", "is not the `next` of a page of these results")
    # No chunk has a larger number, so these are behind the end.
    return min(int(chunk), 2**31 - 1), int(at)


class Bulks:
    """The bulk operations of an app's tenant."""

    def __init__(self, hub: Hub[Session], tenant: str, acting: Acting) -> None:
        self._hub = hub
        self._tenant = tenant
        self._acting = acting

    async def apreview(
        self,
        action: str,
        *,
        filter: str | None = None,  # noqa: A002 - its name everywhere
        ids: Sequence[UUID] | None = None,
        most: int = MOST_COUNTED,
        seconds: float = COUNT_S,
        params: BulkParams | None = None,
    ) -> Preview:
        """Return how many jobs an operation would act on now, and the newest of them; nothing is done.

        Args:
            action: "retry", "cancel", "delete", "reschedule" or "move".
            filter: which jobs, as for :meth:`Jobs.list`, but by no field that is redacted; empty for all of them.
            ids: which jobs, instead.
            most: the count ends there; then it is not exact.
            seconds: the same after this time.
            params: what "reschedule" and "move" need.

        Raises:
            InvalidJob: an argument is wrong; ``BadFilter`` says where a filter is.
        """
        order = read_order(action, filter, ids, params=params)
        return await self._hub.call(
            lambda session: preview(
                session, self._acting.read(session), self._tenant, order, most=most, seconds=seconds
            )
        )

    async def astart(
        self,
        action: str,
        *,
        filter: str | None = None,  # noqa: A002 - its name everywhere
        ids: Sequence[UUID] | None = None,
        reason: str | None = None,
        rate: int | None = None,
        undo: float | timedelta = 0.0,
        params: BulkParams | None = None,
        actor: str | None = None,
    ) -> Bulk:
        """Accept an operation on jobs, and return it; servers, workers and schedulers carry it out.

        The set is frozen now: jobs that are enqueued later are not touched. A job that does not allow the action any
        more when its turn comes is left as it is, and counted with the reason.

        Args:
            action: "retry", "cancel", "delete", "reschedule" or "move".
            filter: which jobs, as for :meth:`Jobs.list`, but by no field that is redacted; empty for all of them.
            ids: which jobs, instead: at most 10,000.
            reason: why, on one line; others see it with the operation.
            rate: most jobs per second; None: as fast as it goes.
            undo: seconds that it waits before it begins, in which :meth:`undo` takes it back.
            params: what "reschedule" and "move" need.
            actor: who starts it, as others shall see it.

        Raises:
            InvalidJob: an argument is wrong; ``BadFilter`` says where a filter is.
        """
        order, by = read_order(action, filter, ids, params=params), self._acting.caller(actor, reason)
        seconds = undo.total_seconds() if isinstance(undo, timedelta) else undo
        new = NewBulk(
            id=new_id(),
            tenant=self._tenant,
            action=order.action,
            filter=order.filter,
            ids=order.ids,
            reason=by.reason,
            actor=by.actor,
            rate=check_rate(rate),
            undo_ms=check_int("/undo", round(1000 * seconds), 0, 3_600_000),
            due=order.due,
            lane=order.lane,
        )

        async def create(session: Session) -> Bulk:
            if order.filter is not None:
                await meant(session, self._tenant, order)
            return await session.asked.bulks.create(new, by=by)

        return await self._hub.call(create)

    async def aget(self, bulk_id: UUID | str) -> Bulk:
        """Return one operation.

        Raises:
            BulkNotFound: there is none.
        """
        wanted = parse_id(bulk_id)
        return found(await self._hub.call(lambda session: session.asked.bulks.get(self._tenant, wanted)), wanted)

    async def alist(self, *, limit: int = 20, before: UUID | str | None = None) -> list[Bulk]:
        """Return operations, newest first: those that have not ended, and those of the last 7 days."""
        check_int("/limit", limit, 1, MAX_PAGE)
        start = None if before is None else parse_id(before)
        return await self._hub.call(
            lambda session: session.asked.bulks.list_bulks(self._tenant, limit=limit, before=start)
        )

    async def astop(self, bulk_id: UUID | str, *, reason: str | None = None, actor: str | None = None) -> Bulk:
        """End an operation; the jobs that it has not reached stay untouched. The audit keeps who did, and why.

        Raises:
            BulkNotFound: there is none.
            Conflict: it has ended already.
        """
        wanted, by = parse_id(bulk_id), self._acting.caller(actor, reason)
        ended = await self._hub.call(lambda session: session.asked.bulks.stop(self._tenant, wanted, by=by))
        return found(ended, wanted)

    async def aundo(self, bulk_id: UUID | str, *, reason: str | None = None, actor: str | None = None) -> Bulk:
        """Take back an operation that has not begun. The audit keeps who did, and why.

        Raises:
            BulkNotFound: there is none.
            Conflict: it has begun, or ended.
        """
        wanted, by = parse_id(bulk_id), self._acting.caller(actor, reason)
        ended = await self._hub.call(lambda session: session.asked.bulks.undo(self._tenant, wanted, by=by))
        return found(ended, wanted)

    async def aresults(
        self, bulk_id: UUID | str, *, failed: bool = False, limit: int = 100, cursor: str | None = None
    ) -> Results:
        """Return what became of an operation's jobs; continue with ``cursor=results.next`` until that is None.

        Args:
            bulk_id: the operation.
            failed: only jobs that were left as they were.
            limit: most jobs of the page, 1…1,000; a page may be shorter.
            cursor: where the page before this one ended.

        Raises:
            BulkNotFound: there is none.
        """
        wanted = (await self.aget(bulk_id)).id
        check_int("/limit", limit, 1, MAX_PAGE)
        return await self._hub.call(
            lambda session: results_of(session, wanted, failed=failed, limit=limit, cursor=cursor)
        )

    async def await_end(self, bulk_id: UUID | str, timeout: float | None = None) -> Bulk:
        """Wait until an operation has ended, and return it.

        Args:
            bulk_id: the operation.
            timeout: seconds to wait; None: without limit.

        Raises:
            BulkNotFound: there is none.
            TimeoutError: it has not ended; it continues.
        """
        async with asyncio.timeout(timeout):
            while True:
                bulk = await self.aget(bulk_id)
                if bulk.state.ended:
                    return bulk
                await asyncio.sleep(_LOOK_S)

    preview = sync_twin(apreview)
    start = sync_twin(astart)
    get = sync_twin(aget)
    stop = sync_twin(astop)
    undo = sync_twin(aundo)
    results = sync_twin(aresults)
    wait_end = sync_twin(await_end)
    list = sync_twin(alist)


async def rows_of(store: Store, tenant: str, ids: Sequence[UUID]) -> list[JobRow]:
    """Return the rows of jobs that exist, in the order given."""
    rows = {row.id: row for row in await store.jobs.get_rows(tenant, ids)}
    return [rows[job_id] for job_id in ids if job_id in rows]


def found(bulk: Bulk | None, bulk_id: UUID) -> Bulk:
    """Return an operation that exists.

    Raises:
        BulkNotFound: it does not.
    """
    if bulk is None:
        raise no_bulk(bulk_id)
    return bulk
