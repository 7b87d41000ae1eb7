"""Lets the app that a process loads configure logging for itself, without losing the lines of TaskFlow.

``logging.config.dictConfig`` disables by default every logger that it does not name, removes the root's handlers and
forgets ours; ``logging.basicConfig`` does nothing if the root has a handler already. So while the app is imported, the
root belongs to it and our handler is at the logger ``taskflowmq``. Afterwards its configuration decides:

- It configured no root: all lines go to our handler.
- It configured the root: its own lines, and those of ``ctx.log``, go to its handlers, ours to ours.
- It configured the logger ``taskflowmq``: that is intended, and stays.

None of this happens in a program that embeds a worker: it did not call
:func:`~taskflowmq.telemetry.logs.configure_logging`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from taskflowmq.telemetry.logs import TurnHandler, fresh, our_handler

log = logging.getLogger("taskflowmq.telemetry")

OURS = "taskflowmq"
#: The logger of ``ctx.log``: the lines of handlers are the app's.
JOB = "taskflowmq.job"


@contextmanager
def app_configures_logging() -> Iterator[None]:
    """Leave the root logger to the code of this context, and restore our handler after it."""
    handler, root, ours = our_handler(), logging.getLogger(), logging.getLogger(OURS)
    if handler is None or handler not in root.handlers:
        yield
        return
    level, fallback = root.level, logging.lastResort
    root.removeHandler(handler)
    root.setLevel(logging.WARNING)  # as it is in every program
    ours.addHandler(handler)
    ours.propagate = False
    ours.setLevel(level)
    logging.lastResort = handler
    try:
        yield
    finally:
        logging.lastResort = fallback
        _settle(handler, level)


def _settle(old: TurnHandler, level: int) -> None:
    root, ours = logging.getLogger(), logging.getLogger(OURS)
    silenced = _enable()
    # dictConfig makes the logging module forget a handler, and with that its last lines at the end of the process.
    handler = fresh(old)
    on_purpose = old not in ours.handlers
    ours.removeHandler(old)
    taken = bool(root.handlers)
    if not taken:
        root.addHandler(handler)
        if root.level == logging.WARNING:  # another level is the app's choice
            root.setLevel(level)
    said = ""
    if on_purpose:
        said = "the app configures the logger taskflowmq: its handlers write the lines of TaskFlow"
    elif taken:
        ours.addHandler(handler)
        logging.getLogger(JOB).parent = root
        said = (
            "the app configures the root logger: its handlers write the lines of the app and of ctx.log, lines of "
            "TaskFlow are written as before. To redirect them too, configure the logger taskflowmq"
        )
    else:
        ours.propagate = True
        if ours.level == level:
            ours.setLevel(logging.NOTSET)
    if silenced:
        log.warning("the logging configuration of the app had disabled %s: re-enabled. %s", silenced, said)
    elif said:
        log.info("%s", said)


def _enable() -> str:
    """Enable loggers that a configuration has disabled by default, and return a description of them."""
    manager = logging.root.manager
    names = [name for name in list(manager.loggerDict) if name == OURS or name.startswith(f"{OURS}.")]
    found = [one for one in map(logging.getLogger, names) if one.disabled]
    for one in found:
        one.disabled = False
    everything, manager.disable = manager.disable, logging.NOTSET
    if everything:
        return f"everything up to {logging.getLevelName(everything)} (logging.disable)"
    return "the loggers of TaskFlow (disable_existing_loggers)" if found else ""
