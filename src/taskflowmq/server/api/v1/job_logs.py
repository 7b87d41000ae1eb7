"""What a job has logged: a page of lines, or all of them as a file."""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast
from uuid import UUID

import msgspec
from litestar import Request, Response, get
from litestar.params import FromPath, QueryParameter

from taskflowmq.core.job_logs import MAX_LINES, Level, LogCursor, LogQuery, read_cursor
from taskflowmq.server.api.services import Services, Shared, parse_id
from taskflowmq.server.edge.problems import bad_parameter
from taskflowmq.server.edge.request_context import context_of
from taskflowmq.wire.job_log import LogsOut, heading, line_text, logs_out, missing, text_name

#: Characters of a file; a longer one ends with a line that says so.
MAX_TEXT = 32_000_000

After = Annotated[
    str | None, QueryParameter(description="Return lines behind this place: `next` of an earlier answer", max_length=40)
]
Least = Annotated[
    Literal["debug", "info", "warning", "error", "critical"],
    QueryParameter(description="Return only lines of this level or above"),
]
Text = Annotated[
    str | None,
    QueryParameter(
        name="q",
        description="Return only lines that contain this text, upper or lower case, in the message or the fields",
        min_length=1,
        max_length=500,
    ),
]
Attempt = Annotated[int | None, QueryParameter(ge=1, le=2**31 - 1, description="Return only lines of this attempt")]
Round = Annotated[
    int | None, QueryParameter(name="round", ge=1, le=2**31 - 1, description="Return only lines of this round")
]
Limit = Annotated[int, QueryParameter(ge=1, le=MAX_LINES, description="Maximum number of lines in this answer")]
Format = Annotated[
    Literal["json", "text"],
    QueryParameter(
        name="format",
        description="`text`: return all lines that fit as a file, without colours; `after` and `limit` are ignored",
    ),
]


@get("/jobs/{job_id:str}/logs", operation_id="jobLogs", summary="Read the log of a job", tags=["jobs"])
async def logs(
    job_id: FromPath[str],
    request: Request[Any, Any, Any],
    services: Shared,
    after: After = None,
    level: Least = "debug",
    text: Text = None,
    attempt: Attempt = None,
    round_no: Round = None,
    limit: Limit = 200,
    shape: Format = "json",
) -> Response[LogsOut]:
    """Return lines that a job has logged, oldest first, of all attempts that keep theirs.

    Lines of an attempt that runs appear once it has run for two seconds. `dropped` counts lines above the limits of an
    attempt or a process.
    """
    tenant = context_of(request.scope).tenant
    view = await services.job(tenant, parse_id(job_id))
    place = _place(after)
    query = LogQuery(after=place, level=Level(level).number, text=text, attempt=attempt, round=round_no, limit=limit)
    if shape == "text":
        file = await _text(services, tenant, view.id, msgspec.structs.replace(query, after=None, limit=MAX_LINES))
        headers = {"Content-Disposition": f'attachment; filename="{text_name(view.id)}"'}
        return Response(cast(Any, file), media_type="text/plain", headers=headers)
    page = await services.session.seen.logs.read(tenant, view.id, query)
    return Response(logs_out(page, place))


def _place(after: str | None) -> LogCursor | None:
    try:
        return None if after is None else read_cursor(after)
    except ValueError as error:
        raise bad_parameter("after", str(error)) from None


async def _text(services: Services, tenant: str, job_id: UUID, query: LogQuery) -> str:
    parts: list[str] = []
    weight, before, whole = 0, None, query.level <= Level.DEBUG.number and query.text is None
    while weight < MAX_TEXT:
        page = await services.session.seen.logs.read(tenant, job_id, query, counts=False)
        for line in page.items:
            parts += filter(None, [heading(line, before)])
            if whole and (gone := missing(line, before)):
                parts.append(f"... {gone} lines are not stored")
            parts.append(line_text(line))
            weight += len(parts[-1])
            before = line
        if page.next is None:
            return "".join(f"{part}\n" for part in parts)
        query = msgspec.structs.replace(query, after=page.next)
    parts.append("... the file ends here; read single attempts with ?attempt=")
    return "".join(f"{part}\n" for part in parts)
