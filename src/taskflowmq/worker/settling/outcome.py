"""What a returned or raised value means for the job. Pure: the worker's loop and the body processes share it."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from taskflowmq.core.directives import Cancel, Directive, Discard, RetryAfter, Snooze
from taskflowmq.core.errors import InvalidJob
from taskflowmq.core.hidden_values import HiddenValues
from taskflowmq.core.redacted import CUT
from taskflowmq.core.transitions import (
    Discarded,
    Failed,
    Invalid,
    Outcome,
    Snoozed,
    Stopped,
    Succeeded,
)
from taskflowmq.core.validation import MAX_RESULT_BYTES, clean_text
from taskflowmq.ports.tasks import TaskSpec
from taskflowmq.worker.settling.failure import describe, error_json, message_of

#: Characters that are kept of a result that is too large: enough to recognise it.
CUT_CHARACTERS = 4_096
#: Of a body that returns nothing.
DONE = Succeeded()


class Judged(Protocol):
    """The run of a body whose end is judged."""

    spec: TaskSpec

    @property
    def hidden(self) -> HiddenValues:
        """The values of its job that no reader is shown; read only where a text is stored."""
        ...


def returned(run: Judged, value: Any) -> Outcome:
    """Decide what a returned value means: a directive controls the job, any other value completes it."""
    if value is None:
        return DONE
    if isinstance(value, Directive):
        return raised(run, value)
    return encoded(run, value)


def encoded(run: Judged, value: Any) -> Succeeded:
    """Encode a result. What cannot be stored still completes the job, and says why (invariant: work is done)."""
    if value is None:
        return Succeeded()
    try:
        result = run.spec.encode_result(value)
    except Exception as error:  # noqa: BLE001 - encoders run user code (__iter__, properties); all of it ends here
        said = message_of(error) or type(error).__name__
        return Succeeded(result_error=clean_text(run.hidden.head(said, 500), 500))
    if len(result) > MAX_RESULT_BYTES:
        text = result[: 4 * CUT_CHARACTERS].decode("utf-8", "replace")[:CUT_CHARACTERS]
        if run.spec.hides is not None:  # it is stored as a text, whose fields no reader can tell
            text = run.spec.hides.text("result", text)
        return Succeeded(
            msgspec.json.encode(text), f"the result is {len(result)} bytes, more than {MAX_RESULT_BYTES}{CUT}"
        )
    return Succeeded(result)


def raised(run: Judged, error: BaseException) -> Outcome:
    """Decide what a raised exception means."""
    match error:
        case Snooze(delay_ms=delay_ms):
            return Snoozed(delay_ms)
        case RetryAfter(delay_ms=delay_ms):
            return Failed(describe(error, run.hidden), retry_after_ms=delay_ms)
        case Cancel(reason=reason):
            return Stopped(True, error_json("Cancel", reason, hidden=run.hidden) if reason else None)
        case Discard():
            return Discarded(describe(error, run.hidden))
        case _:
            return Failed(describe(error, run.hidden), retry=_wants_retry(run.spec, error))


def undecodable(run: Judged, error: BaseException) -> Outcome:
    """Decide about arguments that do not fit the task: no attempt can help."""
    if isinstance(error, InvalidJob):
        return Invalid(error_json("InvalidJob", message_of(error), hidden=run.hidden))
    return Invalid(describe(error, run.hidden))


def _wants_retry(spec: TaskSpec, error: BaseException) -> bool:
    try:
        return spec.retry.wants(error)
    except Exception:  # noqa: BLE001 - isinstance may run a user's metaclass; when in doubt, try again
        return True
