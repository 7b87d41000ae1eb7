"""The one thread of a process that writes: a queue of operations, committed in groups.

An operation is a function of the connection. The writer takes what has been queued, opens one transaction, runs
every operation in a savepoint of its own, so that its error reaches only its caller, and commits once for all. It
never waits for more operations: while one commit is written to the disk, the next group collects by itself.

Must stay true: an operation's result is delivered only after the commit that holds it, in a file that still has its
name; an operation whose caller was cancelled is committed all the same; a lock that others hold is waited for, with a
deadline, and never surfaces as an error of SQLite.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from enum import Enum
from queue import Empty, SimpleQueue
from typing import Any, Protocol, TypeVar

from taskflowmq.core.errors import StoreClosed, StoreUnavailable, for_one
from taskflowmq.ports.helpers import aside
from taskflowmq.stores.sqlite.database import Connection, Database
from taskflowmq.stores.sqlite.errors import is_busy, is_outage, translate
from taskflowmq.stores.sqlite.lock_fairness import LockFairness
from taskflowmq.stores.sqlite.wal_preallocation import WalPreallocation

log = logging.getLogger("taskflowmq.store")
T = TypeVar("T")

Operation = Callable[[sqlite3.Connection], T]
#: Takes the arguments of several callers and returns one result, or an error to raise, for each.
Merged = Callable[[sqlite3.Connection, list[Any]], Sequence[Any]]

_MOST_ITEMS = 512
#: After this long a group is committed, and the rest of it waits for the next: others need the lock too.
_LONGEST_HOLD_S = 0.02

#: After a pause this long the file is also checked before it is written to: a refused operation is then not stored.
_IDLE_S = 0.01


class _LetGo(Enum):
    LET_GO = 0


_LET_GO = _LetGo.LET_GO


class _Item:
    """One queued operation and the caller that waits for it."""

    __slots__ = ("argument", "error", "function", "future", "merged", "result")

    def __init__(self, function: Callable[..., Any], merged: bool, argument: Any, future: asyncio.Future[Any]) -> None:
        self.function = function
        self.merged = merged
        self.argument = argument
        self.future = future
        self.result: Any = None
        self.error: BaseException | None = None


class Cache(Protocol):
    """State that operations remember of the database, so that they need not read it again."""

    def forget(self) -> None:
        """Forget everything; called in the writer thread."""
        ...


class Writer:
    """The writer thread.

    Args:
        database: the file.
        caches: forgotten whenever something that ran was undone: some of what they hold may not be stored.
    """

    def __init__(self, database: Database, caches: Sequence[Cache]) -> None:
        self._database = database
        self._caches = caches
        self._options = options = database.options
        self._queue: SimpleQueue[_Item | _LetGo | None] = SimpleQueue()
        self._left: deque[_Item] = deque()
        self._fairness = LockFairness(database.path, options.file_mode)
        self._preallocation = WalPreallocation(database.path, options.cache_kib)
        self._conn: Connection | None = None
        self._thread: threading.Thread | None = None
        self._pid = 0
        self._stopping = False
        self._lost = False
        self._checked_at = 0.0

    def start(self) -> None:
        """Start the thread."""
        self._pid = os.getpid()
        self._stopping = False
        # The writer releases the GIL at every statement and, beside a busy thread, waits this long to get it back.
        if 0 < self._options.switch_interval_s < sys.getswitchinterval():
            sys.setswitchinterval(self._options.switch_interval_s)
        self._thread = threading.Thread(target=self._main, name="taskflow-writer", daemon=True)
        self._thread.start()

    def let_go(self) -> None:
        """Have the thread close its connection, from any thread: the file was replaced."""
        self._lost = True
        if self._thread is not None and self._pid == os.getpid():
            self._queue.put(_LET_GO)

    async def stop(self) -> None:
        """Commit what is queued, close the connection and end the thread."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._queue.put(None)
        if self._pid == os.getpid():  # after a fork the thread does not exist here
            await aside(thread.join)

    async def run(self, operation: Operation[T]) -> T:
        """Run an operation in the next group and return its result once it is committed.

        Raises:
            StoreUnavailable: the lock, the disk or the queue did not allow it; nothing was stored, unless the
                commit itself failed in an unknown state.
        """
        result: T = await self._submit(operation, merged=False, argument=None)
        return result

    async def run_merged(self, operation: Merged, argument: Any) -> Any:
        """Like :meth:`run`, for an operation that can serve several callers of one group at once."""
        return await self._submit(operation, merged=True, argument=argument)

    def _submit(self, function: Callable[..., Any], *, merged: bool, argument: Any) -> asyncio.Future[Any]:
        if self._thread is None:
            raise StoreClosed("the store is not open")
        if self._pid != os.getpid():
            raise StoreUnavailable("the store was opened before a fork; open another one in this process")
        if self._queue.qsize() >= self._options.max_queue:
            raise StoreUnavailable(f"{self._options.max_queue} writes are waiting: the store is too slow for this load")
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._queue.put(_Item(function, merged, argument, future))
        return future

    # What follows runs in the thread.

    def _main(self) -> None:
        while True:
            items = self._gather()
            if not items:
                break
            groups = _group(items)
            held_s = self._turn(groups)
            _deliver([item for group in groups for item in group])
            # Named again only by the next group: results must not live as long as the queue stays empty.
            del items, groups
            self._preallocate_wal()
            self._fairness.step_aside(held_s)
        self._drop_connection()
        self._fairness.close()

    def _gather(self) -> list[_Item]:
        items = list(self._left)
        self._left.clear()
        if not items:
            first = None if self._stopping else self._queue.get()
            while first is _LET_GO:
                self._close_lost()
                first = self._queue.get()
            if first is None:
                self._stopping = True
                return self._gather_last()
            items.append(first)
        while len(items) < _MOST_ITEMS:
            try:
                item = self._queue.get_nowait()
            except Empty:
                break
            if item is None:
                self._stopping = True
                break
            if item is not _LET_GO:
                items.append(item)
        return items

    def _gather_last(self) -> list[_Item]:
        items: list[_Item] = []
        while len(items) < _MOST_ITEMS:
            try:
                item = self._queue.get_nowait()
            except Empty:
                break
            if item is not None and item is not _LET_GO:
                items.append(item)
        return items

    def _turn(self, groups: list[list[_Item]]) -> float:
        """Run groups in one transaction and return how long the lock was held; groups left over are taken out."""
        try:
            conn = self._begin()
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to the callers
            _fail(groups, self._database.translate(error))
            self._drop_connection()
            return 0.0
        began = time.monotonic()
        try:
            for index, group in enumerate(groups):
                self._run_group(conn, group, alone=len(groups) == 1)
                if time.monotonic() - began > _LONGEST_HOLD_S and index + 1 < len(groups):
                    self._left.extend(item for later in groups[index + 1 :] for item in later)
                    del groups[index + 1 :]
                    break
            if conn.in_transaction:
                conn.execute("COMMIT")
            self._database.check(conn)
            self._checked_at = time.monotonic()
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to the callers
            self._rolled_back()
            _fail(groups, self._database.translate(error))
            self._drop_connection()
        return time.monotonic() - began

    def _preallocate_wal(self) -> None:
        """Lengthen the log, if it is due, after the callers have their answers."""
        if self._conn is None:
            return
        try:
            self._preallocation.after_commit(self._conn)
        except sqlite3.Error as error:
            log.debug("cannot preallocate the WAL: %s", error)
            self._drop_connection()

    def _begin(self) -> Connection:
        """Take the write lock, waiting for other processes until the deadline."""
        self._close_lost()
        deadline = time.monotonic() + self._options.lock_timeout_s
        looks = 0
        while True:
            try:
                if self._conn is None:
                    self._conn = self._database.connect(writes=True, opener=self)
                    self._fairness.open()
                elif time.monotonic() - self._checked_at > _IDLE_S:
                    self._database.check(self._conn)
                self._conn.execute("BEGIN IMMEDIATE")
                return self._conn
            except sqlite3.OperationalError as error:
                if not is_busy(error) or time.monotonic() >= deadline:
                    raise
            self._fairness.wait(looks)
            looks += 1

    def _run_group(self, conn: sqlite3.Connection, group: list[_Item], *, alone: bool) -> None:
        """Run one operation, or several merged ones; an outage is raised, any other error goes to the callers."""
        if not alone:
            conn.execute("SAVEPOINT operation")
        try:
            if group[0].merged:
                results = group[0].function(conn, [item.argument for item in group])
                for item, result in zip(group, results, strict=True):
                    if isinstance(result, BaseException):
                        item.error = result
                    else:
                        item.result = result
            else:
                group[0].result = group[0].function(conn)
        except Exception as error:
            if is_outage(error):
                raise
            for item in group:
                item.error = translate(error)
            conn.execute("ROLLBACK" if alone else "ROLLBACK TO operation")
            self._rolled_back()
        if not alone:
            conn.execute("RELEASE operation")

    def _rolled_back(self) -> None:
        for cache in self._caches:
            cache.forget()

    def _close_lost(self) -> None:
        """Close the connection to a file that was replaced, and forget what was read there."""
        if self._lost:
            self._lost = False
            self._rolled_back()
            self._drop_connection()

    def _drop_connection(self) -> None:
        """Close the connection, which undoes an open transaction; the next group opens a new one."""
        conn, self._conn = self._conn, None
        if conn is None:
            return
        try:
            conn.close()
        except sqlite3.Error as error:
            log.warning("closing the database failed: %s", error)


def _group(items: list[_Item]) -> list[list[_Item]]:
    """Group operations that can be merged; each group keeps the place of its first operation."""
    groups: list[list[_Item]] = []
    merged: dict[Callable[..., Any], list[_Item]] = {}
    for item in items:
        if not item.merged:
            groups.append([item])
        elif item.function in merged:
            merged[item.function].append(item)
        else:
            merged[item.function] = group = [item]
            groups.append(group)
    return groups


def _fail(groups: list[list[_Item]], error: BaseException) -> None:
    for group in groups:
        for item in group:
            item.result, item.error = None, for_one(error)


def _deliver(items: list[_Item]) -> None:
    """Hand results to the loops that wait for them, waking each loop once."""
    loops: dict[asyncio.AbstractEventLoop, list[_Item]] = {}
    for item in items:
        loops.setdefault(item.future.get_loop(), []).append(item)
    for loop, theirs in loops.items():
        try:
            loop.call_soon_threadsafe(_resolve, theirs)
        except RuntimeError:
            log.debug("a loop was closed while %d of its writes were committed", len(theirs))


def _resolve(items: list[_Item]) -> None:
    for item in items:
        if item.future.done():  # its caller was cancelled
            continue
        if item.error is not None:
            item.future.set_exception(item.error)
        else:
            item.future.set_result(item.result)
