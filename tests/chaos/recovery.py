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
    outages = sorted((fault.begin, fault.end) for fault in faults if is_total(fault))
    return [Recovery(one, _after(one.end, stored, outages), _after(one.end, begun, outages)) for one in faults]


def is_total(fault: Fault) -> bool:
    """Tell whether a fault stops everybody."""
    return fault.kind in TOTAL or fault.target == "all"


def _after(end: float, times: Sequence[float], outages: Sequence[tuple[float, float]]) -> float | None:
    """Return the seconds until the next of these times in which somebody could have worked."""
    index = bisect_left(times, end)
    if index == len(times):
        return None
    until, since, possible = times[index], end, 0.0
    for begin, over in outages:
        possible += max(min(begin, until) - since, 0.0)
        since = max(since, over)
    return possible + max(until - since, 0.0)


def quantile(values: Sequence[float], share: float) -> float | None:
    """Return a quantile by nearest rank, None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]
