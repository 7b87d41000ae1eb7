"""Telemetry that is loaded when there is something to count.

For processes that count rare events only: a supervisor, a scheduler. The metrics library takes 2 to 3 MB, most of it
Python's HTTP server, which prometheus_client imports; a supervisor whose children do not die never needs it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from taskflowmq.ports.telemetry import JobReport, NoTelemetry, Telemetry

log = logging.getLogger("taskflowmq.telemetry")


class DeferredTelemetry:
    """Passes everything on to a telemetry that is made at the first call.

    Args:
        load: makes it. Its error is logged, once, and nothing is counted from then on: a supervisor must not fail
            because the metrics library can no longer be read from the disk.
    """

    def __init__(self, load: Callable[[], Telemetry]) -> None:
        self._load = load
        self._loaded: Telemetry | None = None

    def jobs_enqueued(self, queue: str, task: str, count: int) -> None:
        """Count stored jobs."""
        self._counter.jobs_enqueued(queue, task, count)

    def jobs_claimed(self, count: int, seconds: float) -> None:
        """Count claimed jobs and time the claim."""
        self._counter.jobs_claimed(count, seconds)

    def jobs_settled(self, reports: Sequence[JobReport], seconds: float) -> None:
        """Count ended attempts and time the flush that stored them."""
        self._counter.jobs_settled(reports, seconds)

    def tasks_active(self, count: int) -> None:
        """Set how many bodies run in this process now."""
        self._counter.tasks_active(count)

    def event(self, name: str, count: int = 1) -> None:
        """Count something rare."""
        self._counter.event(name, count)

    @property
    def _counter(self) -> Telemetry:
        if self._loaded is None:
            try:
                self._loaded = self._load()
            except Exception:
                log.exception("telemetry could not be loaded: this process collects no metrics until it is restarted")
                self._loaded = NoTelemetry()
        return self._loaded
