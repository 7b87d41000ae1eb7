"""Enqueueing alone: nobody works the jobs."""

from __future__ import annotations

from benchmarks.compare.measures.figures import Bench, Figure


def one(bench: Bench) -> list[Figure]:
    """One call after the other."""
    return _rate(bench, "one", bench.sizes.one)


def together(bench: Bench) -> list[Figure]:
    """64 callers at once."""
    return _rate(bench, "together", bench.sizes.together)


def bulk(bench: Bench) -> list[Figure]:
    """Lists of 1,000 jobs."""
    return _rate(bench, "bulk", bench.sizes.bulk)


def _rate(bench: Bench, command: str, count: int) -> list[Figure]:
    count = min(count, bench.adapter.peer.jobs)
    return [Figure("", count / bench.adapter.enqueue(command, count), "jobs/s")]
