"""Bodies of requests. Bounds that need the library's own words are checked by the client, the rest by type."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from taskflowmq.core.validation import (
    MAX_BULK,
    MAX_DELAY_MS,
    MAX_KEY_LENGTH,
    MAX_NAME_LENGTH,
    MAX_TAG_LENGTH,
    MAX_TAGS,
    MAX_TIMEOUT_MS,
    PRIORITY_MAX,
    PRIORITY_MIN,
)

_MAX_DELAY = MAX_DELAY_MS / 1000
_MAX_TIMEOUT = MAX_TIMEOUT_MS / 1000
_MAX_ATTEMPTS = 32_767


class JobBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One job to store."""

    task: Annotated[str, Meta(description="Name of the task", min_length=1, max_length=MAX_NAME_LENGTH)]
    args: Annotated[dict[str, Any], Meta(description="Arguments of the task, by name")] = {}
    queue: Annotated[str | None, Meta(description="Queue; default: the queue of the task")] = None
    priority: Annotated[
        Annotated[int, Meta(ge=PRIORITY_MIN, le=PRIORITY_MAX)] | None,
        Meta(description="A lower value runs sooner; queues of equal priority take turns. Default: 0"),
    ] = None
    delay: Annotated[
        Annotated[float, Meta(ge=0, le=_MAX_DELAY)] | None, Meta(description="Seconds until the job is due")
    ] = None
    run_at: Annotated[
        Annotated[datetime, Meta(tz=True)] | None, Meta(description="Time at which the job is due; excludes delay")
    ] = None
    max_attempts: Annotated[
        Annotated[int, Meta(ge=1, le=_MAX_ATTEMPTS)] | None, Meta(description="Maximum attempts per round")
    ] = None
    timeout: Annotated[
        Annotated[float, Meta(gt=0, le=_MAX_TIMEOUT)] | None, Meta(description="Time limit of one attempt, in seconds")
    ] = None
    expires_in: Annotated[
        Annotated[float, Meta(gt=0, le=_MAX_DELAY)] | None,
        Meta(description="Seconds after which the job is cancelled if it has not started"),
    ] = None
    unique_key: Annotated[
        Annotated[str, Meta(min_length=1, max_length=MAX_KEY_LENGTH)] | None,
        Meta(description="At most one live job holds this key; a further request returns the holder"),
    ] = None
    tags: Annotated[
        list[Annotated[str, Meta(min_length=1, max_length=MAX_TAG_LENGTH)]],
        Meta(max_length=MAX_TAGS, description="Tags to filter jobs by"),
    ] = []
    meta: Annotated[dict[str, Any] | None, Meta(description="Application data stored with the job")] = None


class BulkBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Jobs to store together: all or none."""

    jobs: Annotated[list[JobBody], Meta(min_length=1, max_length=MAX_BULK)]
