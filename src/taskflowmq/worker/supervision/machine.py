"""What the operating system knows of processes: their memory, and orphans to reap when we are PID 1."""

from __future__ import annotations

import logging
import os
from pathlib import Path

log = logging.getLogger("taskflowmq.supervisor")

PROC = Path("/proc")


def memory_mb(pid: int) -> float | None:
    """Return a process's own memory in MiB: its share of shared pages where the kernel tells, else its resident set.

    None where there is no ``/proc``, or the process is gone.
    """
    for name, field in (("smaps_rollup", "Pss:"), ("status", "VmRSS:")):
        try:
            for line in (PROC / str(pid) / name).read_text().splitlines():
                if line.startswith(field):
                    return int(line.split()[1]) / 1024
        except (OSError, ValueError, IndexError):
            continue
    return None


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used so far, in seconds; 0 where it is not known."""
    try:
        user, system = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError):
        return 0.0


def is_stopped(pid: int) -> bool:
    """Tell whether a process is stopped by a signal; one that a debugger holds is not. False where it is not known."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] == "T"
    except (OSError, IndexError):
        return False


def reap_orphans(ours: set[int]) -> None:
    """As PID 1: collect dead processes that have no waiter, and leave our own children to their waiters."""
    me = os.getpid()
    for entry in PROC.iterdir():
        if not entry.name.isdigit() or int(entry.name) in ours:
            continue
        try:
            # After the name in parentheses, which may hold anything: state, parent.
            state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            if state == "Z" and int(parent) == me:
                os.waitpid(int(entry.name), os.WNOHANG)
        except (OSError, ValueError):
            continue
