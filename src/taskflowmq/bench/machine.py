"""What the machine is and what its processes use: read from the kernel, so that figures can be compared honestly."""

from __future__ import annotations

import os
import platform
import sqlite3
import statistics
import tempfile
import time
from pathlib import Path

import msgspec

from taskflowmq.worker.running.container import usable_cores, usable_memory


class Machine(msgspec.Struct, frozen=True):
    """The machine a figure was measured on, as far as this process may use it."""

    cores: int
    cpu: str
    memory_gb: float
    kernel: str
    python: str
    sqlite: str
    #: Median milliseconds of one fdatasync of 8 KiB in the temporary directory.
    fsync_ms: float


def describe() -> Machine:
    """Read this machine."""
    return Machine(
        cores=usable_cores(),
        cpu=_first_field(Path("/proc/cpuinfo"), "model name"),
        memory_gb=round(usable_memory() / 2**30, 1),
        kernel=platform.release(),
        python=platform.python_version(),
        sqlite=sqlite3.sqlite_version,
        fsync_ms=round(fsync_ms(), 3),
    )


def fsync_ms(rounds: int = 50) -> float:
    """Return the median time of writing 8 KiB and waiting for the disk, in milliseconds."""
    times = []
    with tempfile.NamedTemporaryFile() as file:
        for _ in range(rounds):
            os.write(file.fileno(), b"x" * 8192)
            begin = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append((time.perf_counter() - begin) * 1000)
    return statistics.median(times)


def tree(pid: int) -> list[int]:
    """Return a process and all its descendants."""
    found = [pid]
    for parent in found:
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            found.extend(int(child) for child in task.read_text().split())
    return found


def pss_mb(pid: int) -> float:
    """Return the proportional set size of a process tree in megabytes: shared pages are counted once."""
    total_kb = 0
    for member in tree(pid):
        value = _first_field(Path(f"/proc/{member}/smaps_rollup"), "Pss")
        total_kb += int(value.split()[0]) if value else 0
    return total_kb / 1024


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process tree has used so far, in seconds."""
    ticks = 0
    for member in tree(pid):
        try:
            fields = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
        except FileNotFoundError:
            continue  # ended between the listing and the reading
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _first_field(path: Path, name: str) -> str:
    try:
        for line in path.read_text().splitlines():
            if line.startswith(name):
                return line.partition(":")[2].strip()
    except (FileNotFoundError, PermissionError):
        return ""
    return ""
