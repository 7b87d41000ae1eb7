"""How workers claim jobs and settle them: the hot path."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from operator import itemgetter
from typing import Any
from uuid import UUID

import msgspec

from taskflowmq.core.errors import TaskFlowError
from taskflowmq.core.fates import StoredFate, Verdict, judge
from taskflowmq.core.inspection import WorkerRequests
from taskflowmq.core.job import ClaimedJob, QueueRef, State
from taskflowmq.core.lanes import Turns
from taskflowmq.core.pauses import Pause
from taskflowmq.core.transitions import Transition
from taskflowmq.ports.halving import halve
from taskflowmq.ports.store import ClaimRequest, Settled
from taskflowmq.stores.common.inspections import requests_of
from taskflowmq.stores.common.queues import paused_of
from taskflowmq.stores.postgres import errors, lending, rows, settling, transactions
from taskflowmq.stores.postgres.cursors import Scan
from taskflowmq.stores.postgres.names import Lane, Names
from taskflowmq.stores.postgres.notifier import PostgresNotifier
from taskflowmq.stores.postgres.pool import Pool
from taskflowmq.stores.postgres.queries import q

_log = logging.getLogger("taskflowmq.stores.postgres")
_MAX_REWRITES = 5
#: The fate of a fence that is given up: to its transition it is as if nothing were stored.
_UNSETTLED = StoredFate(None, None, None)
#: Columns of a claimed row; access by name takes three times as long.
_LANE, _SEQ, _TASK, _TENANT = 0, 1, 3, 4
_lane_of, _seq_of = itemgetter(_LANE), itemgetter(_SEQ)
_PENDING = State.PENDING
#: Up to this many lanes, a claim scans all of them. Beyond it, only the lanes that had ready jobs at the last peek: an
#: empty lane costs two index descents.
FEW_LANES = 32
#: Beyond that many lanes, this many of the last that gave something are scanned from their positions: a jump over them
#: would read the dead entries of what was claimed from them.
MOST_RECENT = 256
#: Seconds between peeks, and so the longest that a lane of higher priority waits beside others that are never empty.
LOOK_S = 0.25


class _Memory:
    """The state of one worker between claims."""

    __slots__ = (
        "busy",
        "filled",
        "generation",
        "heard",
        "jump_at",
        "look_at",
        "quiet",
        "recent",
        "scan",
        "tasks",
        "turns",
    )

    def __init__(self, generation: int, tasks: tuple[str, ...]) -> None:
        self.generation = generation
        self.tasks = tasks
        self.scan = Scan()
        self.turns = Turns()
        #: The lanes that had ready jobs at the last peek, and when to peek again (monotonic seconds).
        self.busy: frozenset[int] = frozenset()
        self.look_at = float("-inf")
        #: Of many lanes: where something was ready at the last jump, when to jump again, and the last lanes that gave
        #: something, the latest at the end.
        self.filled: tuple[int, ...] = ()
        self.jump_at = float("-inf")
        self.recent: dict[int, None] = {}
        #: Whether the last claim found nothing, and how many notifications had come when it began.
        self.quiet = False
        self.heard = 0

    def gave(self, lanes: Iterable[int]) -> None:
        """Record the lanes that jobs were claimed from; the least recent are forgotten."""
        for lane in lanes:
            self.recent.pop(lane, None)
            self.recent[lane] = None
        while len(self.recent) > MOST_RECENT:
            del self.recent[next(iter(self.recent))]


class PostgresClaims:
    """Claims on PostgreSQL."""

    def __init__(
        self, pools: tuple[Pool, Pool], names: Names, notifier: PostgresNotifier, now: Callable[[], datetime | None]
    ) -> None:
        self._pool, self._lent = pools
        self._names = names
        self._notifier = notifier
        self._now = now
        self._memories: dict[UUID, _Memory] = {}

    async def claim(self, request: ClaimRequest) -> list[ClaimedJob]:
        """Take ready jobs for a worker (see :class:`~taskflowmq.ports.store.Claims`)."""
        if request.isolated:
            return await self._claim_anywhere(request)
        memory = self._memory(request)
        heard, memory.heard = memory.heard, self._notifier.heard
        quiet = memory.quiet and heard == memory.heard and memory.scan.looks(time.monotonic())
        # The answer of a peek grows with the lanes; that of a claim among many does not.
        quiet = quiet and not self._names.has_many_lanes
        memory.quiet = False
        claimed = [] if quiet and not await self._peek_lanes(request, memory) else await self._claim_anywhere(request)
        memory.quiet = not claimed
        return claimed

    async def _claim_anywhere(self, request: ClaimRequest) -> list[ClaimedJob]:
        tenants = await self._names.tenant_ids(request.tenants)
        lanes = await self._names.lanes()
        tasks = await self._names.known_tasks(request.tenants, request.tasks)
        claimed = await self._claim_from(request, tenants, lanes, tasks)
        if claimed:
            return claimed
        # Nothing is ready in these lanes, and what is remembered of lanes and tasks may be old. An empty claim can
        # afford a peek.
        fresh = await self._names.lanes(fresh=True)
        known = await self._names.known_tasks(request.tenants, request.tasks, fresh=True)
        if known != tasks:
            self._memories.pop(request.worker_id, None)  # what was stepped over may be wanted now
        elif fresh is lanes or fresh == lanes:
            return []
        return await self._claim_from(request, tenants, fresh, known)

    async def _peek_lanes(self, request: ClaimRequest, memory: _Memory) -> bool:
        """Tell whether there may be something to claim, for a worker that was not woken.

        It replaces a sweep, its claim and a query of lanes and pauses: three round trips at each poll.
        """
        scan, began = memory.scan, time.monotonic()
        floors = scan.known_floors(began)
        tenants = await self._names.tenant_ids(request.tenants)
        served = list(request.queues), sorted(tenants or ())
        found = await self._pool.fetch(q.peek_lanes, scan.wants_xid, *floors, *served)
        if memory.generation != self._pool.generation:
            return True
        lanes = [lane.id for lane in _served(self._names.learn_lanes(found, began), tenants, request.queues)]
        if not lanes:
            return False
        scan.enter(lanes)
        first_rows = {row["id"]: row["first_row"] for row in found}
        firsts = [first_rows[lane] for lane in lanes]
        if not self._raise_floors(scan, began, lanes, firsts, found[0]):
            return True
        if all(first is None for first in firsts):
            scan.swept(began, time.monotonic())
            return False
        scan.sweep_next(time.monotonic())  # the jobs that were seen may be behind the positions
        return True

    async def _claim_from(
        self, request: ClaimRequest, tenants: frozenset[int] | None, lanes: dict[int, Lane], tasks: list[int]
    ) -> list[ClaimedJob]:
        memory = self._memory(request)
        if self._names.has_many_lanes and not request.isolated:
            return await self._claim_among_many(request, memory, tenants, tasks)
        order = memory.turns.order(_served(lanes, tenants, request.queues))
        if not order or not tasks:
            return []
        if request.isolated:
            found = await self._claim(q.claim_isolated_jobs, request, order, [0] * len(order), tasks)
        else:
            found = await self._claim_onwards(request, memory, order, tasks)
        return await self._claimed(memory, found, order)

    async def _claim_among_many(
        self, request: ClaimRequest, memory: _Memory, tenants: frozenset[int] | None, tasks: list[int]
    ) -> list[ClaimedJob]:
        """Claim from the lanes that had ready jobs at the last jump, and those that were claimed from recently.

        An empty answer still means that no job is ready: a jump comes before it.
        """
        found: list[Any] = []
        order: list[Lane] = []
        for jumps in (False, True) if time.monotonic() < memory.jump_at else (True,):
            if jumps:
                await self._jump(memory)
            known = await self._names.find_lanes(memory.filled)
            near = {lane: known[lane] for lane in (*memory.recent, *memory.filled) if lane in known}
            order = memory.turns.order(_served(near, tenants, request.queues))
            found = await self._claim_onwards(request, memory, order, tasks) if order and tasks else []
            if found:
                break
        if len(found) < request.limit:
            memory.jump_at = float("-inf")
        return await self._claimed(memory, found, order)

    async def _jump(self, memory: _Memory) -> None:
        """Find the lanes that have ready jobs, besides those in use, which a scan reads anyway."""
        began = time.monotonic()
        rows = await self._pool.fetch(q.find_filled_lanes, sorted(memory.recent))
        memory.filled, memory.jump_at = tuple(row[0] for row in rows), began + LOOK_S

    async def _claim_onwards(
        self, request: ClaimRequest, memory: _Memory, order: list[Lane], tasks: list[int]
    ) -> list[Any]:
        memory.scan.enter([lane.id for lane in order])
        now = time.monotonic()
        # A sweep reads every lane: a job that commits behind a position is in no lane that a peek would find.
        sweep = memory.scan.sweeps(now)
        if sweep or len(order) <= FEW_LANES:
            return await self._scan(request, memory, order, tasks, sweep=sweep)
        looks = now >= memory.look_at
        if looks:
            memory.busy = await self._look(memory.scan, order, tasks)
            memory.look_at = now + LOOK_S
        busy = [lane for lane in order if lane.id in memory.busy]
        found = await self._scan(request, memory, busy, tasks, sweep=False) if busy else []
        if len(found) < request.limit:
            memory.look_at = float("-inf")
            if not found and not looks:  # a claim that finds nothing has read every lane
                return await self._claim_onwards(request, memory, order, tasks)
        return found

    async def _look(self, scan: Scan, order: list[Lane], tasks: list[int]) -> frozenset[int]:
        """Return the lanes in which a job is ready."""
        lane_ids = [lane.id for lane in order]
        found = await self._pool.fetch(q.find_busy_lanes, lane_ids, scan.positions(lane_ids), tasks)
        return frozenset([row[0] for row in found])

    async def _scan(
        self, request: ClaimRequest, memory: _Memory, order: list[Lane], tasks: list[int], *, sweep: bool
    ) -> list[Any]:
        scan = memory.scan
        lane_ids = [lane.id for lane in order]
        began = time.monotonic()
        try:
            positions = await self._starts(scan, began, lane_ids) if sweep else scan.positions(lane_ids)
            # The rows that a sweep's claim leaves out were read when its peek was sent.
            sent = scan.looked_at if sweep and not scan.is_new else time.monotonic()
            found = await self._claim(q.claim_jobs, request, order, positions, tasks)
        except BaseException:
            # It is unknown how far that scan came, and whether the database is still the same one.
            self._memories.pop(request.worker_id, None)
            raise
        ended = time.monotonic()
        taken: dict[int, int] = {}
        for row in found:
            lane_id, seq = row[_LANE], row[_SEQ]
            if seq > taken.get(lane_id, 0):
                taken[lane_id] = seq
        memory.gave(taken)
        scan.scanned(sent, ended, lane_ids, taken, full=len(found) >= request.limit)
        if sweep:
            scan.swept(sent, ended)
        return found

    async def _starts(self, scan: Scan, at: float, order: list[int]) -> list[int]:
        """Return where the claim of a sweep begins."""
        floors = scan.floors(at, order)
        if scan.knows_starts(at):  # another sample would return the same, and take another xid
            return scan.starts(order)
        known = not scan.is_new or await self._close_drawn(scan)
        if not known or not await self._sample(scan, order, floors):
            return [0] * len(order)
        return scan.starts(order)

    async def _close_drawn(self, scan: Scan) -> bool:
        """Read the last position drawn, then take an xid, so that the first peek already knows what is closed."""
        return await self._sample(scan, [], []) and (not scan.wants_xid or await self._sample(scan, [], []))

    async def _sample(self, scan: Scan, order: list[int], floors: list[int]) -> bool:
        at = time.monotonic()
        row = await self._pool.fetchrow(q.sample_positions, scan.wants_xid, order, floors)
        return self._raise_floors(scan, at, order, row["first_rows"], row)

    def _raise_floors(self, scan: Scan, at: float, order: list[int], first_rows: list[int | None], sample: Any) -> bool:
        """Take a sample of positions; False: the database is another one, and nothing known of it holds."""
        if scan.raise_floors(at, order, first_rows, (sample["last_drawn"], sample["own"], sample["oldest"])):
            return True
        self._pool.generation += 1
        return False

    async def _claim(
        self, statement: str, request: ClaimRequest, order: list[Lane], positions: list[int], tasks: list[int]
    ) -> list[Any]:
        return await self._pool.fetch(
            statement,
            self._now(),
            request.worker_id,
            [lane.id for lane in order],
            positions,
            tasks,
            request.limit,
            [lane.queue_id for lane in order],
        )

    async def _claimed(self, memory: _Memory, found: list[Any], order: list[Lane]) -> list[ClaimedJob]:
        """Build the claimed jobs, in the order of the lanes, and record whose turn it was."""
        if not found:
            return []
        counts = Counter(map(_lane_of, found))
        lanes = {lane.id: lane for lane in order if lane.id in counts}
        if len(order) > 1:
            memory.turns.took([(lane, counts[lane.id]) for lane in lanes.values()])
        if len(lanes) > 1:
            rank = {lane: index for index, lane in enumerate(lanes)}
            found.sort(key=lambda row: (rank[row[_LANE]], row[_SEQ]))
        else:
            found.sort(key=_seq_of)
        tenants, tasks = await self._names.name_rows({row[_TENANT] for row in found}, {row[_TASK] for row in found})
        return [rows.claimed_job(row, tasks, lanes, tenants) for row in found]

    def _memory(self, request: ClaimRequest) -> _Memory:
        memory = self._memories.get(request.worker_id)
        if memory is None or memory.generation != self._pool.generation or memory.tasks != request.tasks:
            memory = self._memories[request.worker_id] = _Memory(self._pool.generation, request.tasks)
        return memory

    async def forget(self, worker_id: UUID) -> None:
        """Drop what is remembered of a worker's scan positions, and of lanes and pauses."""
        self._memories.pop(worker_id, None)
        self._names.forget_lanes()

    def forget_all(self) -> None:
        """Drop every worker's scan positions (a queue was resumed)."""
        self._memories.clear()

    async def settle(self, transitions: Sequence[Transition]) -> list[Settled]:
        """Write decided transitions under their fences (see :class:`~taskflowmq.ports.store.Claims`)."""
        # What the store holds of the transitions that were not applied. Most batches miss no fence, and need no query.
        missed: dict[settling.Fence, StoredFate] = {}
        waves = settling.in_waves(transitions)
        for wave in waves:
            await self._write(wave, missed)
        given_back = [change.job_id for change in transitions if change.to is _PENDING]
        if given_back:
            await self._wake(given_back)
        if not missed and sum(map(len, waves)) == len(transitions):
            return [Settled.APPLIED] * len(transitions)
        return settling.answers(transitions, missed)

    async def _wake(self, job_ids: list[UUID]) -> None:
        """Wake the queues of jobs that were given back, as an enqueue does: after the commit, coalesced (F15).

        The jobs are stored: a failing wake-up must not look as if they were not.
        """
        try:
            found = await self._pool.fetch(q.find_queues, job_ids)
        except TaskFlowError as error:
            _log.debug("a wake-up was not sent, workers find the job by polling: %s", error)
        else:
            await self._notifier.wake([QueueRef(*row) for row in found])

    async def _write(self, changes: list[Transition], missed: dict[settling.Fence, StoredFate]) -> None:
        """Write a batch; a row that the database refuses is found by halving and stored without its payload."""
        if not changes:
            return
        try:
            await self._write_all(changes, missed)
        except Exception as error:
            if not errors.is_bad_row(error.__cause__ or error):
                raise

            async def write(half: list[Transition]) -> None:
                await self._write(half, missed)

            async def weaken(change: Transition, error: Exception) -> None:
                refusal = error.__cause__ or error
                less = settling.weaker(change, errors.why_refused(refusal))
                if less is None:
                    raise error
                _log.warning("the result or error of job %s could not be stored: %s", change.job_id, refusal)
                await write([less])

            await halve(changes, error, write, weaken)

    async def _write_all(self, changes: list[Transition], missed: dict[settling.Fence, StoredFate]) -> None:
        left = changes
        for _ in range(_MAX_REWRITES):
            batch = left
            unwritten = await self._pool.run(lambda conn: self._apply(conn, batch))  # noqa: B023 - used before it changes
            if not unwritten:
                return
            found = await self._read_settlements(unwritten)
            left = []
            for change in unwritten:
                key = settling.fence(change)
                if judge(change, found[key]) is Verdict.HELD:
                    left.append(change)  # its row was changed meanwhile (by progress, say), but not its fence
                else:
                    missed[key] = found[key]
            if not left:
                return
        for change in left:
            missed[settling.fence(change)] = _UNSETTLED
            _log.error("job %s could not be settled: its row changed during every try", change.job_id)

    async def _apply(self, conn: Any, changes: list[Transition]) -> list[Transition]:
        """Write in one transaction; return the transitions whose fence matched no row."""
        if all(map(settling.is_success, changes)):
            return await self._complete(conn, changes)
        good = [change for change in changes if settling.is_success(change)]
        other = [change for change in changes if not settling.is_success(change)]
        if not good:
            return await self._settle(conn, other)
        async with conn.transaction():
            return await self._complete(conn, good) + await self._settle(conn, other)

    async def _complete(self, conn: Any, changes: list[Transition]) -> list[Transition]:
        results = [change.result for change in changes]
        problems = [change.result_error for change in changes]
        applied = await conn.fetchval(
            q.complete_jobs,
            self._now(),
            [change.job_id for change in changes],
            [change.counters.lease_no for change in changes],
            results if any(result is not None for result in results) else None,
            [rows.clean(problem) for problem in problems] if any(problems) else None,
        )
        return [] if applied is None else _missing(changes, applied)

    async def _settle(self, conn: Any, changes: list[Transition]) -> list[Transition]:
        found = await conn.fetch(q.settle_jobs, rows.changes_as_json(changes), self._now())
        return [] if len(found) == len(changes) else _missing(changes, [row[0] for row in found])

    async def _read_settlements(self, changes: list[Transition]) -> dict[settling.Fence, StoredFate]:
        found = await self._pool.fetch(
            q.read_settlements, [change.job_id for change in changes], [change.counters.lease_no for change in changes]
        )
        return {(row[0], row[1]): msgspec.convert(tuple(row)[2:], StoredFate) for row in found}

    async def settle_on(self, conn: Any, transition: Transition) -> None:
        """Write one transition in the caller's transaction on an async connection or session."""
        await transactions.call(conn, transactions.SETTLE, self._settle_args(transition))

    def settle_on_sync(self, conn: Any, transition: Transition) -> None:
        """Write one transition in the caller's transaction on a blocking connection or session."""
        transactions.call_sync(conn, transactions.SETTLE, self._settle_args(transition))

    def _settle_args(self, transition: Transition) -> tuple[Any, ...]:
        change = msgspec.json.encode(rows.change_as_dict(transition)).decode()
        return change, self._now(), self._pool.identity

    def transaction(self) -> AbstractAsyncContextManager[Any]:
        """Open a transaction on a native connection of the store."""
        # Never from the pool that claims and settles use: a few handlers in transactions would block the worker,
        # and forever if each of them waits for something that needs one more connection.
        return lending.transaction(self._lent)

    async def save_progress(self, updates: Sequence[tuple[UUID, int, bytes]]) -> None:
        """Store (job id, lease_no, JSON) progress of running jobs whose fence still fits; others are dropped."""
        latest = {(job_id, lease_no): data for job_id, lease_no, data in updates}
        await self._save(sorted(latest.items(), key=lambda item: (item[0][0].int, item[0][1])))

    async def _save(self, updates: list[tuple[settling.Fence, bytes]]) -> None:
        """Save progress; a row that the database refuses is found by halving and dropped."""
        if not updates:
            return
        job_ids, lease_nos = zip(*(fence for fence, _ in updates), strict=True)
        try:
            await self._pool.fetch(q.save_progress, job_ids, lease_nos, [data for _, data in updates])
        except Exception as error:
            if not errors.is_bad_row(error.__cause__ or error):
                raise
            await halve(updates, error, self._save, _drop_progress)

    async def requests(self, worker_id: UUID) -> WorkerRequests:
        """Return what is wanted of the running jobs of a worker."""
        return requests_of(await self._pool.fetch(q.list_requests, self._now(), worker_id))

    async def paused_queues(self) -> dict[QueueRef, Pause]:
        """Return the queues that are paused now, of every tenant, with their pauses."""
        return paused_of(await self._pool.fetch(q.list_paused_queues))


async def _drop_progress(update: tuple[settling.Fence, bytes], _error: Exception) -> None:
    _log.warning("the progress of job %s could not be stored and was dropped", update[0][0])


def _missing(changes: list[Transition], applied: Sequence[UUID]) -> list[Transition]:
    done = set(applied)
    return [change for change in changes if change.job_id not in done]


def _served(lanes: dict[int, Lane], tenants: frozenset[int] | None, queues: tuple[str, ...]) -> list[Lane]:
    """Return the lanes that a worker may claim from; of every tenant if none is given."""
    wanted = set(queues)
    return [
        lane
        for lane in lanes.values()
        if not lane.paused and (tenants is None or lane.tenant_id in tenants) and (not wanted or lane.queue in wanted)
    ]
