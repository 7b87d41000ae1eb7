"""The headers of a job: what TaskFlow itself carries from the enqueue to the handler, beside the user's ``meta``.

``traceparent`` (W3C trace context), ``actor`` (the caller over REST), ``release`` (that of the program),
``replay_of`` (the job that an operator replayed by this one).
A header is set only if it is known, so most jobs carry none, which costs nothing.
"""

from __future__ import annotations

import re

import msgspec

from taskflowmq.core.errors import InvalidJob
from taskflowmq.ports.context import running

TRACEPARENT = "traceparent"
REPLAY_OF = "replay_of"
#: Version, trace id, parent id, flags (W3C Trace Context, 3.2.2); ids of zeros only are not valid.
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def is_traceparent(text: str) -> bool:
    """Tell whether this is a trace context that a job can continue."""
    return _TRACEPARENT.fullmatch(text) is not None


def check_traceparent(value: object) -> str | None:
    """Return the trace context that a caller gave; None: it gave none.

    Raises:
        InvalidJob: it is malformed.
    """
    if value is None or (isinstance(value, str) and is_traceparent(value)):
        return value
    raise InvalidJob.at("/traceparent", f"must be like 00-<32 hex digits>-<16 hex digits>-01, got {value!r:.80}")


def job_headers(
    traceparent: str | None, actor: str | None, release: str | None, replay_of: str | None = None
) -> bytes | None:
    """Return the headers of a new job as JSON, or None; a job that a handler enqueues continues the handler's trace."""
    if traceparent is None and (run := running.get()) is not None:
        traceparent = run.context.headers.get(TRACEPARENT)
    if traceparent is None and actor is None and release is None and replay_of is None:
        return None
    given = {TRACEPARENT: traceparent, "actor": actor, "release": release, REPLAY_OF: replay_of}
    return msgspec.json.encode({name: value for name, value in given.items() if value is not None})
