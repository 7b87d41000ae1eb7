"""What an operator decides about a worker, defined and checked once."""

from __future__ import annotations

import msgspec

from taskflowmq.core.retention import LONGEST_S, Retention
from taskflowmq.core.validation import check_collection, check_name

#: More threads than this only fight for the interpreter lock.
MAX_THREADS = 32


class WorkerOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Options of a worker. Durations are seconds.

    Args:
        queues: names of the queues to serve; empty means every queue. They are a set: their order means nothing, and
            queues of equal priority take turns.
        concurrency: slots of one child, 1…10,000; threads take up to 32 of them.
        processes: children of a supervisor.
        drain_timeout: how long running jobs may finish after the first SIGTERM.
        lease: how long the worker is believed alive after its last heartbeat.
        heartbeat: between renewals; must be well below the lease.
        sweep: between rescue sweeps.
        poll: between claims of an idle worker; a wake-up comes sooner.
        grace: how long a body may take to end after its timeout before its job is settled without it.
        max_jobs: replace a child after this many jobs, between jobs.
        max_rss_mb: replace a child whose own memory (PSS where known) is above this, between jobs.
        retention_completed, retention_cancelled, retention_dead: how long ended jobs are kept; None is for ever.
        keep_finished: about how many ended jobs are kept at most (:class:`taskflowmq.core.retention.Retention`).
        run_duties: whether this worker also runs the duties (stager, rescuer, …).
        isolated: claim only jobs that took a process down before, one at a time (a supervisor's isolation child).
    """

    queues: tuple[str, ...] = ()
    concurrency: int = 50
    processes: int = 1
    drain_timeout: float = 30.0
    lease: float = 30.0
    heartbeat: float = 10.0
    sweep: float = 5.0
    poll: float = 1.0
    grace: float = 1.0
    max_jobs: int | None = None
    max_rss_mb: int | None = None
    retention_completed: float | None = 7 * 86_400.0
    retention_cancelled: float | None = 7 * 86_400.0
    retention_dead: float | None = 30 * 86_400.0
    keep_finished: int | None = None
    run_duties: bool = True
    isolated: bool = False

    def __post_init__(self) -> None:
        check_collection("/queues", self.queues, "queue names")
        for name in self.queues:
            check_name("queue", name)
        bounds: tuple[tuple[str, float, float], ...] = (
            ("concurrency", 1, 10_000),
            ("processes", 1, 1_000),
            ("drain_timeout", 0, 86_400),
            ("lease", 0.1, 86_400),
            ("heartbeat", 0.01, self.lease / 2),
            ("sweep", 0.01, 3_600),
            ("poll", 0.001, 3_600),
            ("grace", 0, 60),
        )
        for field, low, high in bounds:
            if not low <= getattr(self, field) <= high:
                raise ValueError(f"{field} must be {low:g}…{high:g}, got {getattr(self, field)!r}")
        for field in ("retention_completed", "retention_cancelled", "retention_dead"):
            age = getattr(self, field)
            if age is not None and not 0 < age <= LONGEST_S:
                raise ValueError(f"{field} must be seconds, or None for ever, got {age!r}")
        for field in ("max_jobs", "max_rss_mb", "keep_finished"):
            value = getattr(self, field)
            if value is not None and value < 1:
                raise ValueError(f"{field} must be at least 1, got {value!r}")

    @property
    def lease_ms(self) -> int:
        """The lease in milliseconds, as stores take it."""
        return round(self.lease * 1000)

    @property
    def retention(self) -> Retention:
        """How long ended jobs are kept, as stores take it."""
        ages = {
            "completed_ms": self.retention_completed,
            "cancelled_ms": self.retention_cancelled,
            "dead_ms": self.retention_dead,
        }
        in_ms = {name: None if age is None else round(age * 1000) for name, age in ages.items()}
        return Retention(**in_ms, keep=self.keep_finished)

    @property
    def slots(self) -> int:
        """Room for running jobs in one child."""
        return 1 if self.isolated else self.concurrency

    @property
    def threads(self) -> int:
        """Most threads of one child."""
        return min(self.slots, MAX_THREADS)
