"""How much of the machine this process may use; in a container that is less than the machine has."""

from __future__ import annotations

import math
import os
from pathlib import Path

#: Where the kernel shows a process its control group: version 2, and version 1 (processor and memory apart).
CGROUP = Path("/sys/fs/cgroup")


def usable_cores(group: Path = CGROUP) -> int:
    """Return on how many cores this process may run at once, at least 1.

    The minimum of three: the cores of the machine, those that it is bound to (taskset, cpusets), and the share of
    processor time that its control group allows, rounded up.

    Args:
        group: the folder of its control group.
    """
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    share = _share(group)
    return max(bound if share is None else min(bound, math.ceil(share)), 1)


def usable_memory(group: Path = CGROUP) -> int:
    """Return how many bytes of memory this process may use: the machine's, or what its control group allows.

    Args:
        group: the folder of its control group.
    """
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = (_number(group / "memory.max"), _number(group / "memory" / "memory.limit_in_bytes"))
    return min([machine, *(limit for limit in limits if limit is not None)])


def _share(group: Path) -> float | None:
    """Return the cores' worth of processor time that the group may use; None: no limit, or none that can be read."""
    both = _words(group / "cpu.max")
    if len(both) == 2 and both[0] != "max":
        return int(both[0]) / int(both[1])
    quota, period = _number(group / "cpu" / "cpu.cfs_quota_us"), _number(group / "cpu" / "cpu.cfs_period_us")
    return quota / period if quota is not None and quota > 0 and period else None


def _number(path: Path) -> int | None:
    words = _words(path)
    return int(words[0]) if words and words[0].lstrip("-").isdigit() else None


def _words(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return []
