"""Jobs that are enqueued on a connection of the program, in a test that gives the app a database of its own.

The program's connection is to another database then, often one that lives in memory, so the jobs cannot be stored
through it. They are checked as always and written down beside the transaction: a rollback drops them, to a savepoint
too, and the commit stores them in the database of the test, where they can be run.

The library that holds a transaction reports its end: Django's ``on_commit``, the events of SQLAlchemy. A bare
connection of a driver reports nothing; for those the app uses the database of the test itself.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from taskflowmq.client.app import BaseApp
from taskflowmq.client.sync import portal_loop
from taskflowmq.core.job import Counters, Enqueued, JobView, NewJob, State
from taskflowmq.core.unique_keys import shown_key
from taskflowmq.ports.clock import Clock
from taskflowmq.ports.store import Store
from taskflowmq.testing.as_stored import job_view
from taskflowmq.testing.journals import Journal, held_by, make_journal


class Recorder:
    """What was enqueued on the program's own connections during one test.

    Args:
        app: whose jobs.
        clock: what the test's database goes by; the system's if None.
        stores: whether the jobs are stored through the connection itself, and this only remembers them.
    """

    def __init__(self, app: BaseApp, clock: Clock | None, *, stores: bool) -> None:
        self._app = app
        self._clock = clock
        self.stores = stores
        self._closed = False
        #: By the identity of what holds the transactions, which is kept, so that it stays one.
        self._journals: dict[int, tuple[Any, Journal]] = {}

    def record(self, conn: Any, jobs: Sequence[NewJob]) -> list[Enqueued]:
        """Write jobs down beside the transaction of a connection.

        Raises:
            TypeError: the end of a transaction of such a connection cannot be observed.
            WrongContext: no transaction is open, and none begins by itself.
        """
        self.journal(conn).add(jobs)
        return [Enqueued(job.id, created=True) for job in jobs]

    def journal(self, conn: Any) -> Journal:
        """Return the journal of a connection.

        Raises:
            TypeError: there is none for such a connection.
        """
        holder = held_by(conn)
        if id(holder) not in self._journals:
            self._journals[id(holder)] = holder, make_journal(holder, self.deliver)
        return self._journals[id(holder)][1]

    def pending(self, conn: Any | None = None) -> list[NewJob]:
        """Return the jobs of open transactions: of one connection, or of all."""
        if conn is None:
            return [job for _, journal in self._journals.values() for job in journal.pending()]
        try:
            return self.journal(conn).pending()
        except TypeError as error:
            if not self.stores:
                raise
            raise TypeError(
                f"what is enqueued on a {type(conn).__qualname__} is seen after its commit: assert then, without conn"
            ) from error

    def deliver(self, jobs: Sequence[NewJob]) -> None:
        """Store what was committed in the database of the test, whatever loop runs in this thread."""
        if self._closed or self.stores or not jobs:
            return

        async def store_them() -> None:
            store = self._app.new_store()
            await store.open()
            try:
                await store.intake.enqueue(jobs)
            finally:
                await store.close()

        asyncio.run_coroutine_threadsafe(store_them(), portal_loop()).result()

    def view(self, job: NewJob) -> JobView:
        """Return how a job that is not committed yet will look."""
        now = datetime.now(UTC) if self._clock is None else self._clock.now()
        due = job.run_at or now + timedelta(milliseconds=job.delay_ms)
        return job_view(
            job,
            state=State.SCHEDULED if due > now else State.PENDING,
            counters=Counters(),
            created_at=now,
            run_at=due,
            expires_at=None if job.expires_in_ms is None else now + timedelta(milliseconds=job.expires_in_ms),
            unique_key=None if job.unique is None else shown_key(job.unique.key),
        )

    def close(self) -> None:
        """The test is over: what is committed later belongs to no test."""
        self._closed = True
        self._journals.clear()


class RecordingStore:
    """The database of a test, whose intake writes down what is enqueued on the program's own connections."""

    def __init__(self, inner: Store, recorder: Recorder) -> None:
        self._inner = inner
        self.intake = RecordingIntake(inner.intake, recorder)

    def __getattr__(self, name: str) -> Any:
        """Return the store's own attributes."""
        return getattr(self._inner, name)


class RecordingIntake:
    """The intake of such a store."""

    def __init__(self, inner: Any, recorder: Recorder) -> None:
        self._inner = inner
        self._recorder = recorder

    def __getattr__(self, name: str) -> Any:
        """Return the intake's own attributes."""
        return getattr(self._inner, name)

    async def enqueue_on(self, conn: Any, jobs: Sequence[NewJob], *, wake: bool = True) -> list[Enqueued]:
        """Write jobs down beside the caller's transaction; store them in it where it is the store's own."""
        if not self._recorder.stores:
            return self._recorder.record(conn, jobs)
        answers: list[Enqueued] = await self._inner.enqueue_on(conn, jobs, wake=wake)
        self._remember(conn, jobs)
        return answers

    def enqueue_on_sync(self, conn: Any, jobs: Sequence[NewJob], *, wake: bool = True) -> list[Enqueued]:
        """The same on a blocking connection."""
        if not self._recorder.stores:
            return self._recorder.record(conn, jobs)
        answers: list[Enqueued] = self._inner.enqueue_on_sync(conn, jobs, wake=wake)
        self._remember(conn, jobs)
        return answers

    def _remember(self, conn: Any, jobs: Sequence[NewJob]) -> None:
        try:
            self._recorder.record(conn, jobs)
        except TypeError:  # a bare connection: the jobs are stored, and seen after the commit
            return


_recorders: weakref.WeakKeyDictionary[BaseApp, Recorder] = weakref.WeakKeyDictionary()


@contextmanager
def recording(app: BaseApp, recorder: Recorder) -> Iterator[None]:
    """Make a recorder the one of an app for the length of a block."""
    before = _recorders.get(app)
    _recorders[app] = recorder
    try:
        yield
    finally:
        recorder.close()
        del _recorders[app]
        if before is not None:
            _recorders[app] = before


def recorder_of(app: BaseApp) -> Recorder | None:
    """Return the recorder of an app that a test has given a database."""
    return _recorders.get(app)
