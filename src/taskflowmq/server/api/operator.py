"""Who acts in a request, for the audit."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request
from litestar.params import QueryParameter

from taskflowmq.core.audit import Caller, Via
from taskflowmq.core.reasons import MAX_REASON, check_reason
from taskflowmq.server.edge.body import decode_body
from taskflowmq.server.edge.request_context import context_of
from taskflowmq.wire.audit import ReasonBody

#: Of an act without a body.
ReasonText = Annotated[
    str | None,
    QueryParameter(description="Why, on one line; kept in the audit. Servers may require it", max_length=MAX_REASON),
]


def operator_of(request: Request[Any, Any, Any], reason: str | None, *, keeps_view: bool = False) -> Caller:
    """Return who acts in a request.

    Args:
        request: the request.
        reason: why, as the request gives it.
        keeps_view: whether the act only keeps a view of a list, which needs no reason.

    Raises:
        InvalidJob: the reason is missing though this server requires one, or is no single line.
    """
    context = context_of(request.scope)
    return Caller(
        actor=context.actor,
        via=Via.REST,
        tenant=context.tenant,
        role=context.principal.role,
        reason=check_reason("/reason", reason, required=context.requires_reason and not keeps_view),
        request_id=context.request_id,
    )


def told(request: Request[Any, Any, Any], body: bytes) -> Caller:
    """Return who acts in a request whose body, which may be left out, is a reason at most.

    Raises:
        InvalidJob, Problem: the body is wrong.
    """
    return operator_of(request, None if not body.strip() else decode_body(ReasonBody, body).reason)
