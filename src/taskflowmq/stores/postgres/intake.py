"""How jobs get in: one statement for plain batches, one function call where another job may hold a key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from taskflowmq.core.audit import Act
from taskflowmq.core.errors import IdempotencyInFlight, InvalidJob
from taskflowmq.core.job import Enqueued, IdempotencyKey, NewJob, QueueRef
from taskflowmq.ports.store import MAX_BATCH
from taskflowmq.ports.tasks import TaskNotice, TaskView
from taskflowmq.stores.postgres import errors, rows, transactions
from taskflowmq.stores.postgres.audit import append_act
from taskflowmq.stores.postgres.names import LaneKey, NameRows, Names, TaskKey
from taskflowmq.stores.postgres.notifier import PostgresNotifier
from taskflowmq.stores.postgres.pool import Pool
from taskflowmq.stores.postgres.queries import q


class PostgresIntake:
    """The intake on PostgreSQL."""

    def __init__(
        self, pool: Pool, names: Names, notifier: PostgresNotifier, now: Callable[[], datetime | None]
    ) -> None:
        self._pool = pool
        self._names = names
        self._notifier = notifier
        self._now = now

    async def enqueue(
        self, jobs: Sequence[NewJob], *, idempotency: IdempotencyKey | None = None, act: Act | None = None
    ) -> list[Enqueued]:
        """Store jobs, all or none, and return one answer per job, in order; then wake their workers."""
        if not jobs:
            return []
        try:
            alike = idempotency is None and act is None and rows.are_alike(jobs)
            answers = await self._enqueue_alike(jobs) if alike else None
            if answers is None:
                answers = await self._enqueue_any(jobs, idempotency, act)
        except Exception as error:
            if not errors.is_bad_row(error):
                raise
            # The checks at the edge leave little that the database refuses: text that its encoding lacks, for example.
            # Then the jobs are the cause, and a repeat would not help, so it must not look like an outage.
            raise InvalidJob(f"the database cannot store these jobs: {error}") from error
        ready = jobs[:1] if alike else jobs
        await self._notifier.wake({QueueRef(job.tenant, job.queue) for job in ready if job.delay_ms <= 0})
        return answers

    async def _make_names(self, jobs: Sequence[NewJob]) -> NameRows:
        return await self._names.make(*_names_of(jobs))

    async def _enqueue_alike(self, jobs: Sequence[NewJob]) -> list[Enqueued] | None:
        """Store jobs that are alike and most probably new; None if one of them exists, and then nothing is stored."""
        names = await self._make_names(jobs[:1])
        try:
            if len(jobs) == 1:
                at = await self._pool.fetchval(q.insert_one, *rows.one_args(self._now(), jobs[0], names))
            else:
                parts = _parts(jobs)
                at = await self._pool.run(lambda conn: self._insert_alike(conn, parts, names))
        except asyncpg.UniqueViolationError:
            return None
        return [Enqueued(job.id, True, False, at) for job in jobs]

    async def _insert_alike(self, conn: Any, parts: Sequence[Sequence[NewJob]], names: NameRows) -> datetime | None:
        """Insert jobs, all or none, and return when, if one statement took them all."""
        at = None
        async with _one_transaction(conn, parts):
            for part in parts:
                (row,) = await conn.fetch(q.insert_alike, *rows.alike_args(self._now(), part, names))
                at = row["stored_at"]
        return at if len(parts) == 1 else None

    async def _enqueue_any(
        self, jobs: Sequence[NewJob], idempotency: IdempotencyKey | None, act: Act | None
    ) -> list[Enqueued]:
        # Held from here on: remembered names may be forgotten (a connection broke) while this batch is in progress.
        names = await self._make_names(jobs)
        if act is not None or idempotency is not None or any(job.unique for job in jobs) or _repeats(jobs):
            return await self._enqueue_keyed(jobs, idempotency, act)
        parts = _parts(jobs)
        created = await self._pool.run(lambda conn: self._insert(conn, parts, names))
        return [Enqueued(job.id, True, job.id not in created, created.get(job.id)) for job in jobs]

    async def _insert(self, conn: Any, parts: Sequence[Sequence[NewJob]], names: NameRows) -> dict[UUID, datetime]:
        """Insert jobs, all or none, and return the ids that are new, with the time stored for them."""
        created: dict[UUID, datetime] = {}
        async with _one_transaction(conn, parts):
            for part in parts:
                (row,) = await conn.fetch(q.enqueue_jobs, *rows.enqueue_args(self._now(), part, names))
                fresh = [job.id for job in part] if row["created"] is None else row["created"]
                created.update(dict.fromkeys(fresh, row["stored_at"]))
        return created

    async def _enqueue_keyed(
        self, jobs: Sequence[NewJob], idempotency: IdempotencyKey | None, act: Act | None
    ) -> list[Enqueued]:
        key, fingerprint = (idempotency.key, idempotency.fingerprint) if idempotency else (None, None)
        args = (rows.jobs_as_json(jobs), jobs[0].tenant, key, fingerprint, self._now())
        try:
            if act is None:
                found = await self._pool.fetch(q.enqueue_once, *args)
            else:
                found = await self._pool.run(lambda conn: self._once_with_act(conn, args, act))
        except Exception as error:
            if idempotency is not None and _waited_for_key(error.__cause__ or error):
                raise IdempotencyInFlight(
                    f"the first request with the Idempotency-Key {key!r} is still in progress"
                ) from error
            raise
        return [Enqueued(row["id"], row["created"], row["replayed"]) for row in found]

    async def _once_with_act(self, conn: Any, args: tuple[Any, ...], act: Act) -> list[Any]:
        async with conn.transaction():
            found: list[Any] = await conn.fetch(q.enqueue_once, *args)
            if any(row["created"] and not row["replayed"] for row in found):
                await append_act(conn, self._now(), act)
        return found

    async def enqueue_on(self, conn: Any, jobs: Sequence[NewJob], *, wake: bool = True) -> list[Enqueued]:
        """Store jobs in the caller's open transaction on an async connection or session; commit is the caller's."""
        if not jobs:
            return []
        found = await transactions.call(conn, transactions.ENQUEUE, self._on_args(jobs, wake))
        return [Enqueued(UUID(str(row[0])), row[1], row[2]) for row in found]

    def enqueue_on_sync(self, conn: Any, jobs: Sequence[NewJob], *, wake: bool = True) -> list[Enqueued]:
        """Store jobs in the caller's open transaction on a blocking connection or session."""
        if not jobs:
            return []
        found = transactions.call_sync(conn, transactions.ENQUEUE, self._on_args(jobs, wake))
        return [Enqueued(UUID(str(row[0])), row[1], row[2]) for row in found]

    def _on_args(self, jobs: Sequence[NewJob], wake: bool) -> tuple[Any, ...]:
        return rows.jobs_as_json(jobs), wake, self._now(), self._pool.identity

    def knows_names(self, jobs: Sequence[NewJob]) -> bool:
        """Tell whether every name of these jobs is remembered; any thread may call it."""
        return self._names.knows(*_names_of(jobs))

    async def make_names(self, jobs: Sequence[NewJob]) -> None:
        """Commit the names that these jobs bring."""
        await self._make_names(jobs)

    async def announce_tasks(self, tenant: str, tasks: Sequence[TaskNotice], *, keep: bool = False) -> None:
        """Store what programs announce of their tasks in a tenant, and that they were seen now."""
        if tasks:
            # In the order of names: two programs that start together must not wait for each other's rows.
            ordered = [notice for _, notice in sorted({notice.name: notice for notice in tasks}.items())]
            names = [notice.name for notice in ordered]
            schemas = [rows.ascii_json(notice.args_schema) for notice in ordered]
            options = [notice.options and rows.ascii_json(notice.options) for notice in ordered]
            tenant_id = await self._names.make_tenant(tenant)
            await self._pool.fetch(q.announce_tasks, self._now(), names, schemas, options, keep, tenant_id)

    async def list_tasks(self, tenant: str) -> list[TaskView]:
        """Return every task ever announced or enqueued in a tenant, by name."""
        found = await self._pool.fetch(q.list_tasks, await self._names.tenant(tenant))
        return [TaskView(**row) for row in found]


def _waited_for_key(error: BaseException) -> bool:
    """Tell whether another request holds the Idempotency-Key, and not a unique key of one of the jobs."""
    # The context of an error names the statement that waited.
    waited_at = str(getattr(error, "context", ""))
    return errors.code_of(error) == errors.LOCK_TIMEOUT and "taskflow.idempotency" in waited_at


def _names_of(jobs: Sequence[NewJob]) -> tuple[set[TaskKey], set[LaneKey]]:
    """Return the tasks and lanes of jobs, both with their tenants."""
    lanes = {(job.tenant, job.queue, job.priority, job.share) for job in jobs}
    return {(job.tenant, job.task) for job in jobs}, lanes


def _parts(jobs: Sequence[NewJob]) -> list[list[NewJob]]:
    """Return jobs in id order, in parts that fit one statement."""
    ordered = sorted(jobs, key=_by_id)
    return [ordered[start : start + MAX_BATCH] for start in range(0, len(ordered), MAX_BATCH)]


def _one_transaction(conn: Any, parts: Sequence[Sequence[NewJob]]) -> AbstractAsyncContextManager[Any]:
    """Return a transaction for several statements; one alone needs none, which saves two round trips."""
    return conn.transaction() if len(parts) > 1 else nullcontext()


def _by_id(job: NewJob) -> int:
    return job.id.int


def _repeats(jobs: Sequence[NewJob]) -> bool:
    """Tell whether an id occurs twice: then the second job is compared with the first, one by one."""
    return len({job.id for job in jobs}) < len(jobs)
