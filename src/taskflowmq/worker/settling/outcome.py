"""What a returned or raised value means for the job. Pure: the worker's loop and the body processes share it."""

from __future__ import annotations

from typing import Any

import msgspec

from taskflowmq.core.directives import Cancel, Directive, Discard, RetryAfter, Snooze
from taskflowmq.core.errors import InvalidJob
from taskflowmq.core.job import ClaimedJob
from taskflowmq.core.redacted import hidden_values, shown_error_json
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


def returned(spec: TaskSpec, value: Any) -> Outcome:
    """Decide what a returned value means: a directive controls the job, any other value completes it."""
    if value is None:
        return DONE
    if isinstance(value, Directive):
        return raised(spec, value)
    return encoded(spec, value)


def encoded(spec: TaskSpec, value: Any) -> Succeeded:
    """Encode a result. What cannot be stored still completes the job, and says why (invariant: work is done)."""
    if value is None:
        return Succeeded()
    try:
        result = spec.encode_result(value)
    except Exception as error:  # noqa: BLE001 - encoders run user code (__iter__, properties); all of it ends here
        return Succeeded(result_error=clean_text(message_of(error) or type(error).__name__, 500))
    if len(result) > MAX_RESULT_BYTES:
        text = result[: 4 * CUT_CHARACTERS].decode("utf-8", "replace")[:CUT_CHARACTERS]
        return Succeeded(
            msgspec.json.encode(text), f"the result is {len(result)} bytes, more than {MAX_RESULT_BYTES}; cut"
        )
    return Succeeded(result)


def raised(spec: TaskSpec, error: BaseException) -> Outcome:
    """Decide what a raised exception means."""
    match error:
        case Snooze(delay_ms=delay_ms):
            return Snoozed(delay_ms)
        case RetryAfter(delay_ms=delay_ms):
            return Failed(describe(error), retry_after_ms=delay_ms)
        case Cancel(reason=reason):
            return Stopped(True, error_json("Cancel", reason) if reason else None)
        case Discard():
            return Discarded(describe(error))
        case _:
            return Failed(describe(error), retry=_wants_retry(spec, error))


def without_hidden(spec: TaskSpec, job: ClaimedJob, outcome: Outcome) -> Outcome:
    """Return an outcome whose error holds no value of the job that no reader is shown."""
    error: bytes | None = getattr(outcome, "error", None)
    if error is None or spec.hides is None:
        return outcome
    shown = shown_error_json(error, hidden_values(spec.hides, job.args, job.meta))
    return outcome if shown is error else msgspec.structs.replace(outcome, error=shown)


def undecodable(error: BaseException) -> Outcome:
    """Decide about arguments that do not fit the task: no attempt can help."""
    if isinstance(error, InvalidJob):
        return Invalid(error_json("InvalidJob", message_of(error)))
    return Invalid(describe(error))


def _wants_retry(spec: TaskSpec, error: BaseException) -> bool:
    try:
        return spec.retry.wants(error)
    except Exception:  # noqa: BLE001 - isinstance may run a user's metaclass; when in doubt, try again
        return True
