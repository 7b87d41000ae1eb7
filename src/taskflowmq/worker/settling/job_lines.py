"""One log line per attempt, written for a whole batch at once where every handler can take that.

What must stay true: every setup of logging sees the same lines either way. If any handler does not support batches, or
there is a filter, all handlers get records as usual.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import cast

from taskflowmq.ports.telemetry import JOB_LINE, JobLine, TakesJobLines


def log_jobs(logger: logging.Logger, lines: Sequence[JobLine]) -> None:
    """Write the lines of attempts that ended."""
    enabled = {level: logger.isEnabledFor(level) for level in {line.level for line in lines}}
    shown = [line for line in lines if enabled[line.level]]
    if not shown:
        return
    takers = _takers(logger)
    if takers is None:
        for line in shown:
            _log(logger, line)
        return
    for taker in takers:
        taker.job_lines(logger.name, shown)


def _takers(logger: logging.Logger) -> list[TakesJobLines] | None:
    """Return the handlers of a logger if all of them take batches; None if records are needed."""
    if logger.filters:
        return None
    found: list[TakesJobLines] = []
    at: logging.Logger | None = logger
    while at is not None:
        for handler in at.handlers:
            # Not isinstance: a check of a protocol's members takes as long as ten lines.
            if handler.filters or not getattr(handler, "takes_job_lines", False):
                return None
            found.append(cast(TakesJobLines, handler))
        at = at.parent if at.propagate else None
    return found or None


def _log(logger: logging.Logger, line: JobLine) -> None:
    # A handler that is not ours may show the message alone.
    message = line.message if line.error is not None else f"{line.message}: {line.task} {line.job_id}"
    # Built by hand: finding the caller's line costs as much as running the job.
    record = logging.LogRecord(logger.name, line.level, "", 0, message, None, None)
    record.__dict__.update(line.fields())
    record.__dict__[JOB_LINE] = line
    logger.handle(record)
