"""What a worker costs that has nothing to do."""

from __future__ import annotations

import time

from benchmarks.compare import counters, processes
from benchmarks.compare.measures.figures import Bench, Figure

START_S = 60.0
SETTLE_S = 3.0


def idle(bench: Bench) -> list[Figure]:
    """Run one job, wait, and return the worker's share of a core and its memory."""
    adapter, seconds = bench.adapter, bench.sizes.idle_s
    with adapter.worker("noop") as worker:
        adapter.enqueue("one", 1)
        counters.wait_for(lambda: counters.total(adapter.folder), 1, START_S)
        worker.check()
        time.sleep(SETTLE_S)
        before, begin = processes.cpu_seconds(worker.pids), time.perf_counter()
        time.sleep(seconds)
        used, passed = processes.cpu_seconds(worker.pids) - before, time.perf_counter() - begin
        memory = processes.memory_mb(worker.pids)
    return [Figure("CPU", 100 * used / passed, "% of a core", 2), Figure("memory", memory, "MB", 1)]
