"""What a visitor of a public demonstration enqueues, in JSON."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta


class DemoJobOut(msgspec.Struct, kw_only=True):
    """A job that a visitor has enqueued."""

    id: UUID
    task: str
    left: Annotated[int, Meta(description="How many more this address may enqueue in this hour")]
