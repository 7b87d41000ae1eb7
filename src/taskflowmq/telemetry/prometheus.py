"""Metrics for Prometheus: what one process counts, and one page that shows every process of a node.

Several processes share a node (a server, a supervisor's children). With ``PROMETHEUS_MULTIPROC_DIR`` set before
the first import of this module, each writes memory-mapped files there, and any of them can answer for all;
without it, this process answers for itself. Figures that only the store has (queue sizes, the oldest ready job) are
read from the store at the scrape, so they are correct whichever process answers.

Labels stay bounded: queues and tasks up to :data:`MAX_LABELS` distinct values, then ``other``; never an id, a tenant, a
key or a path (S23).
"""

from __future__ import annotations

import os
from bisect import bisect_left
from collections import Counter as Tally
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from taskflowmq.core.job import State
from taskflowmq.ports.store import StoreStats
from taskflowmq.ports.telemetry import JobReport
from taskflowmq.telemetry.allocated import allocate_metrics

MULTIPROC_DIR = "PROMETHEUS_MULTIPROC_DIR"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MAX_LABELS = 200
OTHER = "other"

_RUN_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600)
_WAIT_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14400)
_QUERY_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)

_LIVE = tuple(state.value for state in (State.PENDING, State.SCHEDULED, State.RETRYING, State.RUNNING))

#: Outcomes of an attempt that count as a failure of the job's body.
_FAILED = frozenset({"failed", "retried", "dead"})
#: Outcomes after which nothing was processed: the job was handed back, or the write was refused.
_UNPROCESSED = frozenset({"handed_back", "snoozed", "stale"})


class PrometheusTelemetry:
    """Telemetry of one process, counted with prometheus_client.

    Args:
        registry: where the metrics are registered; a new one by default, so that two apps in one process do not clash.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        allocate_metrics()
        self._registry = registry or CollectorRegistry(auto_describe=True)
        self._tasks = _Bounded()
        self._queues = _Bounded()
        both = ("queue", "task")
        reg = self._registry
        self._enqueued = Counter("taskflow_tasks", "Jobs stored by this node", both, registry=reg)
        self._active = Gauge(
            "taskflow_tasks_active", "Jobs running on this node", registry=reg, multiprocess_mode="livesum"
        )
        self._processed = Counter(
            "taskflow_jobs_processed", "Ended attempts: completed, failed or cancelled", both, registry=reg
        )
        self._completed = Counter("taskflow_jobs_completed", "Completed jobs", both, registry=reg)
        self._failed = Counter("taskflow_jobs_failed", "Failed attempts, with or without a retry", both, registry=reg)
        self._run = Histogram(
            "taskflow_job_duration_seconds", "Run time of attempts", ("task",), registry=reg, buckets=_RUN_BUCKETS
        )
        self._wait = Histogram(
            "taskflow_job_wait_seconds", "Time from ready to claimed", ("queue",), registry=reg, buckets=_WAIT_BUCKETS
        )
        self._query = Histogram(
            "taskflow_store_query_seconds", "Duration of a batch in the store", ("operation",), registry=reg,
            buckets=_QUERY_BUCKETS,
        )  # fmt: skip
        self._stale = Counter("taskflow_stale_writes", "Writes refused because their fence was gone", registry=reg)
        self._events = Counter("taskflow_events", "Rare events, by name", ("event",), registry=reg)

    def jobs_enqueued(self, queue: str, task: str, count: int) -> None:
        """Count stored jobs."""
        self._enqueued.labels(self._queues[queue], self._tasks[task]).inc(count)

    def jobs_claimed(self, count: int, seconds: float) -> None:
        """Time a claim; its jobs are counted when they end."""
        self._query.labels("claim").observe(seconds)

    def jobs_settled(self, reports: Sequence[JobReport], seconds: float) -> None:
        """Count ended attempts and time the flush that stored them."""
        self._query.labels("settle").observe(seconds)
        alike: dict[tuple[str, str, str], list[JobReport]] = {}
        for report in reports:
            alike.setdefault((report.queue, report.task, report.outcome), []).append(report)
        outcomes: Tally[tuple[str, str, str]] = Tally()
        runs: dict[str, list[float]] = {}
        waits: dict[str, list[float]] = {}
        for (queue, task, outcome), group in alike.items():
            queue, task = self._queues[queue], self._tasks[task]  # noqa: PLW2901 - the label, from here on
            outcomes[queue, task, outcome] += len(group)
            if outcome not in _UNPROCESSED:
                runs.setdefault(task, []).extend([report.run_s for report in group])
                waits.setdefault(queue, []).extend([report.wait_s for report in group])
        self._count(outcomes)
        for task, values in runs.items():
            _observe_all(self._run.labels(task), _RUN_BUCKETS, values)
        for queue, values in waits.items():
            _observe_all(self._wait.labels(queue), _WAIT_BUCKETS, values)

    def tasks_active(self, count: int) -> None:
        """Set how many bodies run in this process now."""
        self._active.set(count)

    def event(self, name: str, count: int = 1) -> None:
        """Count something rare; ``stale_write`` has a metric of its own as well."""
        self._events.labels(name).inc(count)
        if name == "stale_write":
            self._stale.inc(count)

    def page(self, stats: StoreStats | None = None) -> bytes:
        """Return the text that Prometheus reads: every process of this node, and the store's counts.

        Args:
            stats: counts of the store, or None if it does not answer; then its gauges are left out, so that an alert
                on their absence fires instead of one that reads a zero.
        """
        page = CollectorRegistry()
        directory = os.environ.get(MULTIPROC_DIR)
        if directory:
            forget_dead_processes(Path(directory))
            MultiProcessCollector(page, path=directory)  # type: ignore[no-untyped-call]
        text = generate_latest(page if directory else self._registry)
        if stats is None:
            return text
        store = CollectorRegistry()
        store.register(_StoreGauges(stats, self._queues))
        return text + generate_latest(store)

    def _count(self, outcomes: Tally[tuple[str, str, str]]) -> None:
        for (queue, task, outcome), count in outcomes.items():
            if outcome == "stale":
                self.event("stale_write", count)
            if outcome in _UNPROCESSED:
                continue
            self._processed.labels(queue, task).inc(count)
            if outcome == "completed":
                self._completed.labels(queue, task).inc(count)
            elif outcome in _FAILED:
                self._failed.labels(queue, task).inc(count)


class _Bounded(dict[str, str]):
    """Maps a label to itself while there is room, then to ``other``."""

    def __missing__(self, label: str) -> str:
        if len(self) >= MAX_LABELS:
            return OTHER
        self[label] = label
        return label


class _StoreGauges(Collector):
    """Gauges of one scrape, from the store's counts."""

    def __init__(self, stats: StoreStats, labels: _Bounded) -> None:
        self._stats = stats
        self._labels = labels

    def collect(self) -> Iterator[Metric]:
        """Yield queue sizes, the age of the oldest ready job of each queue, and that of transaction ids."""
        size = GaugeMetricFamily("taskflow_queue_size", "Live jobs by queue and state", labels=("queue", "state"))
        age = GaugeMetricFamily("taskflow_oldest_ready_age_seconds", "Age of the oldest ready job", labels=("queue",))
        sizes: Tally[tuple[str, str]] = Tally()
        ages: dict[str, float] = {}
        for queue in self._stats.queues:
            label = self._labels[queue.name]
            # An empty queue has a zero: a missing series would look like a scrape that failed.
            for state in {*_LIVE, *queue.states}:
                sizes[label, state] += queue.states.get(state, 0)
            ages[label] = max(ages.get(label, 0.0), queue.oldest_ready_age or 0.0)
        for (label, state), count in sizes.items():
            size.add_metric((label, state), count)
        for label, seconds in ages.items():
            age.add_metric((label,), seconds)
        yield size
        yield age
        if self._stats.xid_age is not None:
            yield GaugeMetricFamily(
                "taskflow_store_xid_age",
                "Transaction ids since the oldest unfrozen one; alert at 1e9, PostgreSQL stops at 2e9",
                self._stats.xid_age,
            )


def forget_dead_processes(directory: Path) -> None:
    """Remove the live gauges of processes that are gone; their counters stay, so that totals never fall."""
    pids = {path.stem.rpartition("_")[2] for path in directory.glob("gauge_live*.db")}
    for pid in pids:
        if pid.isdigit() and not Path(f"/proc/{pid}").exists() and not _alive(int(pid)):
            mark_process_dead(int(pid), str(directory))  # type: ignore[no-untyped-call]


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _observe_all(histogram: Histogram, bounds: Sequence[float], values: Sequence[float]) -> None:
    """Observe many values with one write per bucket.

    ``Histogram.observe`` writes twice per value; at ten thousand jobs a second in the memory-mapped mode that is a
    tenth of a core. The two attributes are the histogram's own storage, the same in every value class; a test
    compares the outcome with ``observe``.
    """
    buckets: Tally[int] = Tally(map(partial(bisect_left, bounds), values))
    histogram._sum.inc(sum(values))
    for index, count in buckets.items():
        histogram._buckets[index].inc(count)
