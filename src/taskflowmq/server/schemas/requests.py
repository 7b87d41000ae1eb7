"""Bodies of requests. Bounds that need the library's own words are checked by the client, the rest by type."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from taskflowmq.core.limits import (
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
    args: Annotated[dict[str, Any], Meta(description="The task's arguments, by name")] = {}
    queue: Annotated[str | None, Meta(description="Queue; the task's own by default")] = None
    priority: Annotated[
        Annotated[int, Meta(ge=PRIORITY_MIN, le=PRIORITY_MAX)] | None,
        Meta(description="Lower runs sooner; queues of equal priority take turns. Default 0"),
    ] = None
    delay: Annotated[
        Annotated[float, Meta(ge=0, le=_MAX_DELAY)] | None, Meta(description="Seconds until the job is due")
    ] = None
    run_at: Annotated[
        Annotated[datetime, Meta(tz=True)] | None, Meta(description="When the job is due; not together with delay")
    ] = None
    max_attempts: Annotated[
        Annotated[int, Meta(ge=1, le=_MAX_ATTEMPTS)] | None, Meta(description="Tries in one round")
    ] = None
    timeout: Annotated[
        Annotated[float, Meta(gt=0, le=_MAX_TIMEOUT)] | None, Meta(description="Seconds that one attempt may run")
    ] = None
    expires_in: Annotated[
        Annotated[float, Meta(gt=0, le=_MAX_DELAY)] | None,
        Meta(description="Seconds after which a job that has not started is cancelled"),
    ] = None
    unique_key: Annotated[
        Annotated[str, Meta(min_length=1, max_length=MAX_KEY_LENGTH)] | None,
        Meta(description="At most one live job holds this key; a second request answers with the holder"),
    ] = None
    tags: Annotated[
        list[Annotated[str, Meta(min_length=1, max_length=MAX_TAG_LENGTH)]],
        Meta(max_length=MAX_TAGS, description="Words to find the job by"),
    ] = []
    meta: Annotated[dict[str, Any] | None, Meta(description="Anything of yours that belongs to the job")] = None


class BulkBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Jobs to store together: all or none."""

    jobs: Annotated[list[JobBody], Meta(min_length=1, max_length=MAX_BULK)]
