"""A job as a list shows it: without result and traceback, of arguments and error only the beginning.

Stores read the beginning of JSON texts as they are stored, so that no engine parses them; what is shown of them is
decided here.
"""

from __future__ import annotations

import re
from datetime import datetime
from uuid import UUID

import msgspec

from taskflowmq.core.job import Reason, State

#: Characters that a list shows of arguments and of an error's message; the last one is … if more follow.
SHOWN = 300
#: Characters that stores read of arguments.
READ_ARGS = SHOWN + 1
#: Characters that stores read of an error: its type (200) and message, were every character of them an escape of 6.
READ_ERROR = 3_200
#: Of a row's names, times and numbers.
_FIXED_WEIGHT = 600
#: Inside a JSON string every quote has a backslash before it, so these are names of fields.
_FIELD = re.compile(r'"(type|message)"\s*:\s*"((?:[^"\\]|\\.)*)', re.DOTALL)
#: Half an escape at the end of a cut text, or the first half of a surrogate pair, or both.
_CUT_ESCAPE = re.compile(r"(?<!\\)((?:\\\\)*)(?:\\u[dD][89abAB][0-9a-fA-F]{2})?(?:\\(?:u[0-9a-fA-F]{0,3})?)?$")


class ErrorHead(msgspec.Struct, frozen=True):
    """The type and the beginning of the message of an error."""

    type: str
    message: str


class JobRow(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a list of jobs."""

    id: UUID
    task: str
    #: Arguments as JSON, cut to :data:`SHOWN` characters.
    args_preview: str
    queue: str
    priority: int
    state: State
    reason: Reason | None
    round: int
    attempt: int
    max_attempts: int
    lease_no: int
    created_at: datetime
    run_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    worker: str | None
    #: JSON; only while the job runs.
    raw_progress: bytes | None
    tags: tuple[str, ...]
    error: ErrorHead | None
    cancel_requested_at: datetime | None

    @property
    def weight(self) -> int:
        """About how many bytes the row takes in an answer."""
        text = len(self.args_preview) + sum(map(len, self.tags)) + len(self.raw_progress or b"")
        return _FIXED_WEIGHT + text + (len(self.error.message) if self.error else 0)


def shown_args(text: str) -> str:
    """Return what a list shows of arguments.

    Args:
        text: the first :data:`READ_ARGS` characters of their JSON.
    """
    return text if len(text) <= SHOWN else _whole(text[: SHOWN - 1]) + "…"


def shown_error(text: str) -> ErrorHead:
    """Return what a list shows of an error.

    Args:
        text: the first :data:`READ_ERROR` characters of its JSON.
    """
    found = {name: _decoded(value) for name, value in _FIELD.findall(text)}
    message = found.get("message", "")
    return ErrorHead(found.get("type", ""), message if len(message) <= SHOWN else message[: SHOWN - 1] + "…")


def _whole(text: str) -> str:
    """Return the beginning of a JSON text without half an escape at its end."""
    return _CUT_ESCAPE.sub(r"\1", text)


def _decoded(value: str) -> str:
    """Return the text of a JSON string that may have been cut."""
    whole = _whole(value)
    try:
        return msgspec.json.decode(f'"{whole}"', type=str)
    except msgspec.DecodeError:  # half of a surrogate pair, stored as it came
        return whole
