"""Whether this worker's own lease holds for long enough to begin a body that must end with it."""

from __future__ import annotations

from taskflowmq.worker.deps import WorkerDeps
from taskflowmq.worker.slots import LEASE_US

#: Seconds before the end of the lease at which bodies receive a stop request; at most this share of the lease.
ASK_SECONDS, ASK_SHARE = 2.0, 1 / 3


def ask_before(lease: float) -> float:
    """Return how long before the end of its lease a worker sends such bodies a stop request."""
    return min(ASK_SECONDS, lease * ASK_SHARE)


class LeaseLeft:
    """The rest of the lease, on the monotonic clock.

    Args:
        deps: the worker's ports.
        cells: of the slot table; the process that renews the lease writes ``LEASE_US``.
    """

    def __init__(self, deps: WorkerDeps, cells: memoryview) -> None:
        self._monotonic = deps.clock.monotonic
        self._cells = cells
        self._ask_us = int(ask_before(deps.options.lease) * 1e6)

    def holds(self) -> bool:
        """Tell whether there is time to begin such a body."""
        return int(self._monotonic() * 1e6) < self._cells[LEASE_US] - self._ask_us
