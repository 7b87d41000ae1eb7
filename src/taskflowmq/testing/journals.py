"""How a test learns the end of a transaction: from Django and from SQLAlchemy 2, without a query to a database.

The holders of transactions are recognised by the module of their classes; no library is imported unless one of its
objects exists.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from taskflowmq.core.connections import comes_from, kind_of
from taskflowmq.core.errors import WrongContext
from taskflowmq.core.job import NewJob

Deliver = Callable[[Sequence[NewJob]], None]


class Journal(Protocol):
    """The jobs of the transactions of one connection or session."""

    def add(self, jobs: Sequence[NewJob]) -> None:
        """Write jobs down in the transaction that is open; begin one where the library would."""
        ...

    def pending(self) -> list[NewJob]:
        """Return the jobs that a commit now would store, in order."""
        ...


def held_by(conn: Any) -> Any:
    """Return the object whose transactions count: the thread's connection, the session, below proxies of all kinds."""
    kind = type(conn)
    if kind.__module__ == "django.utils.connection":
        from django.db import connections

        return connections[conn._alias]
    if not comes_from(conn, "sqlalchemy"):
        return conn
    if kind.__name__ in ("scoped_session", "async_scoped_session"):
        conn = conn.registry()
    return getattr(conn, "sync_session", None) or getattr(conn, "sync_connection", None) or conn


def make_journal(holder: Any, deliver: Deliver) -> Journal:
    """Return the journal of what :func:`held_by` has returned.

    Raises:
        TypeError: the end of its transactions cannot be observed.
    """
    if any(kind.__module__ == "django.db.backends.base.base" for kind in type(holder).__mro__):
        return DjangoJournal(holder, deliver)
    if comes_from(holder, "sqlalchemy"):
        if hasattr(holder, "get_bind"):
            return SessionJournal(holder, deliver)
        if hasattr(holder, "exec_driver_sql"):
            return ConnectionJournal(holder, deliver)
    raise TypeError(
        f"a test cannot see what becomes of a transaction of {kind_of(holder)}: give the app the database of the test, "
        "in_memory_app(app, url=…), and assert after the commit. Sessions and connections of SQLAlchemy 2 and Django "
        "need no url"
    )


class DjangoJournal:
    """Jobs as ``on_commit`` callbacks: Django drops them with a savepoint and runs them after the commit.

    In a TestCase the commit never comes: the jobs stay pending until its end, or until
    ``captureOnCommitCallbacks(execute=True)`` runs them.
    """

    def __init__(self, connection: Any, deliver: Deliver) -> None:
        self._connection = connection
        self._deliver = deliver
        self._waiting: list[tuple[Callable[[], None], Sequence[NewJob]]] = []

    def add(self, jobs: Sequence[NewJob]) -> None:
        """Have jobs stored at the commit."""
        if self._connection.get_autocommit() and not self._connection.in_atomic_block:
            raise WrongContext(
                f"no transaction is open on Django's connection {self._connection.alias!r}: "
                "enqueue inside `with transaction.atomic():`, or without conn"
            )

        def committed() -> None:
            self._waiting = [entry for entry in self._waiting if entry[0] is not committed]
            self._deliver(jobs)

        self._waiting.append((committed, jobs))
        self._connection.on_commit(committed)

    def pending(self) -> list[NewJob]:
        """Return the jobs whose callback Django still has."""
        kept = {id(entry[1]) for entry in self._connection.run_on_commit}
        self._waiting = [entry for entry in self._waiting if id(entry[0]) in kept]
        return [job for _, jobs in self._waiting for job in jobs]


class SessionJournal:
    """Jobs of a SQLAlchemy session, by the transaction or savepoint in which they were enqueued."""

    def __init__(self, session: Any, deliver: Deliver) -> None:
        from sqlalchemy import event

        self._session = session
        self._deliver = deliver
        self._jobs: list[tuple[Any, NewJob]] = []
        self._committed: list[Any] = []
        event.listen(session, "after_commit", self._commits)
        event.listen(session, "after_transaction_end", self._ends)

    def add(self, jobs: Sequence[NewJob]) -> None:
        """Write jobs down in the innermost open transaction; a session begins one by itself."""
        if self._current() is None:
            self._session.begin()
        here = self._current()
        self._jobs.extend((here, job) for job in jobs)

    def _current(self) -> Any:
        return self._session.get_nested_transaction() or self._session.get_transaction()

    def pending(self) -> list[NewJob]:
        """Return the jobs of transactions that have not ended."""
        return [job for _, job in self._jobs]

    def _commits(self, _session: Any) -> None:
        self._committed.append(self._current())

    def _ends(self, _session: Any, ended: Any) -> None:
        mine = [job for here, job in self._jobs if here is ended]
        kept = any(one is ended for one in self._committed)
        self._committed = [one for one in self._committed if one is not ended]
        if not mine:
            return
        if kept and ended.parent is not None:  # a savepoint: its jobs are the outer transaction's from here on
            self._jobs = [(ended.parent if here is ended else here, job) for here, job in self._jobs]
            return
        self._jobs = [(here, job) for here, job in self._jobs if here is not ended]
        if kept:
            self._deliver(mine)


class ConnectionJournal:
    """Jobs of a SQLAlchemy connection, each with the names of the savepoints that it stands in."""

    def __init__(self, connection: Any, deliver: Deliver) -> None:
        from sqlalchemy import event

        self._connection = connection
        self._deliver = deliver
        self._jobs: list[tuple[frozenset[str], NewJob]] = []
        event.listen(connection, "rollback_savepoint", self._goes_back)
        event.listen(connection, "rollback", self._forgets)
        event.listen(connection, "commit", self._commits)

    def add(self, jobs: Sequence[NewJob]) -> None:
        """Write jobs down in the open transaction; a connection begins one by itself."""
        if not self._connection.in_transaction():
            self._connection.begin()
        savepoints = set()
        nested = self._connection.get_nested_transaction()
        while nested is not None:  # the events name savepoints when they end, not when they begin
            savepoints.add(nested._savepoint)
            nested = nested._previous_nested
        self._jobs.extend((frozenset(savepoints), job) for job in jobs)

    def pending(self) -> list[NewJob]:
        """Return the jobs since the last commit or rollback."""
        return [job for _, job in self._jobs]

    def _goes_back(self, _connection: Any, name: str, _context: Any) -> None:
        self._jobs = [(savepoints, job) for savepoints, job in self._jobs if name not in savepoints]

    def _forgets(self, _connection: Any) -> None:
        self._jobs = []

    def _commits(self, _connection: Any) -> None:
        jobs, self._jobs = self.pending(), []
        self._deliver(jobs)
