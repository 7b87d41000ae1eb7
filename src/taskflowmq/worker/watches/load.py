"""What a worker's process uses, as its row shows it: read when a lease is renewed, and never in between.

From ``/proc`` where there is one, else from psutil if it is installed; the own process also from the standard library.
"""

from __future__ import annotations

import os
import sys
import time
from functools import cache
from pathlib import Path
from typing import NamedTuple

import msgspec

from taskflowmq.core.workers import Load

PROC = Path("/proc")


class Usage(NamedTuple):
    """What a process has used so far."""

    cpu_seconds: float
    #: Resident memory in bytes.
    rss: int


def usage_of(pid: int) -> Usage | None:
    """Return what a process has used; None if this system does not say, or there is no such process."""
    try:
        # After the name in parentheses, which may hold anything.
        fields = _read(f"{PROC}/{pid}/stat").rpartition(b")")[2].split()
        user, system, pages = int(fields[11]), int(fields[12]), int(fields[21])
    except (OSError, ValueError, IndexError):
        return _by_psutil(pid) or (_by_library() if pid == os.getpid() else None)
    ticks, page = _units()
    return Usage((user + system) / ticks, pages * page)


@cache
def _units() -> tuple[int, int]:
    """Return how many ticks a processor second has, and how many bytes a page."""
    return os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")


def _read(path: str) -> bytes:
    """Read a small file in a fifth of the time that ``Path.read_text`` takes: the event loop waits for it."""
    file = os.open(path, os.O_RDONLY)
    try:
        return os.read(file, 4096)
    finally:
        os.close(file)


def _by_psutil(pid: int) -> Usage | None:
    try:
        import psutil
    except ImportError:
        return None
    try:
        process = psutil.Process(pid)
        times = process.cpu_times()
        return Usage(times.user + times.system, process.memory_info().rss)
    except psutil.Error:
        return None


def _by_library() -> Usage | None:
    try:
        import resource
    except ImportError:  # not on Windows
        return None
    # The largest resident set so far, which is what this system says: in bytes on macOS, else in KiB.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Usage(time.process_time(), peak if sys.platform == "darwin" else peak * 1024)


class LoadMeter:
    """Reads the load of one process, each time since the time before.

    Args:
        pid: the process.
        now: monotonic seconds.
    """

    def __init__(self, pid: int, now: float) -> None:
        self._pid = pid
        used = usage_of(pid)  # a program may have run for long before it runs a worker
        self._at, self._cpu_seconds = now, 0.0 if used is None else used.cpu_seconds

    def load(self, now: float) -> bytes | None:
        """Return the load as JSON; None if the system does not say.

        Args:
            now: monotonic seconds.
        """
        used = usage_of(self._pid)
        if used is None:
            return None
        cpu = max(used.cpu_seconds - self._cpu_seconds, 0.0) / max(now - self._at, 1e-3)
        self._at, self._cpu_seconds = now, used.cpu_seconds
        return msgspec.json.encode(Load(cpu=round(cpu, 3), cpu_seconds=round(used.cpu_seconds, 2), rss=used.rss))
