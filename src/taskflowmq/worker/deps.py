"""The dependencies of every part of a worker.

The injected ports and the options, so that a simulation can drive all of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from taskflowmq.core.job_logs import JobLogs
from taskflowmq.ports.clock import Clock
from taskflowmq.ports.store import Store
from taskflowmq.ports.tasks import TaskRegistry
from taskflowmq.ports.telemetry import Telemetry
from taskflowmq.worker.history import HistoryWriter
from taskflowmq.worker.options import WorkerOptions


@dataclass(slots=True)
class WorkerDeps:
    """Ports and options of one worker. ``worker_id`` changes when an embedded worker lost its lease.

    ``tenant`` is that of the app whose tasks these are; ``tenants`` are those that the worker serves; none means all.
    ``release_id`` is the store's id of the program's release: known once the worker is registered, if it announces one.
    """

    store: Store
    tasks: TaskRegistry
    clock: Clock
    telemetry: Telemetry
    options: WorkerOptions
    worker_id: UUID
    tenant: str
    tenants: tuple[str, ...] = field(init=False)
    history: HistoryWriter = field(init=False)
    release_id: int | None = field(init=False, default=None)

    @property
    def keeps_lines(self) -> bool:
        """Whether lines that bodies log may be kept with their jobs."""
        return self.options.job_logs is not JobLogs.OFF

    def __post_init__(self) -> None:
        self.tenants = self.options.serving(self.tenant)
        self.history = HistoryWriter(self.store, self.clock, lambda: self.worker_id)
