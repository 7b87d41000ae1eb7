"""The audit: what operators did."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from litestar import Request, get
from litestar.params import QueryParameter

from taskflowmq.client.audit import MAX_WANTED, audit_query
from taskflowmq.core.errors import InvalidJob
from taskflowmq.core.filters import MAX_PAGE
from taskflowmq.server.api.services import Shared
from taskflowmq.server.edge.problems import bad_parameter
from taskflowmq.server.edge.request_context import context_of
from taskflowmq.wire.audit import AuditList, audit_out

Actor = Annotated[str | None, QueryParameter(description="Return only acts of this actor", max_length=MAX_WANTED)]
Action = Annotated[
    str | None, QueryParameter(description="Return only acts of this kind, as `job.retry`", max_length=MAX_WANTED)
]
Object = Annotated[
    str | None,
    QueryParameter(
        name="object", description="Return only acts on this object, as `queue:mail`", max_length=MAX_WANTED
    ),
]
After = Annotated[datetime | None, QueryParameter(description="Return only acts at or after this time")]
Before = Annotated[datetime | None, QueryParameter(description="Return only acts before this time")]
Limit = Annotated[int, QueryParameter(ge=1, le=MAX_PAGE, description="Maximum number of acts in this page")]
Cursor = Annotated[int | None, QueryParameter(ge=1, le=2**63 - 1, description="The `next` of the previous page")]


@get("/audit", operation_id="listAudit", summary="List acts of operators", tags=["audit"])
async def list_acts(
    request: Request[Any, Any, Any],
    services: Shared,
    actor: Actor = None,
    action: Action = None,
    wanted: Object = None,
    after: After = None,
    before: Before = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> AuditList:
    """Return what operators did over REST, on the command line and in Python, newest first.

    An act and its row are committed together. Jobs that programs enqueue do not appear. Acts are kept for a year unless
    the operator set otherwise.
    """
    tenant = context_of(request.scope).tenant
    try:
        query = audit_query(tenant, actor=actor, action=action, object=wanted, after=after, before=before)
    except InvalidJob as error:
        wrong = error.errors[0]
        raise bad_parameter(wrong.pointer.removeprefix("/"), wrong.detail) from error
    return audit_out(await services.session.asked.audit.list_acts(query, limit=limit, below=cursor))
