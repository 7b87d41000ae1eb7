"""Log lines: JSON for machines, aligned text for people. One record, one line, never a job's arguments.

Extra fields of a record (``extra={"job_id": …}``) become fields of the line. Both formats redact what looks like
a secret and escape control characters; see :mod:`taskflowmq.core.redact_fields`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TextIO, cast
from uuid import UUID

import msgspec

from taskflowmq.core.printable import escape
from taskflowmq.core.redact import redact_head, redact_tail
from taskflowmq.core.redact_fields import redact
from taskflowmq.ports.telemetry import JOB_LINE, JobLine, LineError
from taskflowmq.telemetry.outlet import Outlet

#: Attributes that every record has; whatever else it carries was given as ``extra``.
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {
    "message",
    "asctime",
    "taskName",
    "color_message",
    JOB_LINE,
}
_ENCODER = msgspec.json.Encoder()
_LEVELS = {
    number: name.lower() for name, number in logging.getLevelNamesMapping().items() if name not in ("WARN", "FATAL")
}
_COLOURS = {"DEBUG": "2", "INFO": "32", "WARNING": "33", "ERROR": "31", "CRITICAL": "1;31"}
MAX_TEXT = 8_192
#: How long a process that ends waits for the reader of its log.
LAST_SECONDS = 1.0


class _JsonJobLine(msgspec.Struct, frozen=True, gc=False):
    """The line of an attempt as :class:`JsonFormatter` writes its record."""

    time: str
    level: str
    logger: str
    message: str
    job_id: UUID
    task: str
    queue: str
    attempt: int
    outcome: str
    ms: float
    error: LineError | msgspec.UnsetType = msgspec.UNSET


class JsonFormatter(logging.Formatter):
    """Format records as JSON lines: ``time``, ``level``, ``logger``, ``message``, the extra fields, ``error``."""

    def job_lines(self, logger: str, lines: Sequence[JobLine], at: float) -> str:
        """Return the lines of attempts that were stored at a moment (Unix seconds)."""
        now = _rfc3339(at)
        made = [
            _JsonJobLine(
                now, _LEVELS[line.level], logger, line.message,
                line.job_id, line.task, line.queue, line.attempt, line.outcome, line.ms, line.error or msgspec.UNSET,
            )
            for line in lines
        ]  # fmt: skip
        text = _ENCODER.encode_lines(made)[:-1].decode()
        # Names come from the database, and errors from any source; JSON itself escapes C0 only.
        if text.isascii() and "\x7f" not in text:
            return text
        return "\n".join([escape(line) for line in text.split("\n")])

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of JSON."""
        job: JobLine | None = record.__dict__.get(JOB_LINE)
        if job is not None:
            return self.job_lines(record.name, [job], record.created)
        line: dict[str, Any] = {
            "time": _rfc3339(record.created),
            "level": _LEVELS.get(record.levelno) or record.levelname.lower(),
            "logger": record.name,
            "message": redact_head(record.getMessage(), MAX_TEXT),
        }
        for key, value in record.__dict__.items():
            if key not in _STANDARD and key not in line:
                line[key] = redact(key, value)
        if record.exc_info:
            error = _error(record)
            if error is not None:
                line["error"] = error
        # JSON escapes C0 itself; what is left unsafe can only stand inside a string, where \uXXXX is JSON too.
        return escape(_encoded(line))


class TextFormatter(logging.Formatter):
    """Format records for a terminal: time, level, logger, message, ``key=value`` pairs; tracebacks indented.

    Args:
        colour: whether to colour the level.
    """

    def __init__(self, *, colour: bool = False) -> None:
        super().__init__()
        self._colour = colour

    def job_lines(self, logger: str, lines: Sequence[JobLine], at: float) -> str:
        """Return the lines of attempts that were stored at a moment (Unix seconds)."""
        del logger  # the line of an attempt shows none
        clock = _clock(at)
        levels = {level: self._level(logging.getLevelName(level)) for level in {line.level for line in lines}}
        return "\n".join([f"{clock} {levels[line.level]} {_job_line(line)}" for line in lines])

    def _level(self, name: str) -> str:
        level = f"{name:<7}"
        return f"\x1b[{_COLOURS.get(name, '0')}m{level}\x1b[0m" if self._colour else level

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line, with the traceback of an error below it."""
        job: JobLine | None = record.__dict__.get(JOB_LINE)
        if job is not None:
            return self.job_lines(record.name, [job], record.created)
        level = self._level(record.levelname)
        clock = _clock(record.created)
        name = record.name.removeprefix("taskflowmq.")
        pairs = "".join(f"  {escape(key)}={escape(_shown(value))}" for key, value in _extras(record).items())
        message = escape(redact_head(record.getMessage(), MAX_TEXT))
        line = f"{clock} {level} {escape(name):<10} {message}{pairs}"
        error = _error(record)
        if error is None:
            return line
        below = [escape(part) for part in error["traceback"].splitlines()]
        return "\n    ".join([line, *below])


def _job_line(line: JobLine) -> str:
    """Return a line for people on how an attempt ended: the task first, the id last, and below it why it failed."""
    words = f"{line.task:<14} {line.outcome} after {line.ms:g} ms, attempt {line.attempt}"
    shown = escape(f"{words:<46}  {line.queue}  {line.job_id}")
    if line.error is None:
        return shown
    below = [f"    {escape(part)}" for part in line.error.traceback.splitlines()]
    return "\n".join([f"{shown}  {escape(str(line.error))}", *below])


_STYLES = (JsonFormatter, TextFormatter)


class TurnHandler(logging.StreamHandler[TextIO]):
    """Write lines; inside an event loop, those of one turn together, and at once when one warns.

    A worker writes a line per job, thousands a second in bursts: a system call for each was a tenth of its time.

    Must stay true: logging never fails and never delays its caller. If the stream accepts nothing (nothing reads the
    pipe, its reader is gone, the disk is full) lines are lost, and the first one that is written says how many. See
    :mod:`taskflowmq.telemetry.outlet`.
    """

    def __init__(self, stream: TextIO, style: JsonFormatter | TextFormatter) -> None:
        super().__init__(stream)
        self.setFormatter(style)
        self._lines: list[str] = []
        self._count = 0
        self._waiting = False
        self._lost = 0
        self._outlet = _outlet_of(stream, self._note)

    def emit(self, record: logging.LogRecord) -> None:
        """Take a record; its line is written now, or at the end of this turn of the loop."""
        try:
            self._take(self.format(record), 1)
        except Exception:  # noqa: BLE001 - a line that cannot be formatted must not fail what it is about
            self.handleError(record)
            return
        if record.levelno >= logging.WARNING or not self._before_the_turn_ends():
            self.flush()

    @property
    def takes_job_lines(self) -> bool:
        """Whether lines may come without records: a foreign formatter must see each record."""
        return type(self.formatter) in _STYLES

    def job_lines(self, logger: str, lines: Sequence[JobLine]) -> None:
        """Take the lines of a batch of attempts (:class:`~taskflowmq.ports.telemetry.TakesJobLines`)."""
        shown = [line for line in lines if line.level >= self.level]
        if not shown:
            return
        style = cast(JsonFormatter | TextFormatter, self.formatter)
        with self.lock or contextlib.nullcontext():
            try:
                self._take(style.job_lines(logger, shown, time.time()), len(shown))
            except Exception:  # noqa: BLE001 - as in emit; the next line says how many are missing
                self._lose(len(shown))
        if any(line.level >= logging.WARNING for line in shown) or not self._before_the_turn_ends():
            self.flush()

    def close(self) -> None:
        """Write waiting lines; wait only for a limited time for a reader that does not read."""
        self.flush()
        if self._outlet is not None:
            self._outlet.finish(LAST_SECONDS)
        super().close()

    def flush(self) -> None:
        """Write waiting lines."""
        with self.lock or contextlib.nullcontext():
            lines, self._lines = self._lines, []
            count, self._count = self._count, 0
            if self._outlet is not None:
                if lines:
                    self._outlet.write("\n".join(lines) + "\n", count)
                return
            try:
                if lines:
                    before = [self._note(self._lost)] if self._lost else []
                    self.stream.write("\n".join([*before, *lines]) + "\n")
                super().flush()
            except (OSError, ValueError):  # ValueError: the stream is closed
                self._lost += count
            else:
                self._lost = 0 if lines else self._lost

    def _lose(self, lines: int) -> None:
        if self._outlet is not None:
            self._outlet.lost += lines
        else:
            self._lost += lines

    def _take(self, text: str, count: int) -> None:
        self._lines.append(text)
        self._count += count

    def _note(self, lost: int) -> str:
        fields = {"name": __name__, "levelno": logging.WARNING, "levelname": "WARNING"}
        return self.format(logging.makeLogRecord({**fields, "msg": "up to %d log lines were lost", "args": (lost,)}))

    def _before_the_turn_ends(self) -> bool:
        if not self._waiting:
            try:
                asyncio.get_running_loop().call_soon(self._flush_turn)
            except RuntimeError:  # no loop in this thread
                return False
            self._waiting = True
        return True

    def _flush_turn(self) -> None:
        self._waiting = False
        self.flush()


def _outlet_of(stream: TextIO, note: Callable[[int], str]) -> Outlet | None:
    """Return what writes to the file behind a stream, or None for one without a file."""
    try:
        number = stream.fileno()
        stream.flush()
        return Outlet(number, note)
    except (OSError, ValueError, AttributeError):  # no number, or none that is open
        return None


def configure_logging(style: str = "auto", level: str = "info", stream: TextIO | None = None) -> None:
    """Send every log record of this process to ``stream`` (default: standard error).

    Args:
        style: "json", "text", or "auto": text on a terminal, JSON elsewhere.
        level: name of the lowest level shown.
    """
    out = stream or sys.stderr
    tty = out.isatty()
    text = style == "text" or (style == "auto" and tty)
    formatter = TextFormatter(colour=tty and not os.environ.get("NO_COLOR")) if text else JsonFormatter()
    # No line shows them, and looking them up costs as much as writing the record (logging's own advice).
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    root = logging.getLogger()
    root.handlers[:] = [_remember(TurnHandler(out, formatter))]
    root.setLevel(level.upper())


_ours: list[TurnHandler] = []


def _remember(handler: TurnHandler) -> TurnHandler:
    _ours[:] = [handler]
    return handler


def our_handler() -> TurnHandler | None:
    """Return the handler of this process that :func:`configure_logging` made last, if it did."""
    return _ours[0] if _ours else None


def fresh(handler: TurnHandler) -> TurnHandler:
    """Return a new handler that replaces ours, after ours has written its waiting lines."""
    handler.flush()
    return _remember(TurnHandler(handler.stream, cast(JsonFormatter | TextFormatter, handler.formatter)))


def _rfc3339(at: float) -> str:
    second, fraction = divmod(at, 1)
    return f"{_second(int(second))}.{int(fraction * 1e6):06d}Z"


@lru_cache(maxsize=2)
def _second(unix: int) -> str:
    return datetime.fromtimestamp(unix, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _clock(at: float) -> str:
    """Return the local wall-clock time as text."""
    return datetime.fromtimestamp(at, UTC).astimezone().strftime("%H:%M:%S.%f")[:-3]


def _extras(record: logging.LogRecord) -> dict[str, Any]:
    return {key: redact(key, value) for key, value in record.__dict__.items() if key not in _STANDARD}


def _error(record: logging.LogRecord) -> dict[str, str] | None:
    if not record.exc_info or record.exc_info[0] is None:
        return None
    kind, value, _ = record.exc_info
    trace = logging.Formatter().formatException(record.exc_info)
    return {
        "type": kind.__qualname__,
        "message": redact_head(_safe_str(value), MAX_TEXT),
        "traceback": redact_tail(trace, MAX_TEXT),
    }


def _safe_str(value: object) -> str:
    try:
        return str(value)
    except Exception as broken:  # noqa: BLE001 - a user's __str__ may do anything; the line is still written
        return f"<{type(value).__name__}: no text, {type(broken).__name__} in __str__>"


def _encoded(line: dict[str, Any]) -> str:
    try:
        return _ENCODER.encode(line).decode()
    except UnicodeEncodeError:  # a lone surrogate, as in the name of a file: the line has an escape for it
        return json.dumps(line, default=str)


def _shown(value: object) -> str:
    return value if isinstance(value, str) else _ENCODER.encode(value).decode()
