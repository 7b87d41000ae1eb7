"""Which process holds the write lock, and what to do about a worker that was stopped while it holds it.

SQLite's write lock is a byte lock of the operating system: it ends with its process, and nothing else ends it. A
process that is stopped (SIGSTOP, Ctrl-Z) in the fraction of a millisecond in which it commits blocks every write to the
file until it is continued. Its supervisor ends a stopped child after a lease; this is for the case that the whole
program was stopped. A worker that has been silent for longer than its lease counts as lost anyway, so ending it loses
nothing.

Linux shows the locks (/proc/locks). Elsewhere, and across containers, the holder is unknown and no process is ended.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
from pathlib import Path
from typing import NamedTuple

log = logging.getLogger("taskflowmq.store")

_PROC = Path("/proc")
#: The bytes of the shared memory that a writer locks, and one that recovers the log (SQLite's wal.c).
_WRITER, _RECOVERY = 120, 122


class Holder(NamedTuple):
    """A process that holds the write lock of a database."""

    pid: int
    stopped: bool

    @property
    def sentence(self) -> str:
        """Return a sentence about it for messages."""
        if self.stopped:
            return f"process {self.pid} holds it and is stopped: continue it (kill -CONT) or end it"
        return f"process {self.pid} holds it"


def lock_holder(database: Path) -> Holder | None:
    """Return which other process holds the write lock; None if there is none, or it is unknown."""
    try:
        # Not opened: closing a file releases all locks that this process has on it.
        inode = database.with_name(database.name + "-shm").stat().st_ino
        lines = (_PROC / "locks").read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        words = line.split()
        # 1: POSIX ADVISORY WRITE 4711 08:01:123456 120 120; what waits for a lock has an arrow before POSIX.
        if len(words) != 8 or words[1] != "POSIX" or words[3] != "WRITE" or words[5].rpartition(":")[2] != str(inode):
            continue
        pid, first, last = int(words[4]), int(words[6]), int(words[7]) if words[7].isdigit() else _RECOVERY
        if pid > 0 and pid != os.getpid() and (first <= _WRITER <= last or first <= _RECOVERY <= last):
            return Holder(pid, _state(pid) == "T")
    return None


def parent_of(pid: int) -> int | None:
    """Return the parent of a process, if it is known."""
    found = _stat(pid)
    return int(found[1]) if found is not None else None


def end_stopped(database: Path, holder: Holder) -> bool:
    """Kill a process if it still holds the lock and is stopped; tell whether it was killed."""
    if not hasattr(os, "pidfd_open"):
        return False
    try:
        # From here on the calls refer to this very process, not to a later one with the same id.
        fd = os.pidfd_open(holder.pid)
    except OSError:
        return False
    try:
        if lock_holder(database) != holder or not holder.stopped:
            return False
        signal.pidfd_send_signal(fd, signal.SIGKILL)
    except OSError as error:
        log.warning(
            "process %d holds the write lock of %s, is stopped, and cannot be ended: %s", holder.pid, database, error
        )
        return False
    finally:
        os.close(fd)
    return True


def machine() -> tuple[str, str]:
    """Return how workers of this machine identify it: the host and the boot's id."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        boot = ""
    return socket.gethostname(), boot


def _state(pid: int) -> str | None:
    found = _stat(pid)
    return found[0] if found is not None else None


def _stat(pid: int) -> list[str] | None:
    """Return state, parent and so on: the fields after the name in parentheses, which may hold anything."""
    try:
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
