"""A child as its supervisor sees it: a process, a shared slot table, a pipe for commands."""

from __future__ import annotations

import os
from uuid import UUID, uuid4

from taskflowmq.core.workers import Command
from taskflowmq.ports.spawner import ChildSpec, Process
from taskflowmq.worker.settling.failure import describe_exit
from taskflowmq.worker.slots import (
    HANDED_BACK,
    HEALTHY_US,
    LEASE_US,
    LEFT,
    REGISTERED,
    SETTLED,
    TAINTED,
    TICK_US,
    SlotTable,
    StartedJob,
)
from taskflowmq.worker.supervision.standstill import STALE_SECONDS, Standstill
from taskflowmq.worker.watches.load import LoadMeter

#: Commands of the control pipe, one per line. ``drain`` is followed by seconds; all but the last two end the child.
DRAIN, FINISH, HAND_BACK = "drain", "finish", "hand_back"
PAUSE, RESUME = "pause", "resume"
#: Why a supervisor kills a child, besides HAND_BACK: a body blocks it past its timeout; it was stopped; its loop
#: is blocked outside every body.
TIMEOUT, STOPPED, STALLED = "timeout", "stopped", "stalled"

#: Exit codes of a child that ended as it was ordered: cleanly, or with jobs handed back.
CLEAN = (0, 75)

#: A child that has not been healthy for this long does not count as claiming: a body that blocks its loop is enough.
UNHEALTHY_SECONDS = 5.0
#: How far past its deadline a job must be before its child is killed for it: the child itself acts first.
OVERDUE_SECONDS = 0.4


class Child:
    """One child process as its supervisor manages it."""

    def __init__(
        self, supervisor: UUID, slots: int, *, isolated: bool, now: float, command: Command | None = None
    ) -> None:
        self.worker_id = uuid4()
        self.isolated = isolated
        self.born = now
        self.table = SlotTable.create(slots)
        self.process: Process | None = None
        self.standstill = Standstill(self.table)
        #: Why we ended it, if we did: HAND_BACK, STOPPED, STALLED, or TIMEOUT with the jobs that are charged for it.
        self.killed_for: str | None = None
        self.charged: list[StartedJob] = []
        #: Whether it received the order to end: then it is replaced already.
        self.leaving = False
        #: Whether its row says that it is stuck.
        self.noted = False
        #: What it obeys; None once its replacement does.
        self.command = command
        #: What its process uses; None until that runs.
        self.meter: LoadMeter | None = None
        self._warned_at = 0
        self._control, self._commands = os.pipe()
        os.set_blocking(self._commands, False)
        self.spec = ChildSpec(
            worker_id=self.worker_id,
            supervisor=supervisor,
            slots_fd=self.table.fd,
            control_fd=self._control,
            isolated=isolated,
            command=command,
        )

    @property
    def registered(self) -> bool:
        """Whether its worker row exists."""
        return bool(self.table.cells[REGISTERED])

    @property
    def tainted(self) -> bool:
        """Whether it reported itself unfit for new jobs."""
        return bool(self.table.cells[TAINTED])

    @property
    def settled(self) -> int:
        """Jobs it has settled."""
        return int(self.table.cells[SETTLED])

    @property
    def has_worked(self) -> bool:
        """Whether a body has begun in it."""
        return self.settled > 0 or bool(self.table.started())

    @property
    def handed_back(self) -> int:
        """Jobs it handed back at its end."""
        return int(self.table.cells[HANDED_BACK])

    def claims(self, now: float) -> bool:
        """Tell whether its claims made progress recently, which is more than that the process exists.

        Args:
            now: monotonic seconds.
        """
        healthy_at = self.table.cells[HEALTHY_US] / 1e6
        return not self.leaving and healthy_at > 0 and now - healthy_at < UNHEALTHY_SECONDS

    def spawned(self, process: Process) -> None:
        """Record that it runs; the reading end of the pipe is its own."""
        self.process = process
        self.meter = LoadMeter(process.pid, self.born)
        os.close(self._control)

    def tell(self, command: str) -> None:
        """Send a command that ends it; a child that is dead or does not read is handled elsewhere."""
        self.leaving = True
        self._write(command)

    def pause(self, command: Command | None) -> None:
        """Have it claim nothing, or claim again (None). If it cannot be told now, the next renewal says it again."""
        if self._write(RESUME if command is None else PAUSE):
            self.command = command

    def _write(self, line: str) -> bool:
        try:
            os.write(self._commands, f"{line}\n".encode())
        except (BrokenPipeError, BlockingIOError):
            return False
        return True

    def kill(self, why: str, charged: list[StartedJob] | None = None) -> None:
        """End it at once; its jobs are handed back, except the charged ones."""
        self.leaving = True
        if self.killed_for is None:
            self.killed_for = why
            self.charged = charged or []
        if self.process is not None:
            self.process.kill()

    def hung_jobs(self, now: float) -> list[StartedJob]:
        """Return the jobs to charge for a blocked loop; empty if it is not blocked, or no job is overdue.

        The job that is being stepped is charged. If none is, something outside every body holds the interpreter
        (a thread in a C call), and the overdue jobs are charged.
        """
        tick = self.table.cells[TICK_US] / 1e6
        if not tick or now - tick < STALE_SECONDS:
            return []
        started = self.table.started()
        stepped = [job for job in started if job.stepped]
        return [job for job in stepped or started if job.deadline is not None and now - job.deadline > OVERDUE_SECONDS]

    def blocked_for(self, now: float, patience: float) -> tuple[float, str] | None:
        """Return for how long a job that has time left blocks the loop, and its id: once per standstill."""
        tick = self.table.cells[TICK_US]
        if not tick or tick == self._warned_at or now - tick / 1e6 < patience:
            return None
        self._warned_at = tick
        stepped = [str(job.job_id) for job in self.table.started() if job.stepped]
        return (now - tick / 1e6, stepped[0]) if stepped else None

    def outlives_lease(self, now: float, margin: float) -> bool:
        """Tell whether a body runs that must not outlive the lease, and that ends within the margin (seconds)."""
        until = self.table.cells[LEASE_US] / 1e6
        return 0 < until < now + margin and any(job.exclusive for job in self.table.started())

    def crash_reason(self, code: int) -> str | None:
        """Return why the jobs in it are charged with a crash; None: it ended as it was ordered, or was killed by us."""
        if self.killed_for == STOPPED:
            return "the worker process was stopped (SIGSTOP) for longer than its lease, and was killed"
        if self.killed_for == STALLED:
            return "the worker process was blocked outside of handlers for longer than its lease, and was killed"
        # It ended as ordered, or was killed by us. An exit code alone proves nothing: a body can call os._exit(0).
        if self.killed_for is not None or (code in CLEAN and self.table.cells[LEFT]):
            return None
        by = " from within, not by its supervisor" if code >= 0 else ""
        return f"the worker process ended with {describe_exit(code)}{by}"

    def close(self) -> None:
        """Release the pipe and the table."""
        os.close(self._commands)
        self.table.close()
