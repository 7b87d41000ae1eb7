"""Waits for a write of a duty, and meanwhile ends a lost worker that was stopped with the write lock."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from taskflowmq.ports.helpers import aside
from taskflowmq.stores.sqlite.holder import end_stopped, lock_holder, machine, parent_of
from taskflowmq.stores.sqlite.queries import q
from taskflowmq.stores.sqlite.reader import Reader

log = logging.getLogger("taskflowmq.store")
T = TypeVar("T")

#: While a duty waits for the write lock, how often it checks who holds it, in seconds.
_LOOK_S = 1.0


class HolderWatch:
    """Checks who holds the write lock while a duty waits for it.

    Every write of the rescuer needs it: whichever meets the lock first waits for as long as the lock is held, and the
    rescuer with it.

    Args:
        reader: reads which workers are lost.
        now: the store's time, in microseconds.
        path: the database file.
    """

    def __init__(self, reader: Reader, now: Callable[[], int], path: Path) -> None:
        self._reader = reader
        self._now = now
        self._file = path.resolve()

    async def guard(self, writing: Coroutine[Any, Any, T]) -> T:
        """Return what a write returns; end the holder of the lock meanwhile if it is a lost worker and stopped."""
        task = asyncio.ensure_future(writing)
        try:
            while True:
                done, _ = await asyncio.wait({task}, timeout=_LOOK_S)
                if done:
                    return task.result()
                await self._end_stopped_holder()
        finally:
            task.cancel()

    async def _end_stopped_holder(self) -> None:
        holder = await aside(lock_holder, self._file)
        if holder is None or not holder.stopped:
            return
        host, boot_id = machine()
        params = {"host": host, "boot_id": boot_id, "now": self._now()}
        rows = await self._reader.run(lambda conn: conn.execute(q.list_lost_pids, params).fetchall())
        lost = {pid for (pid,) in rows}
        # The supervisor of a lost worker is lost too, if it was stopped together with it.
        if (holder.pid in lost or holder.pid in {parent_of(pid) for pid in lost}) and end_stopped(self._file, holder):
            log.error("killed process %d: a worker, stopped for longer than its lease with the write lock", holder.pid)
