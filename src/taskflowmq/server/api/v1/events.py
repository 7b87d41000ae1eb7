"""The live feed: what an open page shows, as it changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.params import QueryParameter

from taskflowmq.server.api.services import Services, Shared
from taskflowmq.server.api.v1.ids import LONG, read_ids
from taskflowmq.server.api.v1.page_filter import NAME, read_page
from taskflowmq.server.edge.problems import bad_parameter
from taskflowmq.server.edge.request_context import RequestContext, context_of
from taskflowmq.server.feed.response import MEDIA_TYPE, EventStream
from taskflowmq.server.feed.stream import Stream
from taskflowmq.server.feed.wishes import PageWish, Wishes

MOST_IDS, MOST_PAGES, MOST_DETAILS = 120, 4, 4

Counts = Annotated[bool, QueryParameter(description="Follow the answer of `GET /jobs/stats`")]
Queues = Annotated[bool, QueryParameter(description="Follow the answer of `GET /queues`")]
Workers = Annotated[bool, QueryParameter(description="Follow the answer of `GET /workers`")]
Series = Annotated[
    bool, QueryParameter(description="Follow the answer of `GET /stats/series` for this minute and the one before")
]
Operations = Annotated[bool, QueryParameter(description="Follow the first page of `GET /bulk`")]
Ids = Annotated[
    str | None,
    QueryParameter(
        description=f"At most {MOST_IDS} jobs to follow, separated by commas: UUIDs, or their 16 bytes in base64url",
        max_length=MOST_IDS * (LONG + 1),
    ),
]
Details = Annotated[
    str | None,
    QueryParameter(
        description=f"At most {MOST_DETAILS} jobs whose attempts and progress to follow",
        max_length=MOST_DETAILS * (LONG + 1),
    ),
]
Pages = Annotated[
    list[str] | None,
    QueryParameter(
        name="page",
        description="Filter of a list, as the query of `GET /jobs`, URL-encoded; up to four. `top` in it is the newest "
        "id that the client holds, empty if it holds none",
    ),
]


class _Events(Response[str]):
    """A stream, for the framework."""

    def __init__(self, answer: EventStream) -> None:
        super().__init__("", media_type=MEDIA_TYPE)
        self._answer = answer

    def to_asgi_response(self, *_: Any, **__: Any) -> Any:
        """Return the application that answers."""
        return self._answer


@get("/events", operation_id="followEvents", summary="Follow changes", tags=["events"], media_type=MEDIA_TYPE)
async def follow(
    request: Request[Any, Any, Any],
    services: Shared,
    stats: Counts = False,
    queues: Queues = False,
    workers: Workers = False,
    series: Series = False,
    bulk: Operations = False,
    ids: Ids = None,
    pages: Pages = None,
    job: Details = None,
) -> Response[str]:
    """Return a stream of server-sent events: first all that the parameters name, then what changes of it.

    There is nothing to resume: a new stream begins with the present state, at any server process.
    """
    context = context_of(request.scope)
    values = {"stats": stats, "queues": queues, "workers": workers, "series": series, "bulk": bulk}
    wishes = Wishes(
        tenant=context.tenant,
        jobs=read_ids("ids", ids, MOST_IDS),
        pages=_pages(services, context, pages or ()),
        details=read_ids("job", job, MOST_DETAILS),
        values=tuple(name for name, wanted in values.items() if wanted),
    )
    feed = services.feed
    # Browsers that sign in with one key have sessions of their own.
    caller = f"{context.caller} {context.principal.expires_at}"
    stream = Stream(wishes, caller, context.may_stay, feed.limits, feed.now)
    return _Events(EventStream(feed, stream, wants_body=context.wants_body))


def _pages(services: Services, context: RequestContext, given: Sequence[str]) -> tuple[PageWish, ...]:
    if len(given) > MOST_PAGES:
        raise bad_parameter(NAME, f"is given {len(given)} times, at most {MOST_PAGES} are allowed")
    return tuple(read_page(services, context, text) for text in given)
