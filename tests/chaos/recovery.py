"""How soon service came back after each fault: the next job that was stored, the next body that began. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from tests.chaos.evidence import Fault

#: Faults that stop everybody: while one of them lasts, nothing can recover from another.
TOTAL = frozenset({"restart", "long_restart", "read_only", "full_disk", "freeze"})


class Recovery(NamedTuple):
    """Seconds from the end of a fault; None: nothing was asked for, or to be done, any more."""

    fault: Fault
    to_store: float | None
    to_start: float | None


def recoveries(faults: Sequence[Fault], stored: Sequence[float], begun: Sequence[float]) -> list[Recovery]:
    """Measure every fault.

    Args:
        faults: what was injected.
        stored: when jobs were acknowledged.
        begun: when bodies began.
    """
    stored, begun = sorted(stored), sorted(begun)
    found = []
    for fault in faults:
        since = _free_from(fault, faults)
        found.append(Recovery(fault, _next(stored, since), _next(begun, since)))
    return found


def is_total(fault: Fault) -> bool:
    """Tell whether a fault stops everybody."""
    return fault.kind in TOTAL or fault.target == "all"


def _free_from(fault: Fault, faults: Sequence[Fault]) -> float:
    """Return when the fault was over, and no total one was going on."""
    free = fault.end
    for other in sorted(faults, key=lambda one: one.begin):
        if is_total(other) and other.begin <= free < other.end:
            free = other.end
    return free


def _next(times: Sequence[float], since: float) -> float | None:
    place = bisect_left(times, since)
    return times[place] - since if place < len(times) else None


def quantile(values: Sequence[float], share: float) -> float | None:
    """Return a quantile by nearest rank, None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]
