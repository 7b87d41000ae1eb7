"""A session in JSON: who calls the API, and what it may do."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from taskflowmq.core.permissions import Permission, Role
from taskflowmq.wire.kinds import Time

#: Longer than any key.
MAX_KEY = 512


class SessionBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The request of a sign-in."""

    api_key: Annotated[str, Meta(min_length=1, max_length=MAX_KEY)]


class SessionOut(msgspec.Struct, frozen=True, kw_only=True):
    """Who calls, and what it may do."""

    actor: Annotated[str, Meta(description="Name of the caller in records")]
    role: Role
    permissions: Annotated[list[Permission], Meta(description="What the role permits")]
    tenant: Annotated[str, Meta(description="Tenant whose jobs, queues and tasks it sees")]
    expires_at: Annotated[Time | None, Meta(description="When the session ends; null without a session")]
