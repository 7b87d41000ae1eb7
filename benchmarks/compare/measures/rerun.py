"""How long a job waits to be run again after its worker was killed."""

from __future__ import annotations

import time

from benchmarks.compare import counters
from benchmarks.compare.measures.figures import Bench, Figure

START_S = 60.0
HOLD_S = 1.0


def rerun(bench: Bench) -> list[Figure]:
    """Kill the whole tree of a worker that holds a job, start another, and time the second run."""
    adapter, bound = bench.adapter, bench.sizes.rerun_bound_s
    with adapter.worker("hang") as first:
        adapter.enqueue("one", 1)
        counters.wait_for(lambda: counters.total(adapter.folder), 1, START_S)
        first.check()
        time.sleep(HOLD_S)
        before = counters.total(adapter.folder)
        first.kill()
    killed = time.perf_counter()
    with adapter.worker("hang") as second:
        seen = counters.wait_for(lambda: counters.total(adapter.folder), before + 1, bound, every=0.02)
        second.check()
        second.kill()
    if seen.count <= before:
        return [Figure("", None, "s", 1, f"not within {bound:.0f} s")]
    return [Figure("", seen.at - killed, "s", 1)]
