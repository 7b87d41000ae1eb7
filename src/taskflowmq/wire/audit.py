"""The audit in JSON, and the reason that every act of an operator may have."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from taskflowmq.core.audit import AuditEntry, AuditPage, Via
from taskflowmq.core.reasons import MAX_REASON
from taskflowmq.wire.kinds import Object, Time

Reason = Annotated[
    Annotated[str, Meta(max_length=MAX_REASON)] | None,
    Meta(description="Why, on one line without control characters; kept in the audit. Servers may require it"),
]


class ReasonBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The request of an act that needs no more; it may be left out."""

    reason: Reason = None


class ActOut(msgspec.Struct, kw_only=True):
    """An act of an operator."""

    seq: Annotated[int, Meta(description="Number of the act; increases")]
    at: Time
    actor: Annotated[str, Meta(description="Label of the API key, `local`, or a user of the command line")]
    role: Annotated[str | None, Meta(description="Role that permitted it; null where there are no roles")]
    via: Via
    action: Annotated[str, Meta(description="What was done, as `job.retry`")]
    object: Annotated[str, Meta(description="To what: kind and name, as `queue:mail`")]
    query: Annotated[str | None, Meta(description="Filter that chose the objects, if one did")]
    count: Annotated[int | None, Meta(description="Number of objects, if that is not one")]
    reason: str | None
    request_id: Annotated[str | None, Meta(description="`X-Request-ID` of the request over REST")]
    before: Annotated[Object | None, Meta(description="What it was like before, as far as the act changed it")]
    after: Annotated[Object | None, Meta(description="What it was like afterwards")]


class AuditList(msgspec.Struct, kw_only=True):
    """Acts, newest first."""

    items: list[ActOut]
    next: Annotated[int | None, Meta(description="Pass it as ?cursor= to continue; null: the list has ended")]


def act_out(entry: AuditEntry) -> ActOut:
    """Return the answer of an act."""
    act, by = entry.act, entry.act.by
    return ActOut(
        seq=entry.id,
        at=entry.at,
        actor=by.actor,
        role=by.role,
        via=by.via,
        action=act.action,
        object=act.object,
        query=act.query,
        count=act.count,
        reason=by.reason,
        request_id=by.request_id,
        before=None if act.before is None else dict(act.before),
        after=None if act.after is None else dict(act.after),
    )


def audit_out(page: AuditPage) -> AuditList:
    """Return the answer of a page of the audit."""
    return AuditList(items=[act_out(entry) for entry in page.items], next=page.next)
