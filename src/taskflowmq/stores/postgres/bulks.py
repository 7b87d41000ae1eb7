"""Bulk operations on PostgreSQL: a chunk is acted on under a lock of its operation's row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from taskflowmq.core import bulk as rules
from taskflowmq.core.audit import Caller
from taskflowmq.core.bulk import KEPT, Bulk, BulkAction, BulkResult, BulkState, NewBulk, Next, decode_outcomes
from taskflowmq.core.errors import Conflict
from taskflowmq.core.job import FINAL, QueueRef, State
from taskflowmq.core.operations import MOST_LOOKS, LaneName, Move
from taskflowmq.ports.store.bulks import BulkStep
from taskflowmq.stores.common.audit import bulk_act, bulk_end_act
from taskflowmq.stores.common.bulks import (
    Acted,
    Collected,
    CommonBulks,
    Decide,
    Targets,
    check_repeat,
    chunks_of,
    due_of,
    new_time_of,
    states_meant,
    waits,
)
from taskflowmq.stores.postgres.audit import append_act
from taskflowmq.stores.postgres.jobs import Lanes, PostgresJobs, move_statement, place_of
from taskflowmq.stores.postgres.names import LaneKey, Names
from taskflowmq.stores.postgres.notifier import PostgresNotifier
from taskflowmq.stores.postgres.pool import Pool
from taskflowmq.stores.postgres.queries import q

_KEPT_MS = int(KEPT.total_seconds() * 1000)


class _NewLanes(Exception):
    """Jobs of a chunk go to lanes that may have to be made, which is done before its transaction."""

    def __init__(self, keys: Sequence[LaneKey]) -> None:
        super().__init__()
        self.keys = keys


class PostgresBulks(CommonBulks):
    """Bulk operations on PostgreSQL."""

    def __init__(
        self,
        pool: Pool,
        names: Names,
        jobs: PostgresJobs,
        notifier: PostgresNotifier,
        now: Callable[[], datetime | None],
    ) -> None:
        super().__init__(jobs)
        self._pool = pool
        self._names = names
        self._notifier = notifier
        self._now = now

    async def create(self, new: NewBulk, *, by: Caller | None = None) -> Bulk:
        """Accept an operation. A repeat, by its id or its Idempotency-Key, returns what was stored first."""
        tenant_id = await self._names.make_tenant(new.tenant)
        stored = await self._pool.run(lambda conn: self._create(conn, new, tenant_id, by))
        row = await self._pool.fetchrow(q.get_bulk, new.tenant, stored)
        return bulk_view(row)

    async def _create(self, conn: Any, new: NewBulk, tenant_id: int, by: Caller | None) -> UUID:
        key, fingerprint = (None, None) if new.key is None else (new.key.key, new.key.fingerprint)
        params = None
        if new.due is not None or new.lane is not None:
            params = rules.params_of(new, await conn.fetchval(q.read_now, self._now()))
        told = (new.action, new.filter, new.reason, new.actor, new.rate, key, fingerprint, new.undo_ms)
        needed = rules.encode_params(params)
        async with conn.transaction():
            status = await conn.execute(q.insert_bulk, self._now(), new.id, tenant_id, *told, needed)
            if status.endswith(" 0"):
                row = await conn.fetchrow(q.find_bulk, new.id, tenant_id, key)
                check_repeat(new, row["fingerprint"], row["id"])
                return UUID(int=row["id"].int)
            if new.filter is None:
                size = rules.CHUNK if new.rate is None else min(new.rate, rules.CHUNK)
                found = Collected(chunks_of(new.ids, size), None, True)
                await _insert_chunks(conn, new.id, 0, found)
                await conn.fetch(q.note_collected, new.id, None, None, found.jobs, len(found.chunks), True)
            if by is not None:
                await append_act(conn, self._now(), bulk_act(new, by, params))
        return new.id

    async def get(self, tenant: str, bulk_id: UUID) -> Bulk | None:
        """Return an operation, or None."""
        row = await self._pool.fetchrow(q.get_bulk, tenant, bulk_id)
        return None if row is None else bulk_view(row)

    async def list_bulks(self, tenant: str, *, limit: int, before: UUID | None = None) -> list[Bulk]:
        """Return operations, newest first, below an id."""
        return [bulk_view(row) for row in await self._pool.fetch(q.list_bulks, tenant, before, limit)]

    async def results(self, bulk_id: UUID, *, first_chunk: int, limit: int) -> Sequence[Sequence[BulkResult]]:
        """Return what became of each job, by chunk, from one on."""
        rows = await self._pool.fetch(q.list_chunks, bulk_id, first_chunk, limit)
        return [decode_outcomes(row["ids"], row["answers"]) for row in rows]

    async def stop(self, tenant: str, bulk_id: UUID, *, by: Caller | None = None) -> Bulk | None:
        """End an operation; the jobs that it has not reached stay untouched."""
        return await self._end(tenant, bulk_id, rules.stop, by)

    async def undo(self, tenant: str, bulk_id: UUID, *, by: Caller | None = None) -> Bulk | None:
        """End an operation that has not begun."""
        return await self._end(tenant, bulk_id, rules.undo, by)

    async def _end(self, tenant: str, bulk_id: UUID, decide: Decide, by: Caller | None) -> Bulk | None:
        async def end(conn: Any) -> None:
            async with conn.transaction():
                row = await conn.fetchrow(q.hold_bulk, tenant, bulk_id)
                bulk = None if row is None else bulk_view(row)
                state = None if bulk is None else decide(bulk)
                if bulk is None or state is None:
                    return
                await conn.fetch(q.end_bulk, self._now(), bulk_id, state, None)
                if by is not None:
                    await append_act(conn, self._now(), bulk_end_act(bulk_id, bulk.state, state, by))

        await self._pool.run(end)
        return await self.get(tenant, bulk_id)

    async def live(self, limit: int, after: str = "") -> list[Bulk]:
        """Return operations of all tenants that have not ended: those that can continue now, in turn, before others."""
        return [bulk_view(row) for row in await self._pool.fetch(q.list_live_bulks, self._now(), after, limit)]

    async def fail(self, bulk_id: UUID, problem: str) -> None:
        """End an operation that cannot continue."""
        await self._pool.fetch(q.end_bulk, self._now(), bulk_id, BulkState.FAILED, problem)

    async def prune(self, limit: int) -> int:
        """Delete operations that ended long ago; return how many rows."""
        gone = 0
        for row in await self._pool.fetch(q.list_old_bulks, self._now(), _KEPT_MS, limit):
            gone += len(await self._pool.fetch(q.delete_chunks, row["id"], limit - gone))
            if gone >= limit:
                return gone
            await self._pool.fetch(q.delete_bulk, row["id"])
            gone += 1
        return gone

    async def _store(self, bulk: Bulk, found: Collected) -> bool:
        async def store(conn: Any) -> bool:
            async with conn.transaction():
                told = (bulk.position, found.position, found.jobs, len(found.chunks), found.complete)
                if not await conn.fetch(q.note_collected, bulk.id, *told):
                    return False
                await _insert_chunks(conn, bulk.id, bulk.chunks, found)
            return True

        return await self._pool.run(store)

    async def _act(self, bulk: Bulk) -> BulkStep:
        for _ in range(MOST_LOOKS):
            try:
                step, woken = await self._pool.run(lambda conn: self._act_on(conn, bulk.id))
            except _NewLanes as new:
                await self._names.make((), new.keys)
                continue
            if woken:
                await self._notifier.wake(woken)
            return step
        raise Conflict(f"the jobs of bulk operation {bulk.id} kept changing their lanes: start it again")

    async def _act_on(self, conn: Any, bulk_id: UUID) -> tuple[BulkStep, set[QueueRef]]:
        async with conn.transaction():
            row = await conn.fetchrow(q.lock_bulk, bulk_id)
            if row is None:
                return BulkStep(False), set()
            bulk, now = bulk_view(row), await conn.fetchval(q.read_now, self._now())
            following, step = waits(bulk, now)
            if following is Next.FINISH:
                await conn.fetch(q.end_bulk, self._now(), bulk_id, BulkState.DONE, None)
                return BulkStep(True), set()
            if following is not Next.ACT:
                return step, set()
            ids = await conn.fetchval(q.read_chunk, bulk_id, bulk.acted)
            acted = await self._move(conn, bulk, ids, now)
            answers = rules.encode_outcomes(ids, acted.outcomes)
            await conn.fetch(q.save_answers, bulk_id, bulk.acted, answers)
            counts = msgspec.json.encode(rules.added(bulk.counts, answers)).decode()
            next_at = rules.next_after(bulk, len(ids), now)
            await conn.fetch(q.note_acted, self._now(), bulk_id, counts, next_at)
        return BulkStep(True, jobs=len(ids)), acted.woken

    async def _move(self, conn: Any, bulk: Bulk, ids: Sequence[UUID], now: datetime) -> Acted:
        """Write the moves of a chunk; a job that moves meanwhile is looked for again."""
        acted, states, due, new_time = Acted({}, set()), states_meant(bulk), None, new_time_of(bulk)
        if new_time is not None:
            expiries = {row["id"]: row["expires_at"] for row in await conn.fetch(q.read_expiries, ids)}
            due = due_of(new_time, now, expiries)
        left = sorted(ids)
        for _ in range(MOST_LOOKS):
            rows = await conn.fetch(q.find_places, bulk.tenant, left)
            found = {row["job_id"]: place_of(row) for row in rows}
            places = {job_id: place.state for job_id, place in found.items() if place.state is not None}
            targets = Targets(bulk, found)
            numbers = await self._numbers(bulk.tenant, targets)
            plan = rules.plan(bulk.action, left, places, states, due, targets.there)
            acted.outcomes.update(plan.left)
            left = []
            for move, jobs in plan.moves.items():
                # What a purge has just cancelled is deleted, whatever states its filter means.
                deleted = states or FINAL if move is Move.DELETE else (State.CANCELLED,)
                ids = list(jobs)
                for step in move.steps:
                    lanes = None
                    if targets:
                        new = [numbers[targets[job_id]] for job_id in ids]
                        lanes = Lanes([found[job_id].lane_id for job_id in ids], new)
                    statement = move_statement(step, self._now(), ids, deleted, bulk.actor, new_time, lanes)
                    ids = sorted(row["job_id"] for row in await conn.fetch(*statement))
                moved = set(ids)
                acted.outcomes.update((job_id, jobs[job_id]) for job_id in moved)
                left += [job_id for job_id in jobs if job_id not in moved]
                if move.makes_ready:
                    ready = (targets.get(job_id, found[job_id].lane) for job_id in moved)
                    acted.woken.update(QueueRef(bulk.tenant, lane.queue) for lane in ready)
            if not left:
                break
            left.sort()
        return acted

    async def _numbers(self, tenant: str, targets: Targets) -> Mapping[LaneName, int]:
        """Return the numbers of lanes, without a query: the transaction in progress has its connection already.

        Raises:
            _NewLanes: one of them is not remembered.
        """
        keys = {lane: (tenant, *lane) for lane in set(targets.values())}
        if not self._names.knows((), keys.values()):
            raise _NewLanes(sorted(keys.values()))
        known = await self._names.make((), keys.values())
        return {lane: known.lanes[key] for lane, key in keys.items()}


async def _insert_chunks(conn: Any, bulk_id: UUID, first: int, found: Collected) -> None:
    rows = [(bulk_id, first + at, ids) for at, ids in enumerate(found.chunks)]
    if rows:
        await conn.executemany(q.insert_chunk, rows)


def bulk_view(row: Any) -> Bulk:
    """Return an operation of its row."""
    return Bulk(
        id=row["id"],
        tenant=row["tenant"],
        action=BulkAction(row["action"]),
        filter=row["filter"],
        reason=row["reason"],
        actor=row["actor"],
        rate=row["rate"],
        state=BulkState(row["state"]),
        created_at=row["created_at"],
        undo_until=row["undo_until"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        total=row["total"],
        collected=row["collected"],
        position=row["position"],
        chunks=row["chunks"],
        acted=row["acted"],
        next_at=row["next_at"],
        counts=msgspec.json.decode(row["counts"], type=dict[str, int]),
        problem=row["problem"],
        params=rules.decode_params(row["params"]),
    )
