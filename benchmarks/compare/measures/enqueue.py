"""Enqueueing alone: nobody works the jobs."""

from __future__ import annotations

from benchmarks.compare.measures.figures import Bench, Figure
from benchmarks.compare.peers import OURS

SLICES = 6


def one(bench: Bench) -> list[Figure]:
    """One call after the other; ours also beside a raw insert of the same rows into the same database."""
    count = min(bench.sizes.one, bench.adapter.peer.jobs)
    if bench.adapter.peer.adapter != OURS:
        return _rate(bench, "one", count)
    raw = bench.adapter.beside("raw")
    raw.prepare()
    part = max(1, count // SLICES)
    seconds = raw_seconds = 0.0
    # In turns: a disk that gets slower or faster meanwhile does so for both.
    for _ in range(SLICES):
        seconds += bench.adapter.enqueue("one", part)
        raw_seconds += raw.enqueue("one", part)
    rate, raw_rate = SLICES * part / seconds, SLICES * part / raw_seconds
    return [
        Figure("", rate, "jobs/s"),
        Figure("raw inserts", raw_rate, "rows/s"),
        Figure("ours ÷ raw", rate / raw_rate, "×", 2),
    ]


def together(bench: Bench) -> list[Figure]:
    """64 callers at once."""
    return _rate(bench, "together", bench.sizes.together)


def bulk(bench: Bench) -> list[Figure]:
    """Lists of 1,000 jobs."""
    return _rate(bench, "bulk", bench.sizes.bulk)


def _rate(bench: Bench, command: str, count: int) -> list[Figure]:
    count = min(count, bench.adapter.peer.jobs)
    return [Figure("", count / bench.adapter.enqueue(command, count), "jobs/s")]
