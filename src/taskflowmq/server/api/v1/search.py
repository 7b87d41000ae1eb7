"""Search: what a filter of jobs may be completed with."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from litestar import Request, get
from litestar.params import QueryParameter

from taskflowmq.core.permissions import Permission
from taskflowmq.core.suggest import MAX_PREFIX, MAX_SUGGESTED, SuggestField, fitting
from taskflowmq.server.api.services import Shared
from taskflowmq.server.edge.auth import require
from taskflowmq.server.edge.request_context import context_of
from taskflowmq.wire.suggest import SuggestionList, suggestions_out

Wanted = Annotated[
    Literal["queue", "task", "tag", "worker", "error", "args"],
    QueryParameter(name="field", description="Of what values are suggested"),
]
Prefix = Annotated[
    str,
    QueryParameter(description="What was typed; values that begin with it come first", max_length=MAX_PREFIX),
]
Limit = Annotated[int, QueryParameter(ge=1, le=MAX_SUGGESTED, description="Maximum number of values")]

#: Names of errors and paths of arguments are payload.
_NEEDED: dict[SuggestField, Permission] = {
    SuggestField.QUEUE: "queues:read",
    SuggestField.WORKER: "workers:read",
    SuggestField.ERROR: "payload:read",
    SuggestField.ARGS: "payload:read",
}


@get("/search/suggest", operation_id="suggestValues", summary="Suggest values of a filter", tags=["jobs"])
async def suggest(
    request: Request[Any, Any, Any], services: Shared, wanted: Wanted, prefix: Prefix = "", limit: Limit = 20
) -> SuggestionList:
    """Return values of a key of filters: names of queues, tasks, tags, workers and errors, and paths of arguments.

    Tags and paths are those of the newest jobs. What was read is kept for a hundred times as long as reading it took,
    between five seconds and five minutes. Names of errors and paths of arguments require the permission payload:read.
    """
    context, field = context_of(request.scope), SuggestField(wanted)
    require(context.principal, _NEEDED.get(field, "jobs:read"))
    values = await services.session.suggestions.values(context.tenant, field)
    items, more = fitting(values, prefix, limit)
    return suggestions_out(field, values, items, more=more)
