"""Whether this worker's own lease holds for long enough to begin something that must end with it."""

from __future__ import annotations

from taskflowmq.worker.deps import WorkerDeps
from taskflowmq.worker.slots import LEASE_US

#: Seconds before the end of the lease at which bodies are asked to stop; at most this share of the lease.
ASK_SECONDS, ASK_SHARE = 2.0, 1 / 3


def ask_before(lease: float) -> float:
    """Return how long before the end of its lease a worker asks such bodies to stop."""
    return min(ASK_SECONDS, lease * ASK_SHARE)


class LeaseLeft:
    """What is left of the lease, on the monotonic clock.

    Args:
        deps: the worker's ports.
        cells: of the slot table; ``LEASE_US`` is written by what renews the lease.
    """

    def __init__(self, deps: WorkerDeps, cells: memoryview) -> None:
        self._monotonic = deps.clock.monotonic
        self._cells = cells
        self._ask_us = int(ask_before(deps.options.lease) * 1e6)

    def holds(self) -> bool:
        """Tell whether there is time to begin such a body."""
        return int(self._monotonic() * 1e6) < self._cells[LEASE_US] - self._ask_us
