"""A thread that only reads, so that readers never wait for the writer nor the writer for them (WAL).

Must stay true: a reader holds no transaction longer than one operation, or the log could not be truncated.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
import threading
from collections.abc import Callable
from enum import Enum
from queue import SimpleQueue
from typing import Any, TypeVar

from taskflowmq.core.errors import StoreClosed, StoreUnavailable
from taskflowmq.ports.helpers import aside
from taskflowmq.stores.sqlite.database import Connection, Database
from taskflowmq.stores.sqlite.errors import is_outage

log = logging.getLogger("taskflowmq.store")
T = TypeVar("T")
_Job = tuple[Callable[[sqlite3.Connection], Any], asyncio.Future[Any]]


class _LetGo(Enum):
    LET_GO = 0


_LET_GO = _LetGo.LET_GO


class Reader:
    """One reading thread and its connection; starts at the first read."""

    def __init__(self, database: Database, name: str) -> None:
        self._database = database
        self._name = name
        self._queue: SimpleQueue[_Job | _LetGo | None] = SimpleQueue()
        self._conn: Connection | None = None
        self._thread: threading.Thread | None = None
        self._pid = 0
        self._open = False
        self._starting = threading.Lock()

    def start(self) -> None:
        """Allow reads."""
        self._open = True

    def let_go(self) -> None:
        """Have the thread close its connection because the file was replaced; callable from any thread."""
        if self._thread is not None and self._pid == os.getpid():
            self._queue.put(_LET_GO)

    async def stop(self) -> None:
        """Finish the reads that are queued and end the thread."""
        self._open = False
        thread, self._thread = self._thread, None
        if thread is not None and self._pid == os.getpid():
            self._queue.put(None)
            await aside(thread.join)

    async def run(self, operation: Callable[[sqlite3.Connection], T]) -> T:
        """Run a function of the connection within one snapshot and return its result.

        Raises:
            StoreUnavailable: the store is closed or the database does not answer.
        """
        if not self._open:
            raise StoreClosed("the store is not open")
        with self._starting:  # two loops of one process may read first at the same moment
            if self._thread is None or self._pid != os.getpid():
                self._start_thread()
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._queue.put((operation, future))
        result: T = await future
        return result

    def _start_thread(self) -> None:
        self._pid = os.getpid()
        self._queue = SimpleQueue()
        self._conn = None
        self._thread = threading.Thread(target=self._main, args=(self._queue,), name=self._name, daemon=True)
        self._thread.start()

    def _main(self, queue: SimpleQueue[_Job | _LetGo | None]) -> None:
        while (job := queue.get()) is not None:
            if job is _LET_GO:
                self._drop()
                continue
            operation, future = job
            result, error = self._read(operation)
            try:
                future.get_loop().call_soon_threadsafe(_resolve, future, result, error)
            except RuntimeError:
                log.debug("a loop was closed while it waited for a read")
            # The last result must not live as long as the queue stays empty.
            del job, operation, future, result, error
        self._drop()

    def _read(self, operation: Callable[[sqlite3.Connection], Any]) -> tuple[Any, BaseException | None]:
        try:
            if self._conn is None:
                self._conn = self._database.connect(writes=False, opener=self)
            conn = self._conn
            conn.execute("BEGIN")
            try:
                found = operation(conn)
            finally:
                if conn.in_transaction:
                    conn.execute("ROLLBACK")
            self._database.look(conn)
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to the caller
            if is_outage(error) or isinstance(error, StoreUnavailable):
                self._drop()
            return None, self._database.translate(error)
        return found, None

    def _drop(self) -> None:
        conn, self._conn = self._conn, None
        if conn is None:
            return
        try:
            conn.close()
        except sqlite3.Error as error:  # the thread must not end: readers would wait for it forever
            log.warning("closing the database failed: %s", error)


def _resolve(future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if future.done():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)
