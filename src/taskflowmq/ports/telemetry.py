"""What the running parts report. Batched by the caller: a worker reports per flush, not per job."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol
from uuid import UUID

import msgspec

#: A log record with this attribute is the line of an attempt and carries its :class:`JobLine`. That holds ids, names,
#: numbers and stored errors only, so a formatter need not search it for secrets.
JOB_LINE = "taskflow_line"


class LineError(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Why an attempt failed, as it is stored: redacted and cut."""

    type: str = ""
    message: str = ""
    #: Empty where the line shows none.
    traceback: str = ""

    def __str__(self) -> str:
        """Return its type and the first line of its message."""
        first = self.message.partition("\n")[0]
        first = first if len(first) <= MAX_REASON else first[:MAX_REASON] + "…"
        return f"{self.type}: {first}" if first else self.type


#: Characters of an error's text inside a message.
MAX_REASON = 300


class JobLine(msgspec.Struct, frozen=True, gc=False):
    """The log line of one attempt. It never holds arguments or results."""

    #: Of the logging module.
    level: int
    message: str
    job_id: UUID
    task: str
    queue: str
    attempt: int
    outcome: str
    #: Milliseconds the body ran.
    ms: float
    #: The error of a failed attempt, whose message names job, task and reason.
    error: LineError | None = None

    def fields(self) -> dict[str, Any]:
        """Return the fields of its log record besides the message."""
        fields = {
            "job_id": str(self.job_id),
            "task": self.task,
            "queue": self.queue,
            "attempt": self.attempt,
            "outcome": self.outcome,
            "ms": self.ms,
        }
        return fields if self.error is None else {**fields, "error": msgspec.to_builtins(self.error)}


class TakesJobLines(Protocol):
    """A log handler that takes the lines of a batch at once: one record per line costs a tenth of a drain's time."""

    @property
    def takes_job_lines(self) -> bool:
        """Whether it does now; otherwise it gets records."""
        ...

    def job_lines(self, logger: str, lines: Sequence[JobLine]) -> None:
        """Write lines that a logger let pass; those below the handler's level are left out."""
        ...


class JobReport(msgspec.Struct, frozen=True, gc=False):
    """One settled attempt."""

    task: str
    queue: str
    #: "completed", "failed", "retried", "dead", "cancelled", "snoozed", "handed_back", "stale"
    outcome: str
    #: Seconds the body ran.
    run_s: float
    #: Seconds from ready to claimed.
    wait_s: float


class Telemetry(Protocol):
    """Counters and histograms of one process. Labels are bounded: never a job id, tenant or raw path."""

    def jobs_enqueued(self, queue: str, task: str, count: int) -> None:
        """Count stored jobs."""
        ...

    def jobs_claimed(self, count: int, seconds: float) -> None:
        """Count claimed jobs and time the claim."""
        ...

    def jobs_settled(self, reports: Sequence[JobReport], seconds: float) -> None:
        """Count ended attempts and time the flush that stored them."""
        ...

    def tasks_active(self, count: int) -> None:
        """Set how many bodies run in this process now."""
        ...

    def event(self, name: str, count: int = 1) -> None:
        """Count something rare: ``stale_write``, ``rescue``, ``lease_lost``, ``store_error``, ``child_died`` …"""
        ...


class NoTelemetry:
    """Reports nothing."""

    def jobs_enqueued(self, queue: str, task: str, count: int) -> None:
        """Drop it."""

    def jobs_claimed(self, count: int, seconds: float) -> None:
        """Drop it."""

    def jobs_settled(self, reports: Sequence[JobReport], seconds: float) -> None:
        """Drop it."""

    def tasks_active(self, count: int) -> None:
        """Drop it."""

    def event(self, name: str, count: int = 1) -> None:
        """Drop it."""
