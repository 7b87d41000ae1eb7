"""How long a single job waits for an idle worker: from its sending to its body, on one monotonic clock."""

from __future__ import annotations

from benchmarks.compare import counters
from benchmarks.compare.measures.figures import Bench, Figure

WARM_UP = 20
BOUND_S = 60.0


def pickup(bench: Bench) -> list[Figure]:
    """Send jobs at random intervals and return percentiles of their waiting."""
    adapter, count = bench.adapter, bench.sizes.pickups
    with adapter.worker("stamp") as worker:
        adapter.enqueue("paced", WARM_UP)
        counters.wait_for(lambda: counters.total(adapter.folder), WARM_UP, BOUND_S)
        worker.check()
        for stamps in adapter.folder.glob("stamps-*"):
            stamps.unlink()
        adapter.enqueue("paced", count)
        seen = counters.wait_for(lambda: counters.total(adapter.folder), WARM_UP + count, BOUND_S)
    ranked = counters.stamps_ms(adapter.folder)
    note = "" if seen.count >= WARM_UP + count else f"{len(ranked)} of {count} jobs were picked up"
    if not ranked:
        return [Figure("p50", None, "ms", 1, note), Figure("p99", None, "ms", 1, note)]
    return [
        Figure("p50", counters.percentile(ranked, 0.50), "ms", 1, note),
        Figure("p99", counters.percentile(ranked, 0.99), "ms", 1, note),
    ]
