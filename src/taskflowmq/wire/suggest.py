"""Suggestions for a filter of jobs in JSON."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from taskflowmq.core.suggest import SuggestCount, SuggestField, Value, Values


class SuggestionOut(msgspec.Struct, kw_only=True):
    """A value that a filter may have."""

    value: Annotated[str, Meta(description="As a filter has it, without quotes; of `args` a path, as `args.user.id`")]
    count: Annotated[int, Meta(description="See `counted`")]
    hint: Annotated[str | None, Meta(description="Of a worker: its host and process")]


class SuggestionList(msgspec.Struct, kw_only=True):
    """Values of a field that fit what was typed."""

    field: SuggestField
    items: list[SuggestionOut]
    counted: Annotated[SuggestCount, Meta(description="What `count` counts; `newest_jobs`: of those examined")]
    looked_at: Annotated[int | None, Meta(description="Number of examined jobs; null: values do not come from jobs")]
    more: Annotated[bool, Meta(description="True if further values fit")]


def suggestions_out(field: SuggestField, values: Values, items: list[Value], *, more: bool) -> SuggestionList:
    """Return the answer for a field."""
    return SuggestionList(
        field=field,
        items=[SuggestionOut(value=one.value, count=one.number, hint=one.hint) for one in items],
        counted=values.counted,
        looked_at=values.looked_at,
        more=more,
    )
