"""Who holds the write lock, and what to do about a worker that was stopped with it.

SQLite's write lock is a byte lock of the operating system: it ends with its process, and nothing else ends it. A
process that is stopped (SIGSTOP, Ctrl-Z) in the fraction of a millisecond in which it commits stops every write to the
file for as long as it stands. Its supervisor ends a stopped child after a lease; this is for the case that all of a
program was stopped. A worker that has been silent for longer than its lease counts as lost anyway, so ending it takes
nothing away.

Linux shows the locks (/proc/locks); elsewhere, and across containers, nothing is known and no process is ended.
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
        """Return what there is to say of it."""
        if self.stopped:
            return f"process {self.pid} holds it and is stopped: continue it (kill -CONT) or end it"
        return f"process {self.pid} holds it"


def lock_holder(database: Path) -> Holder | None:
    """Return which other process holds the write lock; None if none does, or it is not known."""
    try:
        # Not opened: to close a file releases all locks that this process has on it.
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
        # What is asked from here on is asked of this very process, not of one that has its number next.
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
    """Return what workers of this machine say of it: the host and the boot's id."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        boot = ""
    return socket.gethostname(), boot


def _state(pid: int) -> str | None:
    found = _stat(pid)
    return found[0] if found is not None else None


def _stat(pid: int) -> list[str] | None:
    """Return state, parent and so on: what follows the name in parentheses, which may hold anything."""
    try:
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
