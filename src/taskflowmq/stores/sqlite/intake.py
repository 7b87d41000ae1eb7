"""How jobs get in: concurrent small requests share one statement and one commit, large ones are stored alone.

Must stay true: a request that is wrong (an id in conflict, a key that is held) fails alone, never those that were
merged with it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any

from taskflowmq.core.audit import Act
from taskflowmq.core.job import Enqueued, IdempotencyKey, NewJob, QueueRef
from taskflowmq.ports.store import MAX_BATCH
from taskflowmq.ports.tasks import TaskNotice, TaskView
from taskflowmq.stores.common.namespaces import unfinished
from taskflowmq.stores.sqlite.audit import append_act
from taskflowmq.stores.sqlite.enqueue import enqueue_steps, idempotent_steps
from taskflowmq.stores.sqlite.errors import is_outage
from taskflowmq.stores.sqlite.names import Names, find_tenant
from taskflowmq.stores.sqlite.notifier import SqliteNotifier
from taskflowmq.stores.sqlite.queries import q
from taskflowmq.stores.sqlite.reader import Reader
from taskflowmq.stores.sqlite.rows import from_us, maybe_bytes, to_json
from taskflowmq.stores.sqlite.steps import Step, Steps, run_steps
from taskflowmq.stores.sqlite.transactions import run_on, run_on_sync
from taskflowmq.stores.sqlite.writer import Writer

_unique_of = attrgetter("unique")
#: Requests of at most this many jobs are merged with others.
_SMALL = 64


class SqliteIntake:
    """Implements :class:`~taskflowmq.ports.store.Intake`."""

    def __init__(
        self,
        path: Path,
        threads: tuple[Writer, Reader],
        names: Names,
        notifier: SqliteNotifier,
        now: Callable[[], int],
    ) -> None:
        self._path = path
        self._writer, self._reader = threads
        self._names = names
        self._notifier = notifier
        self._now = now
        self._merged = self._enqueue_merged

    async def enqueue(
        self, jobs: Sequence[NewJob], *, idempotency: IdempotencyKey | None = None, act: Act | None = None
    ) -> list[Enqueued]:
        """Store jobs, all or none, and return one answer per job, in order."""
        if not jobs and idempotency is None:
            return []
        if idempotency is None and act is None and len(jobs) <= _SMALL and not _any_replaces(jobs):
            answers: list[Enqueued] = await self._writer.run_merged(self._merged, jobs)
        else:
            answers = await self._writer.run(lambda conn: self._enqueue(conn, jobs, idempotency, act))
        await self._notifier.wake(_queues(jobs))
        return answers

    async def enqueue_on(self, conn: Any, jobs: Sequence[NewJob], *, wake: bool = True) -> list[Enqueued]:
        """Store jobs in the caller's open transaction on an async connection or session; commit is the caller's."""
        # Names of its own: what this transaction creates may be rolled back unknown to the writer.
        answers = await run_on(
            conn, self._path, lambda: _in_batches(Names(self._names.max_queues), jobs, None, self._now())
        )
        if wake:
            self._notifier.wake_later(_queues(jobs))
        return answers

    def enqueue_on_sync(self, conn: Any, jobs: Sequence[NewJob], *, wake: bool = True) -> list[Enqueued]:
        """The same on a blocking connection or session."""
        answers = run_on_sync(
            conn, self._path, lambda: _in_batches(Names(self._names.max_queues), jobs, None, self._now())
        )
        if wake:
            self._notifier.wake_later(_queues(jobs))
        return answers

    def knows_names(self, jobs: Sequence[NewJob]) -> bool:
        """Answer True: the caller's transaction makes its names itself."""
        return True

    async def make_names(self, jobs: Sequence[NewJob]) -> None:
        """Do nothing: there is one writer, so a caller's open transaction blocks all others, new names or not."""

    async def announce_tasks(self, tenant: str, tasks: Sequence[TaskNotice], *, keep: bool = False) -> None:
        """Store what programs announce of their tasks in a tenant, and that they were seen now."""
        await self._writer.run(lambda conn: run_steps(conn, self._announce(tenant, tasks, keep)))

    async def list_tasks(self, tenant: str) -> list[TaskView]:
        """Return every task ever announced or enqueued in a tenant, by name."""

        def read(conn: sqlite3.Connection) -> list[tuple[str, str | None, str | None, int]]:
            found = find_tenant(conn, tenant)
            return [] if found is None else conn.execute(q.list_tasks, {"tenant_id": found.id}).fetchall()

        return [
            TaskView(name=name, args_schema=maybe_bytes(schema), options=maybe_bytes(options), seen_at=from_us(seen))
            for name, schema, options, seen in await self._reader.run(read)
        ]

    def _enqueue(
        self, conn: sqlite3.Connection, jobs: Sequence[NewJob], idempotency: IdempotencyKey | None, act: Act | None
    ) -> list[Enqueued]:
        now = self._now()
        answers = run_steps(conn, _in_batches(self._names, jobs, idempotency, now))
        if act is not None and any(one.created and not one.replayed for one in answers):
            append_act(conn, now, act)
        return answers

    def _announce(self, tenant: str, tasks: Sequence[TaskNotice], keep: bool) -> Steps[None]:
        tenant_id = yield from self._names.tenant(tenant)
        rows = to_json([(one.name, one.args_schema.decode(), one.options and one.options.decode()) for one in tasks])
        given = {"tenant_id": tenant_id, "rows": rows, "keep": keep, "now": self._now()}
        reply = yield Step(q.announce_tasks, given, True)
        if reply.clash:
            raise unfinished()

    def _enqueue_merged(self, conn: sqlite3.Connection, requests: list[Sequence[NewJob]]) -> list[Any]:
        """Store several requests as one; if that fails, store each alone, to find the one that is wrong."""
        now = self._now()
        if len(requests) == 1:
            return [run_steps(conn, enqueue_steps(self._names, requests[0], now))]
        together = [job for request in requests for job in request]
        answers = self._attempt(conn, together, now)
        if isinstance(answers, Exception):
            return [self._attempt(conn, request, now) for request in requests]
        found = iter(answers)
        return [[next(found) for _ in request] for request in requests]

    def _attempt(self, conn: sqlite3.Connection, jobs: Sequence[NewJob], now: int) -> list[Enqueued] | Exception:
        result: list[Enqueued] | Exception
        conn.execute("SAVEPOINT request")
        try:
            result = run_steps(conn, enqueue_steps(self._names, jobs, now))
        except Exception as error:
            if is_outage(error):
                raise
            conn.execute("ROLLBACK TO request")
            self._names.forget()
            result = error
        conn.execute("RELEASE request")
        return result


def _in_batches(
    names: Names, jobs: Sequence[NewJob], idempotency: IdempotencyKey | None, now: int
) -> Steps[list[Enqueued]]:
    if idempotency is not None:
        return (yield from idempotent_steps(names, jobs, idempotency, now))
    answers: list[Enqueued] = []
    for start in range(0, len(jobs), MAX_BATCH):
        answers += yield from enqueue_steps(names, jobs[start : start + MAX_BATCH], now)
    return answers


def _queues(jobs: Sequence[NewJob]) -> Collection[QueueRef]:
    """Return the queues of jobs. Each enqueue does this: a pair is made for each queue, not for each job."""
    if len(jobs) == 1:
        return (QueueRef(jobs[0].tenant, jobs[0].queue),)
    tenants = {job.tenant for job in jobs}
    if len(tenants) == 1:
        (tenant,) = tenants
        return [QueueRef(tenant, queue) for queue in {job.queue for job in jobs}]
    return {QueueRef(job.tenant, job.queue) for job in jobs}


def _any_replaces(jobs: Sequence[NewJob]) -> bool:
    """Tell whether a job may replace a holder: it must see it stored, so both cannot share a statement."""
    # Most jobs have no key; then no Python code runs for each.
    return any(map(_unique_of, jobs)) and any(job.unique and job.unique.on_conflict == "replace" for job in jobs)
