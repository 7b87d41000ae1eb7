"""Why an operator acts: one line of text, and whether it may be left out."""

from __future__ import annotations

from taskflowmq.core.errors import InvalidJob
from taskflowmq.core.printable import escape
from taskflowmq.core.validation import check_text

#: Characters of a reason.
MAX_REASON = 500
#: The setting by which an installation demands one.
VARIABLE = "TASKFLOW_REQUIRE_REASON"


def check_reason(pointer: str, reason: object, *, required: bool = False) -> str | None:
    """Return a reason without the spaces around it; None if nothing is left.

    Args:
        pointer: the field that an error names.
        reason: as it was given.
        required: whether this installation demands one.

    Raises:
        InvalidJob: it is missing and required, too long, or has characters that do not fit on one line.
    """
    text = reason.strip() if isinstance(reason, str) else reason
    if text is None or text == "":
        if required:
            raise InvalidJob.at(pointer, f"is required ({VARIABLE}): say on one line why this is done")
        return None
    checked = check_text(pointer, text, MAX_REASON)
    if escape(checked) != checked:
        raise InvalidJob.at(pointer, "must be one line without control characters")
    return checked
