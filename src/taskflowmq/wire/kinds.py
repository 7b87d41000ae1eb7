"""Types that several answers share, described exactly: times, ids, JSON of any shape, and a stored error."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from taskflowmq.core.job import State

#: A time, in UTC.
Time = Annotated[datetime, Meta(tz=True)]
#: The id of a worker, as text; ids of jobs are UUIDs already.
Id = Annotated[str, Meta(extra_json_schema={"format": "uuid"})]
#: A JSON object of any content.
Object = dict[str, Any]

_LIVE = [state.value for state in (State.SCHEDULED, State.PENDING, State.RUNNING, State.RETRYING)]


def with_live(beside: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of an object with a count per state of live jobs, and these properties beside them."""
    properties = {**{state: {"type": "integer"} for state in _LIVE}, **beside}
    return {"properties": properties, "required": list(properties)}


#: Counts of live jobs by state, each of them always present.
LiveCounts = Annotated[
    dict[str, int], Meta(description="Number of live jobs, by state", extra_json_schema=with_live({}))
]
#: What every queue is counted by, also where there is nothing to count.
NONE_LIVE = dict.fromkeys(_LIVE, 0)


class ErrorOut(msgspec.Struct, kw_only=True):
    """The error of an attempt."""

    type: Annotated[str, Meta(description="Name of the exception, or of what ended the attempt")]
    message: Annotated[str, Meta(description="Text of the exception; secrets are redacted")]
    traceback: Annotated[str, Meta(description="Traceback, or empty; starts with … if its beginning was cut")]


class AttemptOutcome(StrEnum):
    """How an attempt ended, or that it runs."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    TIMEOUT = "timeout"
    CRASHED = "crashed"
    LOST = "lost"
    SNOOZED = "snoozed"
    CANCELLED = "cancelled"
    DISCARDED = "discarded"
