"""Log records that a body process sends to the program that embeds the worker, whose logging configuration applies.

A record is sent as data: its text, its time and place, the fields that were given as ``extra`` (values that are not
plain as their ``repr``), and a traceback as text.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
#: Characters that are kept of a message, or of a traceback.
MAX_TEXT = 64 * 1024


class PipedRecord(msgspec.Struct, frozen=True):
    """A log record as data."""

    name: str
    levelno: int
    created: float
    msg: str
    pathname: str
    lineno: int
    func: str | None
    process: int | None
    thread: str | None
    trace: str | None
    extra: dict[str, Any]


class PipeHandler(logging.Handler):
    """Sends every record through the pipe of a body process."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        super().__init__()
        self._send = send

    def emit(self, record: logging.LogRecord) -> None:
        """Send a record; a faulty record makes nothing fail."""
        try:
            self._send(_ENCODER.encode(_piped(record)))
        except Exception:  # noqa: BLE001 - a record that cannot be sent must not fail what it is about
            self.handleError(record)


def _piped(record: logging.LogRecord) -> PipedRecord:
    trace = record.exc_text
    if record.exc_info and trace is None:
        trace = _FORMATTER.formatException(record.exc_info)
    return PipedRecord(
        record.name,
        record.levelno,
        record.created,
        record.getMessage()[:MAX_TEXT],
        record.pathname,
        record.lineno,
        record.funcName,
        record.process,
        record.threadName,
        trace[-MAX_TEXT:] if trace else None,
        {name: value for name, value in record.__dict__.items() if name not in _STANDARD},
    )


def levels() -> dict[str, int]:
    """Return the levels that this program has set, by logger: a body process need not send records below them."""
    found = {
        name: logger.level
        for name, logger in logging.root.manager.loggerDict.items()
        if isinstance(logger, logging.Logger) and logger.level != logging.NOTSET
    }
    return {**found, "": logging.root.level}


def send_logs(send: Callable[[bytes], None], wanted: Mapping[str, int]) -> None:
    """Send all records of this process from now on, whatever was configured before: the program's handlers take them.

    Args:
        send: takes a record as bytes.
        wanted: the levels of the program that receives them.
    """
    for logger in logging.root.manager.loggerDict.values():
        if isinstance(logger, logging.Logger):
            logger.handlers.clear()
            logger.propagate, logger.disabled = True, False
    for name, level in wanted.items():
        (logging.getLogger(name) if name else logging.root).setLevel(level)
    logging.root.handlers[:] = [PipeHandler(send)]


def take_log(data: bytes) -> None:
    """Pass a received record to the loggers of this process.

    Raises:
        ValueError: it is none.
    """
    sent = msgspec.msgpack.decode(data, type=PipedRecord)
    logger = logging.getLogger(sent.name)
    if not logger.isEnabledFor(sent.levelno):
        return
    record = logging.LogRecord(sent.name, sent.levelno, sent.pathname, sent.lineno, sent.msg, None, None, sent.func)
    record.created = sent.created
    record.msecs = sent.created % 1 * 1000
    record.process, record.threadName, record.exc_text = sent.process, sent.thread, sent.trace
    record.__dict__.update((name, value) for name, value in sent.extra.items() if name not in _STANDARD)
    logger.handle(record)


_FORMATTER = logging.Formatter()
_ENCODER = msgspec.msgpack.Encoder(enc_hook=repr)
