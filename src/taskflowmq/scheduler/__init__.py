"""Duties: periodic upkeep that any node may do, one per file, each able to run alone or be left out."""

from __future__ import annotations

from collections.abc import Sequence

from taskflowmq.core.history import HistoryKept
from taskflowmq.core.redaction import Rule
from taskflowmq.ports.clock import Clock
from taskflowmq.ports.store import Retention, Store
from taskflowmq.ports.telemetry import Telemetry
from taskflowmq.scheduler.bulker import Bulker
from taskflowmq.scheduler.expirer import Expirer
from taskflowmq.scheduler.lookout import INTERVAL as LOOKOUT_SECONDS
from taskflowmq.scheduler.lookout import Lookout
from taskflowmq.scheduler.looper import Looper, TurnLooper
from taskflowmq.scheduler.maintainer import INTERVAL as MAINTAIN_SECONDS
from taskflowmq.scheduler.maintainer import Maintainer
from taskflowmq.scheduler.pruner import Pruner
from taskflowmq.scheduler.rescuer import Rescuer
from taskflowmq.scheduler.rollup import RollUp
from taskflowmq.scheduler.stager import Stager

__all__ = [
    "LOOKOUT_SECONDS",
    "Bulker",
    "Expirer",
    "Lookout",
    "Looper",
    "Maintainer",
    "Pruner",
    "Rescuer",
    "RollUp",
    "Stager",
    "TurnLooper",
    "all_duties",
]


def all_duties(
    store: Store,
    clock: Clock,
    telemetry: Telemetry,
    *,
    lease: float = 30.0,
    sweep: float = 5.0,
    poll: float = 1.0,
    retention: Retention | None = None,
    history: HistoryKept | None = None,
    rules: Sequence[Rule] = (),
) -> list[Looper]:
    """Return every duty, ready to run. Durations are seconds, as in the worker's options; rules are of redaction."""
    return [
        Stager(store, clock, telemetry, poll),
        Rescuer(store, clock, telemetry, sweep, lease_ms=round(lease * 1000)),
        Expirer(store, clock, telemetry, sweep),
        Pruner(store, clock, telemetry, retention=retention),
        Maintainer(store, clock, telemetry, MAINTAIN_SECONDS),
        RollUp(store, clock, telemetry, kept=history),
        Bulker(store, clock, telemetry, poll, rules),
    ]
