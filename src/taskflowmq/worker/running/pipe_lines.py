"""Lines that the body in a process logs, on their way to the child that keeps them.

Each is sent at once: a process that is killed or crashes has lost none but what it was about to send. Of a body that
logs faster than a process may, lines are left out here, and the next one says how many.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from uuid import UUID

import msgspec

from taskflowmq.core.job_logs import MAX_FIELDS, MAX_MESSAGE, MOST_A_SECOND, Line
from taskflowmq.worker.running.frames import LINE
from taskflowmq.worker.running.run import Run


class PipedLine(msgspec.Struct, frozen=True, array_like=True):
    """A line, and the fence of its job: the pipe may hold one of the job before."""

    job_id: UUID
    lease_no: int
    line: Line


class PipeLines:
    """Sends the lines of bodies.

    Args:
        send: sends one frame of this kind.
        monotonic: seconds.
    """

    def __init__(self, send: Callable[[str, bytes], None], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._send = send
        self._monotonic = monotonic
        self._since, self._sent = float("-inf"), 0
        self._run: Run | None = None
        self._skipped = 0
        # Re-entrant: a signal handler may log in the middle of this.
        self._lock = threading.RLock()

    def put(self, run: Run, line: Line) -> None:
        """Send a line, unless there are too many."""
        with self._lock:
            if run is not self._run:
                self._run, self._skipped = run, 0
            now = self._monotonic()
            if now - self._since >= 1:
                self._since, self._sent = now, 0
            if self._sent >= MOST_A_SECOND:
                self._skipped += 1
                return
            self._sent += 1
            skipped, self._skipped = self._skipped, 0
        if skipped:
            line = msgspec.structs.replace(line, skipped=skipped)
        self._send(LINE, msgspec.msgpack.encode(PipedLine(run.job.id, run.job.lease_no, line)))


def take_line(run: Run, data: bytes) -> None:
    """Keep a received line if it is of this run.

    Raises:
        ValueError: it is none.
    """
    sent = msgspec.msgpack.decode(data, type=PipedLine)
    line = sent.line
    if len(line.message) > MAX_MESSAGE or len(line.fields or b"") > MAX_FIELDS + MAX_MESSAGE or line.skipped < 0:
        raise ValueError("a log line that is too long")
    if line.fields is not None:
        msgspec.json.decode(line.fields, type=dict)
    if (sent.job_id, sent.lease_no) == (run.job.id, run.job.lease_no):
        run.keep(line)
