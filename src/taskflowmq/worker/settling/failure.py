"""Turn whatever a handler raised into an error that can be stored. Nothing here may fail (RELIABILITY F41, F43)."""

from __future__ import annotations

import signal
import sys
import traceback
from types import FrameType

import msgspec

from taskflowmq.core.hidden_values import HiddenValues
from taskflowmq.core.redact import redact_head, redact_tail
from taskflowmq.core.redacted import MAX_ERROR_MESSAGE, MAX_TRACEBACK
from taskflowmq.core.validation import clean_text

MAX_FRAMES = 60
#: Frames of these modules are not part of a stored traceback.
_OWN_FRAMES = "taskflowmq.worker."
_NONE = HiddenValues()


def error_json(kind: str, message: str, trace: str = "", hidden: HiddenValues = _NONE) -> bytes:
    """Return ``{"type","message","traceback"}`` as JSON, without secrets and cut to the store's limits.

    Args:
        kind: the name of its type.
        message: its text, of any length.
        trace: its traceback, of any length.
        hidden: the values of its job that no reader is shown.
    """
    # The end of a traceback names the line that raised, so the beginning is what may go.
    shown = redact_tail(trace, MAX_TRACEBACK, hidden)
    if len(trace) > MAX_TRACEBACK:
        shown = "…" + shown
    return msgspec.json.encode(
        {
            "type": clean_text(hidden.replaced_known(kind), 200),
            "message": clean_text(redact_head(message, MAX_ERROR_MESSAGE, hidden), MAX_ERROR_MESSAGE),
            "traceback": clean_text(shown, MAX_TRACEBACK + 1),
        }
    )


def describe(error: BaseException, hidden: HiddenValues = _NONE) -> bytes:
    """Return a raised exception as stored error, without the frames of the worker itself."""
    return error_json(_name_of(error), message_of(error), traceback_of(error), hidden)


def message_of(error: BaseException) -> str:
    """Return the text of an exception, also of one whose ``__str__`` raises."""
    try:
        return str.__str__(str(error))  # str() may return a subclass, with methods of its own
    except BaseException as broken:  # noqa: BLE001 - user code: __str__ may raise anything, SystemExit included
        return f"<the text of this {_name_of(error)} is not available: {_name_of(broken)}>"


def _name_of(error: BaseException) -> str:
    # By the type's own slot: a metaclass of the user may return anything, or raise.
    try:
        return str.__str__(type.__getattribute__(type(error), "__qualname__"))
    except BaseException:  # noqa: BLE001 - user code once more
        return "exception without a name"


def stack_of(thread_id: int) -> str:
    """Return where a thread is now: the traceback of a body that did not return."""
    frame: FrameType | None = sys._current_frames().get(thread_id)
    return "".join(traceback.format_stack(frame, MAX_FRAMES)) if frame is not None else ""


def traceback_of(error: BaseException) -> str:
    """Return the traceback of an exception as text, whatever its parts do when they are shown."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_globals.get("__name__", "").startswith(_OWN_FRAMES):
        trace = trace.tb_next
    try:
        lines = traceback.format_exception(type(error), error, trace, limit=-MAX_FRAMES)
        return "".join(lines)
    except BaseException as broken:  # noqa: BLE001 - user code again, through __str__ of causes and contexts
        return f"<no traceback: {_name_of(broken)} while formatting>"


def describe_exit(code: int | None) -> str:
    """Return how a process ended as words; None: it has not."""
    if code is None:
        return "no exit"
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"
