"""How processes share the write lock fairly: a waiter announces itself, and the holder then yields the lock.

SQLite's lock has no queue: a process that commits batch after batch takes it again before a sleeping one retries
(measured: in 3 of 6 runs one of two processes got every job). So a process that finds the lock taken stamps the
time into eight shared bytes beside the database, and after each batch the holder reads them: if another process
waited recently, it leaves the lock for as long as it held it. Without waiters it costs nothing.

The stamp is advice only. Losing it, or reading half of one, costs fairness for a moment and nothing else.
"""

from __future__ import annotations

import logging
import mmap
import os
import struct
import time
from pathlib import Path

from taskflowmq.stores.sqlite.files import open_beside

log = logging.getLogger("taskflowmq.store")

_STAMP = struct.Struct("<q")
#: A waiter stamps at every try, at least this often; an older stamp means that it got the lock or stopped waiting.
_FRESH_NS = 50_000_000
_LONGEST_LOOK_S = 0.005
_SHORTEST_PAUSE_S = 0.001
_LONGEST_PAUSE_S = 0.1


class LockFairness:
    """The eight bytes in ``<database>-turn``; one object per process and store, used by the writer thread only."""

    def __init__(self, database: Path, mode: int = 0o600) -> None:
        # Behind a symbolic link all processes must find the same file, as they do with SQLite's own.
        database = database.resolve()
        self._database = database
        self._path = database.with_name(database.name + "-turn")
        self._mode = mode
        self._map: mmap.mmap | None = None
        self._mine = 0
        self._opened = False

    def open(self) -> None:
        """Map the file, once; without it (no right to create it) processes only share less fairly."""
        if self._opened:
            return
        self._opened = True
        try:
            fd = open_beside(self._path, self._database, self._mode)
        except OSError as error:
            log.warning("no fair sharing between processes: %s", error)
            return
        try:
            # Written, not only lengthened: on a full disk a hole would kill the process at its first store (SIGBUS).
            if os.fstat(fd).st_size < _STAMP.size and os.write(fd, bytes(_STAMP.size)) < _STAMP.size:
                return
            self._map = mmap.mmap(fd, _STAMP.size)
        except OSError as error:
            log.warning("no fair sharing between processes: %s", error)
        finally:
            os.close(fd)

    def close(self) -> None:
        """Unmap the file; it stays for the other processes."""
        if self._map is not None:
            self._map.close()
            self._map = None
        self._opened = False

    def wait(self, looks: int) -> None:
        """Stamp that this process waits for the lock, and sleep before it tries again.

        Args:
            looks: how often it has tried in vain; early tries follow quickly.
        """
        if self._map is not None:
            self._mine = time.monotonic_ns()
            _STAMP.pack_into(self._map, 0, self._mine)
        time.sleep(min(0.0003 * (1 + looks), _LONGEST_LOOK_S))

    def step_aside(self, held_s: float) -> None:
        """After a batch, leave the lock for as long as it was held, if another process waits for it.

        Args:
            held_s: seconds for which the write lock was held.
        """
        if self._map is None:
            return
        (stamp,) = _STAMP.unpack_from(self._map, 0)
        if stamp != self._mine and 0 <= time.monotonic_ns() - stamp < _FRESH_NS:
            time.sleep(min(max(held_s, _SHORTEST_PAUSE_S), _LONGEST_PAUSE_S))
