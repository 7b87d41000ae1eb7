"""Errors: what fails, by kind, and what operators decide about it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath, QueryParameter, RawBody

from taskflowmq.client.error_groups import find_group, mark_group, sample_of, shown_groups, shown_sample
from taskflowmq.core.audit import Caller
from taskflowmq.core.error_groups import (
    MAX_GROUP_RELEASES,
    MAX_GROUPS,
    MAX_QUERY,
    ErrorGroup,
    GroupPage,
    GroupState,
    check_query,
)
from taskflowmq.core.errors import InvalidJob
from taskflowmq.core.validation import MAX_NAME_LENGTH
from taskflowmq.server.api.operator import operator_of, told
from taskflowmq.server.api.services import Services, Shared
from taskflowmq.server.edge.body import decode_body
from taskflowmq.server.edge.problems import bad_parameter
from taskflowmq.server.edge.request_context import context_of
from taskflowmq.wire.error_group import (
    ErrorGroupDetail,
    ErrorGroupList,
    ErrorGroupOut,
    MuteBody,
    detail_out,
    group_out,
    list_out,
    read_cursor,
)

TAGS = ["errors"]

States = Annotated[
    Literal["open", "resolved", "muted"] | None, QueryParameter(name="state", description="Only groups in this state")
]
Text = Annotated[
    str | None,
    QueryParameter(description="Part of the type, message or task; ASCII letters in any case", max_length=MAX_QUERY),
]
Task = Annotated[str | None, QueryParameter(description="Only groups of this task", max_length=MAX_NAME_LENGTH)]
Order = Annotated[
    Literal["last", "first", "count"],
    QueryParameter(description="Order: when they occurred last or first, or how often; the largest value first"),
]
Limit = Annotated[
    int,
    QueryParameter(ge=0, le=MAX_GROUPS, description="Maximum number of groups in this page; 0: only `counts` are read"),
]
Cursor = Annotated[str | None, QueryParameter(description="The `next` of the previous page", max_length=40)]


@get("/errors", operation_id="listErrors", summary="List groups of errors", tags=TAGS)
async def list_errors(
    request: Request[Any, Any, Any],
    services: Shared,
    wanted: States = None,
    q: Text = None,
    task: Task = None,
    sort: Order = "last",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> ErrorGroupList:
    """Return failed attempts by kind. Failures of the last ten seconds may be missing.

    Of one kind are failures of one task with the same exception type, the same calls of the program itself, and the
    same message apart from numbers, ids, paths, times and quoted text. Jobs that are dead of a kind are listed by
    `GET /jobs?q=error:FINGERPRINT`. A tenant keeps `counts.most` groups: beyond them, those that occurred longest ago
    are deleted, of the tasks with the most groups.
    """
    tenant, errors = context_of(request.scope).tenant, services.session.asked.errors
    try:
        after = None if cursor is None else read_cursor(cursor)
    except ValueError as error:
        raise bad_parameter("cursor", str(error)) from error
    try:
        query = check_query(tenant, wanted, q=q, task=task, sort=sort, limit=limit or 1, after=after)
    except InvalidJob as error:
        field = error.errors[0]
        raise bad_parameter(field.pointer.removeprefix("/"), field.detail) from error
    if limit == 0:
        return list_out(GroupPage([], None), await errors.count(tenant))
    page = await errors.list_groups(query)
    shown = await shown_groups(services.session, tenant, page.items, query.text)
    return list_out(msgspec.structs.replace(page, items=shown), await errors.count(tenant))


@get("/errors/{fingerprint:str}", operation_id="getError", summary="Read a group of errors", tags=TAGS)
async def get_error(fingerprint: FromPath[str], request: Request[Any, Any, Any], services: Shared) -> ErrorGroupDetail:
    """Return a group with a job that failed so, and in which releases it occurred.

    404 `error_group_not_found` also if the group was deleted: it has not occurred for as long as counts are kept, or
    its tenant has more groups than are kept. Jobs that are still dead of it are listed by
    `GET /jobs?q=error:FINGERPRINT`, and it is a new group once it occurs again.
    """
    tenant = context_of(request.scope).tenant
    return await _detail(services, tenant, await find_group(services.session.asked, tenant, fingerprint))


@post(
    "/errors/{fingerprint:str}/resolve",
    operation_id="resolveError",
    summary="Resolve a group of errors",
    tags=TAGS,
    status_code=200,
)
async def resolve(
    fingerprint: FromPath[str], body: RawBody, request: Request[Any, Any, Any], services: Shared
) -> ErrorGroupOut:
    """Mark a group as resolved. It is open again as soon as it occurs again.

    Failures in a release that is older than the newest one whose workers run the task now do not open it for an hour:
    in a rolling deploy, workers of the release before continue to fail.
    """
    return await _mark(services, told(request, body), fingerprint, GroupState.RESOLVED)


@post(
    "/errors/{fingerprint:str}/mute",
    operation_id="muteError",
    summary="Mute a group of errors",
    tags=TAGS,
    status_code=200,
)
async def mute(
    fingerprint: FromPath[str], body: RawBody, request: Request[Any, Any, Any], services: Shared
) -> ErrorGroupOut:
    """Hide a group until a time, whatever occurs; it is counted all the same."""
    given = decode_body(MuteBody, body)
    return await _mark(services, operator_of(request, given.reason), fingerprint, GroupState.MUTED, given.until)


@post(
    "/errors/{fingerprint:str}/reopen",
    operation_id="reopenError",
    summary="Reopen a group of errors",
    tags=TAGS,
    status_code=200,
)
async def reopen(
    fingerprint: FromPath[str], body: RawBody, request: Request[Any, Any, Any], services: Shared
) -> ErrorGroupOut:
    """Open a group that is resolved or muted."""
    return await _mark(services, told(request, body), fingerprint, GroupState.OPEN)


async def _mark(
    services: Services, by: Caller, fingerprint: str, state: GroupState, until: datetime | None = None
) -> ErrorGroupOut:
    found = await mark_group(services.session.asked, by.tenant, fingerprint, state, by=by, until=until)
    return group_out((await shown_groups(services.session, by.tenant, [found]))[0])


async def _detail(services: Services, tenant: str, group: ErrorGroup) -> ErrorGroupDetail:
    (shown,) = await shown_groups(services.session, tenant, [group])
    asked = services.session.asked
    sample = await sample_of(asked, tenant, group)
    releases = await asked.errors.releases(tenant, group.fingerprint, MAX_GROUP_RELEASES)
    return detail_out(shown, await shown_sample(services.session, sample), releases)
