"""Reads what the bodies leave in the folder of a measure: ticks and stamps."""

from __future__ import annotations

import math
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

_COUNT = struct.Struct("=Q")


def ticks(folder: Path) -> dict[str, int]:
    """Return how many jobs each process has run, by the name of its counter; one that is being made has run none."""
    counts = {}
    for file in folder.glob("ticks-*"):
        held = file.read_bytes()
        counts[file.name] = _COUNT.unpack(held)[0] if len(held) == _COUNT.size else 0
    return counts


def total(folder: Path) -> int:
    """Return how many jobs have been run."""
    return sum(ticks(folder).values())


def stamps_ms(folder: Path) -> list[float]:
    """Return how late each stamped job was, in milliseconds, sorted."""
    lines = [line for file in folder.glob("stamps-*") for line in file.read_text().splitlines()]
    return sorted(int(line) / 1e6 for line in lines)


def percentile(ranked: Sequence[float], share: float) -> float:
    """Return the smallest value that at least ``share`` of the sorted values do not exceed."""
    if not ranked:
        raise ValueError("no values to rank")
    return ranked[max(0, math.ceil(share * len(ranked)) - 1)]


@dataclass(frozen=True)
class Moment:
    """A reading of the counters."""

    at: float
    count: int


def wait_for(read: Callable[[], int], count: int, seconds: float, *, every: float = 0.005) -> Moment:
    """Wait until at least ``count`` jobs have been run, or the time is over; return the last reading."""
    end = time.perf_counter() + seconds
    while True:
        count_now = read()
        seen = Moment(time.perf_counter(), count_now)
        if seen.count >= count or seen.at >= end:
            return seen
        time.sleep(every)


def wait_for_none(read: Callable[[], int], seconds: float, *, every: float) -> Moment:
    """Wait until there is nothing left, or the time is over; return the last reading and when it was asked for.

    Not when it was answered: a peer that takes a second to count its jobs has not taken a second longer to run them.
    """
    end = time.perf_counter() + seconds
    while True:
        asked = time.perf_counter()
        seen = Moment(asked, read())
        if seen.count <= 0 or time.perf_counter() >= end:
            return seen
        time.sleep(every)
