"""What bodies log, as lines of their jobs: of ``ctx.log``, and of every logger where the settings say so."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Protocol

from taskflowmq.core.hidden_values import HiddenValues
from taskflowmq.core.job_logs import Line, line_of
from taskflowmq.ports.context import running
from taskflowmq.ports.tasks import TaskSpec

#: The logger of ``ctx.log``, whose lines are kept where they are written.
JOB_LOGGER = "taskflowmq.job"
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName", "color_message"}
_FORMATTER = logging.Formatter()
_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


class Logging(Protocol):
    """The run of a body that logs."""

    spec: TaskSpec

    @property
    def hidden(self) -> HiddenValues:
        """The values of its job that no reader is shown."""
        ...


def captured(run: Logging, level: int, msg: object, args: Any, how: Mapping[str, Any]) -> Line:
    """Return a line of what a logger was called with; a faulty call gives a line that says so.

    Args:
        run: the body that logs. What no reader is shown of its job is replaced here, before the text is cut.
        level, msg, args: as for ``logging``.
        how: the other arguments, of which ``extra`` and ``exc_info`` count.
    """
    # Not by a record: making one takes as long as all the rest.
    if len(args) == 1 and isinstance(args[0], Mapping) and args[0]:
        args = args[0]  # as logging does for "%(name)s"
    try:
        text = str(msg) % args if args else str(msg)
    except Exception as error:  # noqa: BLE001 - objects of the user are formatted; logging reports it on its own way
        text = _unformatted(msg, error)
    exc_info = how.get("exc_info")
    trace = _traceback(_exception(exc_info)) if exc_info else None
    return line_of(level, text, how.get("extra") or {}, trace, run.hidden, run.spec.hides)


def _exception(given: object) -> _ExcInfo | None:
    """Return what ``exc_info`` of a logging call means."""
    if isinstance(given, BaseException):
        return type(given), given, given.__traceback__
    found = given if isinstance(given, tuple) else sys.exc_info() if given else None
    return None if found is None or found[0] is None else found


def _traceback(found: _ExcInfo | None) -> str | None:
    return None if found is None else _FORMATTER.formatException(found)


def _text(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception as error:  # noqa: BLE001 - objects of the user are formatted; logging reports it on its own way
        return _unformatted(record.msg, error)


def _unformatted(msg: object, error: Exception) -> str:
    return f"{msg!r:.200} could not be formatted: {type(error).__name__}"


class RecordHandler(logging.Handler):
    """Keeps the records that bodies write to any logger with their jobs."""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record, if a body has written it."""
        run: Any = running.get()
        if run is None or record.name == JOB_LOGGER or not run.keeps_lines:
            return
        try:
            extra = {name: value for name, value in record.__dict__.items() if name not in _STANDARD}
            trace = record.exc_text or _traceback(record.exc_info)  # type: ignore[arg-type]
            fields = {"logger": record.name, **extra}
            run.keep(line_of(record.levelno, _text(record), fields, trace, run.hidden, run.spec.hides))
        except Exception:  # noqa: BLE001 - a record that cannot be kept must not fail what it is about
            self.handleError(record)


class Records:
    """The handler of :class:`RecordHandler` at the root logger, while a worker of this process wants it."""

    def __init__(self) -> None:
        self._handlers: list[logging.Handler] = []

    def begin(self) -> None:
        """Keep the records of bodies from now on."""
        if self._handlers:
            return
        # A root without handlers writes warnings to standard error; one with ours alone would not.
        last = [] if logging.root.handlers or logging.lastResort is None else [logging.lastResort]
        self._handlers = [RecordHandler(), *last]
        for handler in self._handlers:
            logging.root.addHandler(handler)

    def end(self) -> None:
        """Keep none any longer."""
        for handler in self._handlers:
            logging.root.removeHandler(handler)
        self._handlers = []
