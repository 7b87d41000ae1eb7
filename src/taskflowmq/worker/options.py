"""The options of a worker, defined and checked once."""

from __future__ import annotations

import msgspec

from taskflowmq.core.history import HistoryKept
from taskflowmq.core.job_logs import JobLogs
from taskflowmq.core.retention import LONGEST_S, Retention
from taskflowmq.core.validation import ALL_TENANTS, check_collection, check_name
from taskflowmq.core.worker_settings import BOUNDS, WorkerSettings

#: More threads than this only compete for the interpreter lock.
MAX_THREADS = 32


#: How long a body may take to end after its timeout.
_MOST_GRACE_S = 60


class WorkerOptions(WorkerSettings, frozen=True, kw_only=True):
    """Options of a worker: its settings, and those that only a flag or a program sets. Durations are seconds.

    Args:
        grace: how long a body may take to end after its timeout before its job is settled without it.
        max_jobs: replace a child after this many jobs, between jobs.
        max_rss_mb: replace a child whose own memory (PSS where known) is above this, between jobs.
        run_duties: whether this worker also runs the duties (stager, rescuer, …).
        isolated: claim only jobs that a process crashed with, one at a time (a supervisor's isolation child).
    """

    grace: float = 1.0
    max_jobs: int | None = None
    max_rss_mb: int | None = None
    run_duties: bool = True
    isolated: bool = False

    def __post_init__(self) -> None:
        if self.job_logs not in set(JobLogs):
            raise ValueError(f"job_logs must be one of {', '.join(JobLogs)}, got {self.job_logs!r}")
        msgspec.structs.force_setattr(self, "job_logs", JobLogs(self.job_logs))
        check_collection("/queues", self.queues, "queue names")
        for name in self.queues:
            check_name("queue", name)
        check_collection("/tenants", self.tenants, "tenant names")
        if not self._serves_all:
            for name in self.tenants:
                check_name("tenant", name)
        bounds = {**BOUNDS, "heartbeat": (BOUNDS["heartbeat"][0], self.lease / 2), "grace": (0, _MOST_GRACE_S)}
        for field, (low, high) in bounds.items():
            if not low <= getattr(self, field) <= high:
                raise ValueError(f"{field} must be {low:.15g}…{high:.15g}, got {getattr(self, field)!r}")
        for field in ("retention_completed", "retention_cancelled", "retention_dead", "retention_audit"):
            age = getattr(self, field)
            if age is not None and not 0 < age <= LONGEST_S:
                raise ValueError(f"{field} must be seconds, or None for ever, got {age!r}")
        for field in ("max_jobs", "max_rss_mb", "keep_finished"):
            value = getattr(self, field)
            if value is not None and value < 1:
                raise ValueError(f"{field} must be at least 1, got {value!r}")

    def serving(self, tenant: str) -> tuple[str, ...]:
        """Return the tenants to claim from, as stores take them: empty means every tenant.

        Args:
            tenant: of the worker's app, which it serves unless the options name others.
        """
        return () if self._serves_all else tuple(self.tenants) or (tenant,)

    @property
    def _serves_all(self) -> bool:
        return set(self.tenants) == {ALL_TENANTS}

    @property
    def lease_ms(self) -> int:
        """The lease in milliseconds, as stores take it."""
        return round(self.lease * 1000)

    @property
    def retention(self) -> Retention:
        """How long ended jobs and the audit are kept, as stores take it."""
        ages = {
            "completed_ms": self.retention_completed,
            "cancelled_ms": self.retention_cancelled,
            "dead_ms": self.retention_dead,
            "audit_ms": self.retention_audit,
        }
        in_ms = {name: None if age is None else round(age * 1000) for name, age in ages.items()}
        return Retention(**in_ms, keep=self.keep_finished)

    @property
    def history_kept(self) -> HistoryKept:
        """How long figures of jobs are kept, as stores take it."""
        return HistoryKept(minutes_s=round(min(self.history_detail, self.history)), hours_s=round(self.history))

    @property
    def slots(self) -> int:
        """Room for running jobs in one child."""
        return 1 if self.isolated else self.concurrency

    @property
    def threads(self) -> int:
        """Most threads of one child."""
        return min(self.slots, MAX_THREADS)
