"""Operations on several jobs in JSON."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from taskflowmq.core.operations import MOST_SELECTED
from taskflowmq.wire.audit import Reason


class SelectionBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The jobs of one operation."""

    ids: Annotated[list[UUID], Meta(min_length=1, max_length=MOST_SELECTED, description="Ids of the jobs, none twice")]
    reason: Reason = None


class DoneOut(msgspec.Struct, kw_only=True):
    """What became of one job."""

    id: UUID
    ok: Annotated[bool, Meta(description="Whether it was done")]
    answer: Annotated[
        str | None,
        Meta(
            description="What was done: new_round, due_now, cancelled, requested (the worker will stop it) or deleted"
        ),
    ]
    code: Annotated[str | None, Meta(description="Why it was not done, as the `code` of a problem")]
    detail: Annotated[str | None, Meta(description="Why it was not done, as a sentence")]


class SelectionOut(msgspec.Struct, kw_only=True):
    """What became of each job, in request order."""

    items: list[DoneOut]
