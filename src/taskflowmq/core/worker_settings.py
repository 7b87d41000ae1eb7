"""The settings of a worker, however they are given: the fields, their defaults and their bounds."""

from __future__ import annotations

import msgspec

from taskflowmq.core.job_logs import JobLogs

#: Field → (least, most), durations in seconds. A heartbeat must also fit twice into the lease.
BOUNDS: dict[str, tuple[float, float]] = {
    "concurrency": (1, 10_000),
    "processes": (1, 1_000),
    "drain_timeout": (0, 86_400),
    "lease": (0.1, 86_400),
    "heartbeat": (0.01, 43_200),
    "sweep": (0.01, 3_600),
    "poll": (0.001, 3_600),
    "history": (86_400, 3_650 * 86_400),
    "history_detail": (3_600, 31 * 86_400),
}


class WorkerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a worker works. Durations are seconds.

    Args:
        queues: names of the queues to serve; empty means every queue. They are a set: their order means nothing, and
            queues of equal priority take turns.
        tenants: names of the tenants to serve, a set without preference; empty means the tenant of the app, and
            ``all`` alone means every tenant.
        concurrency: slots of one child, 1…10,000; threads take up to 32 of them.
        processes: children of a supervisor.
        drain_timeout: how long running jobs may finish after the first SIGTERM.
        lease: how long the worker is considered alive after its last heartbeat.
        heartbeat: between renewals; must be well below the lease.
        sweep: between rescue sweeps.
        poll: between claims of an idle worker; a wake-up comes sooner.
        retention_completed, retention_cancelled, retention_dead: how long ended jobs are kept; None is forever.
        retention_audit: how long the audit is kept; None is forever.
        history, history_detail: how long the figures of jobs are kept, by the hour and by the minute.
        keep_finished: about how many ended jobs are kept at most (:class:`taskflowmq.core.retention.Retention`).
        job_logs: of which attempts the log lines are kept with the job.
        job_log_records: whether that means what a body writes to any logger, besides ``ctx.log``.
    """

    queues: tuple[str, ...] = ()
    tenants: tuple[str, ...] = ()
    concurrency: int = 50
    processes: int = 1
    drain_timeout: float = 30.0
    lease: float = 30.0
    heartbeat: float = 10.0
    sweep: float = 5.0
    poll: float = 1.0
    retention_completed: float | None = 7 * 86_400.0
    retention_cancelled: float | None = 7 * 86_400.0
    retention_dead: float | None = 30 * 86_400.0
    retention_audit: float | None = 365 * 86_400.0
    keep_finished: int | None = None
    history: float = 90 * 86_400.0
    history_detail: float = 48 * 3_600.0
    job_logs: JobLogs = JobLogs.AUTO
    job_log_records: bool = False
