"""Jobs are enqueued first, then a worker is started: how fast it gets through them, and what that costs.

The clock runs from the first twentieth of the jobs, so that starting is left out, to the last completion that the
database holds: a job whose body has ended but whose end is not stored has not been drained. Where several children
work, the start of all of them is left out, but never more than a quarter of the jobs.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.compare import counters, processes
from benchmarks.compare.adapter import Adapter, Watcher, Worker
from benchmarks.compare.measures.figures import Bench, Figure

HEAD = 0.05
LONGEST_HEAD = 0.25
LOOK_EVERY_S = 0.01
START_S = 60.0
LEFT_S = 15.0
LEFT_EVERY_S = 0.01
SETTLE_S = 2.0


@dataclass(frozen=True)
class Cost:
    """Processor seconds used so far."""

    worker: float
    database: float | None


@dataclass(frozen=True)
class Drained:
    """What a drain took, between its head and its end."""

    jobs: int
    seconds: float
    cost: Cost
    #: The part of the jobs that the least busy child ran.
    smallest_share: float
    note: str


def noop(bench: Bench, *, children: int) -> list[Figure]:
    """No-op jobs at the peer's own concurrency."""
    adapter = bench.adapter
    adapter.load(bench.drain_jobs)
    with adapter.watcher() as watcher, adapter.worker("noop", children=children) as worker:
        drained = _drain(adapter, worker, watcher, bench.drain_jobs, bench.sizes.bound_s, children)
        time.sleep(SETTLE_S)
        memory = processes.memory_mb(worker.pids)
    figures = [_rate(drained), *_costs(drained), Figure("memory after", memory, "MB", 1)]
    if children > 1:
        figures.append(Figure("smallest share", 100 * drained.smallest_share, "%", 1))
    return figures


def sleeping(bench: Bench, concurrency: int) -> list[Figure]:
    """Jobs that sleep for 10 ms."""
    return _of_kind(bench, "sleep", min(bench.sizes.sleep, bench.adapter.peer.jobs), concurrency)


def elsewhere(bench: Bench, kind: str) -> list[Figure]:
    """No-op jobs in threads or in processes."""
    return _of_kind(bench, kind, min(bench.sizes.elsewhere, bench.adapter.peer.jobs), None)


def _of_kind(bench: Bench, kind: str, jobs: int, concurrency: int | None) -> list[Figure]:
    adapter = bench.adapter
    adapter.load(jobs)
    with adapter.watcher() as watcher, adapter.worker(kind, concurrency=concurrency) as worker:
        return [_rate(_drain(adapter, worker, watcher, jobs, bench.sizes.bound_s))]


def _drain(adapter: Adapter, worker: Worker, watcher: Watcher, jobs: int, bound_s: float, children: int = 1) -> Drained:
    watcher.left()  # its connection is open before the clock runs
    head, begin = _head(adapter, jobs, children), time.perf_counter()
    worker.check()
    before = _cost(adapter, worker)
    seen = counters.wait_for(lambda: counters.total(adapter.folder), jobs, bound_s, every=LOOK_EVERY_S)
    worker.check()
    end, note = seen.at, ""
    if seen.count < jobs:
        note = f"{seen.count:,} of {jobs:,} jobs in {bound_s:.0f} s"
    else:
        left = counters.wait_for_none(watcher.left, LEFT_S, every=LEFT_EVERY_S)
        end = left.at
        note = f"{left.count:,} jobs never finished" if left.count else ""
    after = _cost(adapter, worker)
    database = None
    if after.database is not None and before.database is not None:
        database = after.database - before.database
    done = seen.count - sum(head.values())
    share = smallest_share(head, counters.ticks(adapter.folder), children)
    return Drained(done, end - begin, Cost(after.worker - before.worker, database), share, note)


def _rate(drained: Drained) -> Figure:
    if drained.jobs <= 0 or "never" in drained.note:
        return Figure("", None, "jobs/s", note=drained.note or "no jobs after the head")
    return Figure("", drained.jobs / drained.seconds, "jobs/s", note=drained.note)


def _costs(drained: Drained) -> list[Figure]:
    if drained.jobs <= 0:
        return []
    per_million = 1e6 / drained.jobs
    figures = [Figure("CPU of the worker", drained.cost.worker * per_million, "s per million jobs", 1)]
    database = drained.cost.database or 0.0
    if drained.cost.database is not None:
        figures.append(Figure("CPU of the database", database * per_million, "s per million jobs", 1))
    return [*figures, Figure("CPU of both", (drained.cost.worker + database) * per_million, "s per million jobs", 1)]


def _cost(adapter: Adapter, worker: Worker) -> Cost:
    server = adapter.database.server_pid
    return Cost(processes.cpu_seconds(worker.pids), None if server is None else processes.cpu_seconds([server]))


def _head(adapter: Adapter, jobs: int, children: int) -> dict[str, int]:
    """Wait until the start can be left out and return the counters."""

    def started() -> int:
        counts = counters.ticks(adapter.folder)
        done = sum(counts.values())
        at_work = sum(count > 0 for count in counts.values())
        return done if at_work >= children or done >= jobs * LONGEST_HEAD else 0

    counters.wait_for(started, max(1, int(jobs * HEAD)), START_S, every=LOOK_EVERY_S)
    return counters.ticks(adapter.folder)


def smallest_share(before: Mapping[str, int], after: Mapping[str, int], children: int) -> float:
    """Return the part of the jobs, between two readings, of the child that ran the fewest."""
    done = sorted((count - before.get(name, 0) for name, count in after.items()), reverse=True)
    done += [0] * (children - len(done))
    return min(done[:children]) / max(1, sum(done))
