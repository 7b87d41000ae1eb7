"""Bulk operations on SQLite: a chunk is acted on in one transaction of the one writer."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import msgspec

from taskflowmq.core import bulk as rules
from taskflowmq.core.audit import Caller
from taskflowmq.core.bulk import KEPT, Bulk, BulkAction, BulkResult, BulkState, NewBulk, Next, decode_outcomes
from taskflowmq.core.job import QueueRef
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
from taskflowmq.stores.sqlite.audit import append_act
from taskflowmq.stores.sqlite.job_steps import batch_of
from taskflowmq.stores.sqlite.jobs import SqliteJobs, lane_of, move_jobs, places_of
from taskflowmq.stores.sqlite.names import Names
from taskflowmq.stores.sqlite.notifier import SqliteNotifier
from taskflowmq.stores.sqlite.queries import q
from taskflowmq.stores.sqlite.reader import Reader
from taskflowmq.stores.sqlite.rows import from_us, join_ids, maybe_time, to_us
from taskflowmq.stores.sqlite.steps import run_steps
from taskflowmq.stores.sqlite.writer import Writer

_KEPT_MS = int(KEPT.total_seconds() * 1000)


class SqliteBulks(CommonBulks):
    """Implements :class:`~taskflowmq.ports.store.Bulks`."""

    def __init__(
        self,
        threads: tuple[Writer, Reader],
        names: Names,
        jobs: SqliteJobs,
        notifier: SqliteNotifier,
        now: Callable[[], int],
    ) -> None:
        super().__init__(jobs)
        self._writer, self._reader = threads
        self._names = names
        self._notifier = notifier
        self._now = now

    async def create(self, new: NewBulk, *, by: Caller | None = None) -> Bulk:
        """Accept an operation. A repeat, by its id or its Idempotency-Key, returns what was stored first."""
        return await self._writer.run(lambda conn: self._create(conn, new, by))

    def _create(self, conn: sqlite3.Connection, new: NewBulk, by: Caller | None) -> Bulk:
        key, fingerprint = (None, None) if new.key is None else (new.key.key, new.key.fingerprint)
        now = self._now()
        needed = rules.params_of(new, from_us(now))
        params = {
            "id": new.id.bytes,
            "tenant_id": run_steps(conn, self._names.tenant(new.tenant)),
            "action": new.action,
            "filter": new.filter,
            "reason": new.reason,
            "actor": new.actor,
            "rate": new.rate,
            "key": key,
            "fingerprint": fingerprint,
            "undo_ms": new.undo_ms,
            "params": rules.encode_params(needed),
            "now": now,
        }
        if not conn.execute(q.insert_bulk, params).rowcount:
            stored, before = conn.execute(q.find_bulk, params).fetchone()
            check_repeat(new, before, UUID(bytes=stored))
            return _read(conn, UUID(bytes=stored))
        if new.filter is None:
            size = rules.CHUNK if new.rate is None else min(new.rate, rules.CHUNK)
            found = Collected(chunks_of(new.ids, size), None, True)
            _store_collected(conn, _read(conn, new.id), found)
        if by is not None:
            append_act(conn, now, bulk_act(new, by, needed))
        return _read(conn, new.id)

    async def get(self, tenant: str, bulk_id: UUID) -> Bulk | None:
        """Return an operation, or None."""
        found = await self._fetch(q.get_bulk, {"tenant": tenant, "id": bulk_id.bytes})
        return _view(found[0]) if found else None

    async def list_bulks(self, tenant: str, *, limit: int, before: UUID | None = None) -> list[Bulk]:
        """Return operations, newest first, below an id."""
        params = {"tenant": tenant, "before": None if before is None else before.bytes, "limit": limit}
        return [_view(row) for row in await self._fetch(q.list_bulks, params)]

    async def results(self, bulk_id: UUID, *, first_chunk: int, limit: int) -> Sequence[Sequence[BulkResult]]:
        """Return what became of each job, by chunk, from one on."""
        params = {"id": bulk_id.bytes, "first": first_chunk, "limit": limit}
        return [decode_outcomes(_split(ids), answers) for _, ids, answers in await self._fetch(q.list_chunks, params)]

    async def stop(self, tenant: str, bulk_id: UUID, *, by: Caller | None = None) -> Bulk | None:
        """End an operation; the jobs that it has not reached stay untouched."""
        return await self._end(tenant, bulk_id, rules.stop, by)

    async def undo(self, tenant: str, bulk_id: UUID, *, by: Caller | None = None) -> Bulk | None:
        """End an operation that has not begun."""
        return await self._end(tenant, bulk_id, rules.undo, by)

    async def _end(self, tenant: str, bulk_id: UUID, decide: Decide, by: Caller | None) -> Bulk | None:
        def end(conn: sqlite3.Connection) -> Bulk | None:
            row = conn.execute(q.get_bulk, {"tenant": tenant, "id": bulk_id.bytes}).fetchone()
            if row is None:
                return None
            bulk = _view(row)
            state = decide(bulk)
            if state is not None:
                self._close(conn, bulk_id, state)
                if by is not None:
                    append_act(conn, self._now(), bulk_end_act(bulk_id, bulk.state, state, by))
            return _read(conn, bulk_id)

        return await self._writer.run(end)

    async def live(self, limit: int, after: str = "") -> list[Bulk]:
        """Return operations of all tenants that have not ended: those that can continue now, in turn, before others."""
        params = {"limit": limit, "after": after, "now": self._now()}
        return [_view(row) for row in await self._fetch(q.list_live_bulks, params)]

    async def fail(self, bulk_id: UUID, problem: str) -> None:
        """End an operation that cannot continue."""
        await self._writer.run(lambda conn: self._close(conn, bulk_id, BulkState.FAILED, problem))

    async def prune(self, limit: int) -> int:
        """Delete operations that ended long ago; return how many rows."""
        due = {"now": self._now(), "kept_ms": _KEPT_MS, "limit": limit}
        old = [bulk_id for (bulk_id,) in await self._fetch(q.list_old_bulks, due)]
        if not old:
            return 0
        return await self._writer.run(lambda conn: _delete(conn, old, limit))

    async def _store(self, bulk: Bulk, found: Collected) -> bool:
        return await self._writer.run(lambda conn: _store_collected(conn, bulk, found))

    async def _act(self, bulk: Bulk) -> BulkStep:
        # Nothing to do is found out without the lock.
        following, step = waits(bulk, from_us(self._now()))
        if following not in (Next.ACT, Next.FINISH):
            return step
        step, woken = await self._writer.run(lambda conn: self._act_on(conn, bulk.id))
        if woken:
            await self._notifier.wake(woken)
        return step

    def _act_on(self, conn: sqlite3.Connection, bulk_id: UUID) -> tuple[BulkStep, set[QueueRef]]:
        bulk, now = _read(conn, bulk_id), self._now()
        following, step = waits(bulk, from_us(now))
        if following is Next.FINISH:
            self._close(conn, bulk_id, BulkState.DONE)
            return BulkStep(True), set()
        if following is not Next.ACT:
            return step, set()
        place = {"id": bulk_id.bytes, "no": bulk.acted}
        ids = _split(conn.execute(q.read_chunk, place).fetchone()[0])
        acted = _move(conn, self._names, bulk, ids, now)
        answers = rules.encode_outcomes(ids, acted.outcomes)
        conn.execute(q.save_answers, {**place, "answers": answers})
        next_at = rules.next_after(bulk, len(ids), from_us(now))
        told = {
            "id": bulk_id.bytes,
            "now": now,
            "counts": msgspec.json.encode(rules.added(bulk.counts, answers)).decode(),
            "next_at": None if next_at is None else to_us(next_at),
        }
        conn.execute(q.note_acted, told)
        return BulkStep(True, jobs=len(ids)), acted.woken

    def _close(self, conn: sqlite3.Connection, bulk_id: UUID, state: BulkState, problem: str | None = None) -> None:
        conn.execute(q.end_bulk, {"id": bulk_id.bytes, "state": state, "problem": problem, "now": self._now()}).close()

    async def _fetch(self, statement: str, params: dict[str, Any]) -> list[tuple[Any, ...]]:
        return await self._reader.run(lambda conn: conn.execute(statement, params).fetchall())


def _move(conn: sqlite3.Connection, names: Names, bulk: Bulk, ids: Sequence[UUID], now: int) -> Acted:
    """Write the moves of a chunk; no other writer can move its jobs meanwhile."""
    found = places_of(conn, bulk.tenant, ids)
    places = {job_id: place.state for job_id, place in found.items() if place.state is not None}
    targets, due, new_time = Targets(bulk, found), None, new_time_of(bulk)
    if new_time is not None:
        rows = conn.execute(q.read_expiries, batch_of(join_ids(ids))).fetchall()
        due = due_of(new_time, from_us(now), {UUID(bytes=job_id): from_us(at) for job_id, at in rows})
    plan = rules.plan(bulk.action, ids, places, states_meant(bulk), due, targets.there)
    acted = Acted(dict(plan.left), set())
    for move, jobs in plan.moves.items():
        lanes = None
        if targets:
            numbers = {lane: run_steps(conn, lane_of(names, bulk.tenant, lane, now)) for lane in set(targets.values())}
            lanes = [numbers[targets[job_id]] for job_id in jobs]
        run_steps(conn, move_jobs(move, list(jobs), now, bulk.actor, new_time, lanes))
        acted.outcomes.update(jobs)
        if move.makes_ready:
            ready = (targets.get(job_id, found[job_id].lane) for job_id in jobs)
            acted.woken.update(QueueRef(bulk.tenant, lane.queue) for lane in ready)
    return acted


def _store_collected(conn: sqlite3.Connection, bulk: Bulk, found: Collected) -> bool:
    told = {
        "id": bulk.id.bytes,
        "known": None if bulk.position is None else bulk.position.bytes,
        "position": None if found.position is None else found.position.bytes,
        "jobs": found.jobs,
        "chunks": len(found.chunks),
        "collected": int(found.complete),
    }
    if not conn.execute(q.note_collected, told).fetchall():
        return False
    for at, ids in enumerate(found.chunks):
        conn.execute(q.insert_chunk, {"id": bulk.id.bytes, "no": bulk.chunks + at, "ids": join_ids(ids)}).close()
    return True


def _delete(conn: sqlite3.Connection, old: Sequence[bytes], limit: int) -> int:
    gone = 0
    for bulk_id in old:
        gone += len(conn.execute(q.delete_chunks, {"id": bulk_id, "limit": limit - gone}).fetchall())
        if gone >= limit:
            break
        conn.execute(q.delete_bulk, {"id": bulk_id}).close()
        gone += 1
    return gone


def _read(conn: sqlite3.Connection, bulk_id: UUID) -> Bulk:
    return _view(conn.execute(q.read_bulk, {"id": bulk_id.bytes}).fetchone())


def _split(ids: bytes) -> list[UUID]:
    return [UUID(bytes=ids[at : at + 16]) for at in range(0, len(ids), 16)]


def _view(row: Sequence[Any]) -> Bulk:
    bulk_id, tenant, action, text, reason, actor, rate, state, created_at, undo_until, *rest = row
    started_at, finished_at, total, collected, position, chunks, acted, next_at, counts, problem, params = rest
    return Bulk(
        id=UUID(bytes=bulk_id),
        tenant=tenant,
        action=BulkAction(action),
        filter=text,
        reason=reason,
        actor=actor,
        rate=rate,
        state=BulkState(state),
        created_at=from_us(created_at),
        undo_until=maybe_time(undo_until),
        started_at=maybe_time(started_at),
        finished_at=maybe_time(finished_at),
        total=total,
        collected=bool(collected),
        position=None if position is None else UUID(bytes=position),
        chunks=chunks,
        acted=acted,
        next_at=maybe_time(next_at),
        counts=msgspec.json.decode(counts, type=dict[str, int]),
        problem=problem,
        params=rules.decode_params(params),
    )
