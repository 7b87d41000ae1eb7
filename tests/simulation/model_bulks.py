"""Bulk operations in the model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from msgspec.structs import replace
from tests.simulation.model_jobs import ModelJobs, state_of
from tests.simulation.rows import Data

from taskflowmq.core import bulk as rules
from taskflowmq.core.audit import Caller
from taskflowmq.core.bulk import KEPT, Bulk, BulkAction, BulkResult, BulkState, NewBulk, Next
from taskflowmq.core.errors import IdempotencyMismatch
from taskflowmq.core.job import FINAL, State
from taskflowmq.core.operations import LaneName, NewTime
from taskflowmq.core.redaction import Redaction
from taskflowmq.ports.store.bulks import BulkStep
from taskflowmq.stores.common.audit import bulk_act, bulk_end_act
from taskflowmq.stores.common.bulks import Targets, due_of, new_time_of, states_meant, waits
from taskflowmq.stores.common.jobs import Place


class ModelBulks:
    """Operations, acted on one chunk at a time."""

    def __init__(self, data: Data, now: Callable[[], datetime], jobs: ModelJobs) -> None:
        self._data, self._now, self._jobs = data, now, jobs

    async def create(self, new: NewBulk, *, by: Caller | None = None) -> Bulk:
        data, now = self._data, self._now()
        if new.key is not None:
            fingerprint, first = data.bulk_keys.setdefault((new.tenant, new.key.key), (new.key.fingerprint, new.id))
            if first != new.id:
                if fingerprint != new.key.fingerprint:
                    raise IdempotencyMismatch("another request")
                return data.bulks[first]
        if new.id in data.bulks:
            return data.bulks[new.id]
        undo = now + timedelta(milliseconds=new.undo_ms) if new.undo_ms else None
        nothing: dict[str, Any] = dict.fromkeys(("started_at", "finished_at", "position", "next_at", "problem"))
        bulk = Bulk(
            id=new.id,
            tenant=new.tenant,
            action=new.action,
            filter=new.filter,
            reason=new.reason,
            actor=new.actor,
            rate=new.rate,
            state=BulkState.WAITING,
            created_at=now,
            undo_until=undo,
            total=0,
            collected=False,
            chunks=0,
            acted=0,
            counts={},
            params=rules.params_of(new, now),
            **nothing,
        )
        data.bulks[new.id], data.chunks[new.id] = bulk, []
        if new.filter is None:
            self._collect(bulk, new.ids)
        if by is not None:
            data.note(now, bulk_act(new, by, bulk.params))
        return data.bulks[new.id]

    async def get(self, tenant: str, bulk_id: UUID) -> Bulk | None:
        bulk = self._data.bulks.get(bulk_id)
        return bulk if bulk is not None and bulk.tenant == tenant else None

    async def list_bulks(self, tenant: str, *, limit: int, before: UUID | None = None) -> list[Bulk]:
        ids = sorted((one for one in self._data.bulks if before is None or one < before), reverse=True)
        return [self._data.bulks[one] for one in ids if self._data.bulks[one].tenant == tenant][:limit]

    async def results(self, bulk_id: UUID, *, first_chunk: int, limit: int) -> Sequence[Sequence[BulkResult]]:
        parts = self._data.chunks.get(bulk_id, [])[first_chunk : first_chunk + limit]
        return [rules.decode_outcomes(ids, answers) for ids, answers in parts]

    async def stop(self, tenant: str, bulk_id: UUID, *, by: Caller | None = None) -> Bulk | None:
        return await self._end(tenant, bulk_id, rules.stop, by)

    async def undo(self, tenant: str, bulk_id: UUID, *, by: Caller | None = None) -> Bulk | None:
        return await self._end(tenant, bulk_id, rules.undo, by)

    async def _end(
        self, tenant: str, bulk_id: UUID, decide: Callable[[Bulk], BulkState | None], by: Caller | None
    ) -> Bulk | None:
        bulk = await self.get(tenant, bulk_id)
        state = None if bulk is None else decide(bulk)
        if bulk is not None and state is not None:
            self._close(bulk_id, state)
            if by is not None:
                self._data.note(self._now(), bulk_end_act(bulk_id, bulk.state, state, by))
        return await self.get(tenant, bulk_id)

    async def live(self, limit: int, after: str = "") -> list[Bulk]:
        now, turns = self._now(), Counter[tuple[str, bool]]()
        order: list[tuple[datetime, int, bool, str, Bulk]] = []
        for bulk in sorted(self._data.bulks.values(), key=lambda one: (one.chunks + one.acted, one.id)):
            if bulk.state.ended:
                continue
            due = rules.what_next(bulk, now)[1] or now
            turns[bulk.tenant, due > now] += 1
            order.append((due, turns[bulk.tenant, due > now], bulk.tenant <= after, bulk.tenant, bulk))
        order.sort(key=lambda one: (*one[:4], one[4].id))
        return [one[4] for one in order[:limit]]

    async def step(self, bulk: Bulk, hidden: Redaction | None = None) -> BulkStep:
        data, now = self._data, self._now()
        bulk = data.bulks[bulk.id]
        if not bulk.collected and not bulk.state.ended:
            found = await self._jobs.list_jobs(bulk.query(hidden), limit=10**9, before=None)
            all_ended = FINAL.issuperset(states_meant(bulk) or State)
            ids = [
                view.id
                for view in found.items
                if not (all_ended and view.finished_at and view.finished_at >= bulk.created_at)
            ]
            self._collect(bulk, ids)
            return BulkStep(True)
        following, step = waits(bulk, now)
        if following is Next.FINISH:
            self._close(bulk.id, BulkState.DONE)
            return BulkStep(True)
        if following is not Next.ACT:
            return step
        ids, _ = data.chunks[bulk.id][bulk.acted]
        outcomes = {job_id: await self._act(bulk, job_id) for job_id in ids}
        answers = rules.encode_outcomes(ids, outcomes)
        data.chunks[bulk.id][bulk.acted] = ids, answers
        data.bulks[bulk.id] = replace(
            bulk,
            state=BulkState.RUNNING,
            started_at=bulk.started_at or now,
            acted=bulk.acted + 1,
            counts=rules.added(bulk.counts, answers),
            next_at=rules.next_after(bulk, len(ids), now),
        )
        return BulkStep(True, jobs=len(ids))

    async def _act(self, bulk: Bulk, job_id: UUID) -> str:
        exists = await self._jobs.get(bulk.tenant, job_id) is not None
        state = State(state_of(self._data, job_id)) if exists else None
        meant = states_meant(bulk)
        due, new_time, job = None, new_time_of(bulk), self._data.jobs.get(job_id)
        if new_time is not None:
            expires = None if job is None else job.expires_at
            due = due_of(new_time, self._now(), {} if expires is None else {job_id: expires})
        lane = None if job is None else LaneName(job.new.queue, job.new.priority, job.new.share)
        targets = Targets(bulk, {} if lane is None else {job_id: Place(state, lane, 0)})
        plan = rules.plan(bulk.action, [job_id], {} if state is None else {job_id: state}, meant, due, targets.there)
        if job_id in plan.left:
            return plan.left[job_id]
        if bulk.action is BulkAction.PURGE and state not in FINAL:
            await self._jobs.cancel(bulk.tenant, job_id, actor=bulk.actor)
        if bulk.action is BulkAction.CANCEL:
            return await self._jobs.cancel(bulk.tenant, job_id, actor=bulk.actor)
        if due is not None:
            return await self._jobs.reschedule(bulk.tenant, job_id, NewTime(due.at))
        if bulk.params is not None and bulk.params.lane is not None:
            return await self._jobs.move(bulk.tenant, job_id, bulk.params.lane)
        return await (self._jobs.retry if bulk.action is BulkAction.RETRY else self._jobs.delete)(bulk.tenant, job_id)

    async def fail(self, bulk_id: UUID, problem: str) -> None:
        if not self._data.bulks[bulk_id].state.ended:
            self._close(bulk_id, BulkState.FAILED, problem)

    async def prune(self, limit: int) -> int:
        since, data = self._now() - KEPT, self._data
        old = [one for one, bulk in data.bulks.items() if bulk.finished_at is not None and bulk.finished_at <= since]
        for bulk_id in old:
            del data.bulks[bulk_id], data.chunks[bulk_id]
        data.bulk_keys = {key: value for key, value in data.bulk_keys.items() if value[1] in data.bulks}
        return len(old)

    def _collect(self, bulk: Bulk, ids: Sequence[UUID]) -> None:
        parts = [list(ids[at : at + bulk.chunk]) for at in range(0, len(ids), bulk.chunk)]
        self._data.chunks[bulk.id] = [(part, None) for part in parts]
        self._data.bulks[bulk.id] = replace(bulk, collected=True, total=len(ids), chunks=len(parts))

    def _close(self, bulk_id: UUID, state: BulkState, problem: str | None = None) -> None:
        bulk = self._data.bulks[bulk_id]
        self._data.bulks[bulk_id] = replace(bulk, state=state, finished_at=self._now(), problem=problem)
