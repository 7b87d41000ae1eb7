"""Process trees: their members, processor time and memory, and how to end them."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


def trees(pids: Iterable[int]) -> list[int]:
    """Return processes with all their descendants that are alive."""
    found = list(dict.fromkeys(pids))
    for parent in found:
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            with suppress(OSError):  # it ended between the listing and the reading
                found.extend(int(child) for child in task.read_text().split())
    return found


def memory_mb(pids: Iterable[int]) -> float:
    """Return the proportional set size of some trees in megabytes."""
    total_kb = 0
    for member in trees(pids):
        with suppress(OSError):
            lines = Path(f"/proc/{member}/smaps_rollup").read_text().splitlines()
            total_kb += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total_kb / 1024


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return the processor time of some trees, with that of children that have ended and been waited for."""
    ticks = 0
    for member in trees(pids):
        with suppress(OSError):
            fields = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(int(field) for field in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def kill(pids: Iterable[int]) -> None:
    """Send SIGKILL to some trees at once."""
    for member in trees(pids):
        with suppress(ProcessLookupError):
            os.kill(member, signal.SIGKILL)
