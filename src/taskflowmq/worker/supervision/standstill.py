"""Why the loop of a child is blocked, judged from outside: by whether its process is stopped, waits or computes."""

from __future__ import annotations

from taskflowmq.worker.slots import TICK_US, SlotTable
from taskflowmq.worker.supervision.machine import cpu_seconds, is_stopped

#: A loop that has not turned for this long is blocked.
STALE_SECONDS = 0.8
#: A process that uses this share of a core computes, also on a machine that is very busy.
COMPUTES = 0.05


class Standstill:
    """The supervisor's record of a child whose loop is blocked.

    Args:
        table: where the loop writes its ticks, and its jobs their slots.
    """

    def __init__(self, table: SlotTable) -> None:
        self._table = table
        self._stopped_s = 0.0
        #: The last tick, when it was seen to be the last one, and the processor time used by then.
        self._seen: tuple[int, float, float] | None = None
        #: When a body was last seen that held the loop up.
        self._excused_at = float("-inf")

    def is_stalled(self, pid: int, now: float, patience: float) -> bool:
        """Tell whether the loop has stood still for longer than ``patience`` seconds outside every body.

        The body of a thread may hold the interpreter in a C call that computes: then the loop is blocked through no
        fault of ours, and the body's timeout decides. A loop that waits for something uses no processor time. After the
        end of such a body the loop has as long again: its first turn comes a moment later.

        Args:
            pid: the child's process.
            now: monotonic seconds.
            patience: seconds.
        """
        tick = self._table.cells[TICK_US]
        if not tick or now - tick / 1e6 < STALE_SECONDS:
            self._seen = None
            return False
        if self._seen is None or self._seen[0] != tick:
            self._seen = (tick, now, cpu_seconds(pid))
        _, since, used = self._seen
        started = self._table.started()
        computes = bool(started) and now > since and cpu_seconds(pid) - used >= COMPUTES * (now - since)
        if computes or any(job.stepped for job in started):
            self._excused_at = now
        return now - max(tick / 1e6, self._excused_at) >= patience

    def stopped_for(self, pid: int, now: float, elapsed: float) -> float:
        """Return for how many seconds, seen in a row, the process has been stopped (SIGSTOP).

        Args:
            pid: the child's process.
            now: monotonic seconds.
            elapsed: seconds since the last look.
        """
        stopped = now - self._table.cells[TICK_US] / 1e6 >= STALE_SECONDS and is_stopped(pid)
        self._stopped_s = self._stopped_s + min(elapsed, STALE_SECONDS) if stopped else 0.0
        return self._stopped_s
