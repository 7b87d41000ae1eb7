"""How workers claim jobs and settle them.

A claim reads the head of each lane from a cursor, in one statement per lane, then moves those rows. Positions only
grow (one writer at a time, drawn from ``next_seq``), so rows that a claim has skipped stay behind its cursor: unknown
tasks, isolated jobs. The cursor is advice: it is forgotten after a rollback, whenever the worker's tasks change, and
about every second, so that no mistake in it can hide a job for longer.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from taskflowmq.core.connections import CLOSED
from taskflowmq.core.errors import LeaseLost, StoreUnavailable, WrongContext
from taskflowmq.core.inspection import WorkerRequests
from taskflowmq.core.job import ClaimedJob, Ended, Flag, QueueRef
from taskflowmq.core.lanes import Turns
from taskflowmq.core.pauses import Pause
from taskflowmq.core.transitions import Transition
from taskflowmq.ports.helpers import aside
from taskflowmq.ports.store import MAX_BATCH, ClaimRequest, Settled
from taskflowmq.stores.common.inspections import requests_of
from taskflowmq.stores.common.queues import paused_of
from taskflowmq.stores.sqlite.cursors import Cursors
from taskflowmq.stores.sqlite.database import Connection, Database
from taskflowmq.stores.sqlite.errors import is_outage
from taskflowmq.stores.sqlite.holder_watch import HolderWatch
from taskflowmq.stores.sqlite.names import KnownTasks, Names
from taskflowmq.stores.sqlite.notifier import SqliteNotifier
from taskflowmq.stores.sqlite.queries import q
from taskflowmq.stores.sqlite.reader import Reader
from taskflowmq.stores.sqlite.rows import ClaimRow, claimed_jobs, decode_claim, join_ids, maybe_time, zeros
from taskflowmq.stores.sqlite.settle import Settlement, settle_steps, storable_json
from taskflowmq.stores.sqlite.steps import Steps, run_steps
from taskflowmq.stores.sqlite.transactions import run_on, run_on_sync
from taskflowmq.stores.sqlite.writer import Writer

_TOO_LATE = (
    "ctx.transaction() exceeded its time limit and was rolled back: nothing of it is stored. If this error leaves "
    "the handler, the attempt has failed, and the job runs again as its retries allow"
)
_ENDED = (
    "ctx.transaction() has nothing to commit: its transaction was ended inside the block, by a COMMIT or ROLLBACK of "
    "the handler, or by an error of the database that the handler caught"
)


class _Lane(msgspec.Struct, array_like=True, frozen=True, gc=False):
    id: int
    tenant_id: int
    queue: str
    priority: int
    share: str


_decode_lanes = msgspec.json.Decoder(list[_Lane]).decode


class _Wanted(NamedTuple):
    """What a claim still wants of a lane; ``newest`` is the position that the next ready row will get."""

    request: ClaimRequest
    limit: int
    now: int
    newest: int
    tasks: KnownTasks


class _Taken(NamedTuple):
    """What a claim took from one lane, still to be turned into jobs by its caller."""

    lane: _Lane
    rows: list[ClaimRow]
    #: The arguments of all rows, joined.
    args: bytes
    tasks: dict[int, str]


class SqliteClaims:
    """Implements :class:`~taskflowmq.ports.store.Claims`."""

    def __init__(
        self,
        database: Database,
        threads: tuple[Writer, Reader],
        names: Names,
        cursors: Cursors,
        notifier: SqliteNotifier,
        watch: HolderWatch,
        now: Callable[[], int],
    ) -> None:
        self._database = database
        self._writer, self._reader = threads
        self._names = names
        self._notifier = notifier
        self._watch = watch
        self._now = now
        self._cursors = cursors
        self._last_s = 0.0
        self._turns: defaultdict[UUID, Turns] = defaultdict(Turns)
        self._saw_several = False

    async def claim(self, request: ClaimRequest) -> list[ClaimedJob]:
        """Take ready jobs for a worker: lowest priority first, equal ones from each tenant and queue in turn."""
        if not request.tasks or request.limit < 1:
            return []
        now, taken, tenants = await self._writer.run(lambda conn: self._claim(conn, request))
        return [
            job
            for lane, rows, joined, tasks in taken
            for job in claimed_jobs(rows, joined, (lane.queue, lane.priority), (tasks, tenants), now)
        ]

    async def settle(self, transitions: Sequence[Transition]) -> list[Settled]:
        """Write decided transitions under their fences, and say what became of each, in order."""
        settled: list[Settled] = []
        for start in range(0, len(transitions), MAX_BATCH):
            batch = transitions[start : start + MAX_BATCH]
            writing: Coroutine[Any, Any, Settlement] = self._writer.run(
                lambda conn, batch=batch: run_steps(conn, settle_steps(batch, self._now()))  # type: ignore[misc]
            )
            # A rescuer settles what lost workers held: it must not wait for one of them that stands with the lock.
            done = await (self._watch.guard(writing) if batch[0].ended is Ended.LOST else writing)
            settled += done.settled
            if done.queues:
                await self._notifier.wake(done.queues)
        return settled

    async def settle_on(self, conn: Any, transition: Transition) -> None:
        """Write one transition in the caller's transaction on an async connection or session."""
        await run_on(conn, self._database.path, lambda: _settle_fenced(transition, self._now()))

    def settle_on_sync(self, conn: Any, transition: Transition) -> None:
        """The same on a blocking connection or session."""
        run_on_sync(conn, self._database.path, lambda: _settle_fenced(transition, self._now()))

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[sqlite3.Connection]:
        """Open a transaction on a connection of its own; commits at the end, rolls back on an error.

        Its first write takes the file's write lock until the end: keep it short. A transaction that stays open
        longer than ``transaction_timeout_s`` is rolled back and its connection closed.

        Raises:
            StoreUnavailable: the file or its lock is not available, or the transaction was open for too long.
            WrongContext: the transaction was ended inside its block.
        """
        conn = await aside(self._open_transaction)
        late = False

        def give_up() -> None:
            # Closed, not only rolled back: what the handler wrote after that would be committed by itself.
            nonlocal late
            late = True
            conn.close()

        timer = asyncio.get_running_loop().call_later(self._database.options.transaction_timeout_s, give_up)
        try:
            yield conn
            timer.cancel()
            if not late:
                await aside(self._commit, conn)
        except (sqlite3.Error, WrongContext) as error:
            if late:
                raise StoreUnavailable(_TOO_LATE) from error
            if not is_outage(error):
                raise  # the answer to the handler's own SQL, which it may wait for
            raise self._database.translate(error) from error
        finally:
            timer.cancel()
            conn.close()
        if late:
            raise StoreUnavailable(_TOO_LATE)

    async def save_progress(self, updates: Sequence[tuple[UUID, int, bytes]]) -> None:
        """Store progress of running jobs whose fence still fits; others are dropped."""
        rows = [
            {"job_id": job_id.bytes, "lease_no": lease_no, "progress": text}
            for job_id, lease_no, progress in sorted(updates)
            if (text := storable_json(progress)) is not None
        ]
        if rows:
            await self._writer.run(lambda conn: conn.executemany(q.save_progress, rows))

    async def requests(self, worker_id: UUID) -> WorkerRequests:
        """Return what is wanted of the running jobs of a worker."""
        params = {"worker_id": worker_id.bytes}
        rows = await self._reader.run(
            lambda conn: conn.execute(q.list_requests, {**params, "now": self._now()}).fetchall()
        )
        return requests_of(
            (UUID(bytes=job_id), kind, None if number is None else UUID(bytes=number), lease_no, seconds)
            for job_id, kind, number, lease_no, seconds in rows
        )

    async def paused_queues(self) -> dict[QueueRef, Pause]:
        """Return the queues that are paused now, of every tenant, with their pauses."""
        rows = await self._reader.run(lambda conn: conn.execute(q.list_paused_queues).fetchall())
        return paused_of((tenant, name, maybe_time(paused_at), pause) for tenant, name, paused_at, pause in rows)

    async def forget(self, worker_id: UUID) -> None:
        """Forget the scan positions."""
        self._turns.pop(worker_id, None)
        await self._writer.run(lambda _conn: self._cursors.forget())

    def _open_transaction(self) -> Connection:
        try:
            conn = self._database.connect(writes=True)
            conn.execute("PRAGMA busy_timeout = 10000").fetchall()
            conn.execute("BEGIN")
        except sqlite3.Error as error:
            raise self._database.translate(error) from error
        return conn

    def _commit(self, conn: Connection) -> None:
        try:
            open_ = conn.in_transaction
        except sqlite3.ProgrammingError as error:
            raise WrongContext(CLOSED) from error
        if not open_:
            raise WrongContext(_ENDED)
        conn.execute("COMMIT")
        self._database.check(conn)

    def _claim(self, conn: sqlite3.Connection, request: ClaimRequest) -> tuple[int, list[_Taken], dict[int, str]]:
        """Take rows from lanes until there are enough; runs in the writer."""
        began = time.monotonic()
        now = self._now()
        taken: list[_Taken] = []
        allowed, newest, found = self._look(conn, request)
        if request.queues:
            found = [lane for lane in found if lane.queue in request.queues]
        if not allowed or not found:
            return now, taken, {}
        self._cursors.sweep(began, self._last_s)
        left = request.limit
        turns = self._turns[request.worker_id]
        for lane in turns.order(found):
            tasks = run_steps(conn, self._names.known(lane.tenant_id, request.tasks))
            if not tasks.names:
                continue
            found_here = self._take(conn, lane, _Wanted(request, left, now, newest, tasks))
            if found_here.rows:
                taken.append(found_here)
                left -= len(found_here.rows)
            if left <= 0:
                break
        if taken:
            turns.took([(one.lane, len(one.rows)) for one in taken])
        tenants = {
            number: run_steps(conn, self._names.tenant_name(number))
            for number in {row.tenant_id for one in taken for row in one.rows}
        }
        self._last_s = time.monotonic() - began
        return now, taken, tenants

    def _look(self, conn: sqlite3.Connection, request: ClaimRequest) -> tuple[bool, int, list[_Lane]]:
        """Return whether the worker may claim, the newest position, and the lanes of the tenants that are served."""
        worker = {"worker_id": request.worker_id.bytes}
        if not self._saw_several or not request.tenants:
            allowed, newest, lanes = conn.execute(q.list_lanes, worker).fetchone()
            found = _decode_lanes(lanes)
            if not request.tenants or not found:
                return allowed, newest, found
            served = run_steps(conn, self._names.served(request.tenants))
            theirs = [lane for lane in found if lane.tenant_id in served]
            # From now on lanes of other tenants are not even read. In a store with one tenant that would read more.
            self._saw_several = len(theirs) < len(found)
            return allowed, newest, theirs
        allowed, newest, theirs = False, 0, []
        for tenant_id in run_steps(conn, self._names.served(request.tenants)):
            params = {**worker, "tenant_id": tenant_id}
            allowed, newest, lanes = conn.execute(q.list_lanes_of_tenant, params).fetchone()
            theirs += _decode_lanes(lanes)
        return allowed, newest, theirs

    def _take(self, conn: sqlite3.Connection, lane: _Lane, wanted: _Wanted) -> _Taken:
        """Move rows of a lane from ready to running and return them."""
        request, now = wanted.request, wanted.now
        key = (lane.id, wanted.tasks.text, request.isolated)
        params = {"lane_id": lane.id, "now": now, "tasks": wanted.tasks.text}
        statement = q.read_isolated_jobs if request.isolated else q.read_claimable_jobs
        limits = {"cursor": self._cursors.get(key), "limit": wanted.limit}
        found, args = conn.execute(statement, {**params, **limits}).fetchone()
        rows = decode_claim(found)
        if len(rows) < wanted.limit:  # everything up to the newest position has been read
            self._cursors.pass_to(key, wanted.newest)
        else:
            self._cursors.pass_to(key, rows[-1].seq + 1)
        if rows:
            moved = {**params, "first": rows[0].seq, "last": rows[-1].seq, "isolated": request.isolated}
            started = conn.execute(q.start_jobs, {**moved, "worker_id": request.worker_id.bytes}).rowcount
            left = conn.execute(q.delete_ready, moved).rowcount
            if not started == left == len(rows):
                raise RuntimeError(f"{len(rows)} jobs were found, but {started} started and {left} left their places")
            self._free_keys(conn, rows)
        return _Taken(lane, rows, args or b"", wanted.tasks.names)

    def _free_keys(self, conn: sqlite3.Connection, rows: list[ClaimRow]) -> None:
        started = [row.id for row in rows if row.flags & Flag.UNIQUE_START]
        if started:
            params = {"ids": join_ids(started), "rows": zeros(len(started))}
            conn.execute(q.free_unique_at_start, params)


def _settle_fenced(transition: Transition, now: int) -> Steps[None]:
    done = yield from settle_steps([transition], now)
    if done.settled != [Settled.APPLIED]:
        raise LeaseLost(f"the fence {transition.counters.lease_no} of job {transition.job_id} is gone; roll back")
