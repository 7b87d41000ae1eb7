"""Exceptions that no code catches become log lines: one line, redacted, where all others go.

The interpreter would write them to standard error unchanged, over several lines, with any address or password in their
text, and wait for its reader.
"""

from __future__ import annotations

import logging
import sys
import threading
from types import TracebackType

log = logging.getLogger("taskflowmq.process")


def log_uncaught() -> None:
    """Log exceptions that end this process or one of its threads, and those of finalizers."""
    sys.excepthook = _process
    threading.excepthook = _thread
    sys.unraisablehook = _finalizer


def _process(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    log.critical("this process ends: %s was not caught", kind.__qualname__, exc_info=(kind, error, trace))
    logging.shutdown()


def _thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is None or issubclass(args.exc_type, SystemExit):
        return
    name = args.thread.name if args.thread is not None else "?"
    info = (args.exc_type, args.exc_value, args.exc_traceback)
    log.error("thread %s ended: %s was not caught", name, args.exc_type.__qualname__, exc_info=info)


def _finalizer(args: sys.UnraisableHookArgs) -> None:
    if args.exc_value is None:
        return
    # Only the type of the object: its repr may hold anything, and may raise.
    info = (args.exc_type, args.exc_value, args.exc_traceback)
    what = args.err_msg or "exception ignored in"
    log.error("%s %s: %s", what, type(args.object).__qualname__, args.exc_type.__qualname__, exc_info=info)
