"""``app.audit``: what operators did."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from taskflowmq.client.hub import Hub
from taskflowmq.client.session import Session
from taskflowmq.client.sync import sync_twin
from taskflowmq.core.audit import AuditPage, AuditQuery
from taskflowmq.core.errors import InvalidJob
from taskflowmq.core.filters import MAX_PAGE
from taskflowmq.core.validation import check_int, check_text, check_time

#: Characters of a wanted actor, action or object.
MAX_WANTED = 600


def audit_query(
    tenant: str,
    *,
    actor: str | None = None,
    action: str | None = None,
    object: str | None = None,  # noqa: A002 - its name everywhere
    after: datetime | None = None,
    before: datetime | None = None,
) -> AuditQuery:
    """Return which acts are asked for.

    Raises:
        InvalidJob: an argument is wrong; names it.
    """
    texts: dict[str, Any] = {
        name: None if text is None else check_text(f"/{name}", text, MAX_WANTED)
        for name, text in (("actor", actor), ("action", action), ("object", object))
    }
    times: dict[str, Any] = {
        name: None if at is None else check_time(f"/{name}", at) for name, at in (("after", after), ("before", before))
    }
    if after is not None and before is not None and before <= after:
        raise InvalidJob.at("/before", "must be later than after")
    return AuditQuery(tenant=tenant, **texts, **times)


class AuditLog:
    """The acts of operators in an app's tenant."""

    def __init__(self, hub: Hub[Session], tenant: str) -> None:
        self._hub = hub
        self._tenant = tenant

    async def alist(
        self,
        *,
        actor: str | None = None,
        action: str | None = None,
        object: str | None = None,  # noqa: A002 - its name everywhere
        after: datetime | None = None,
        before: datetime | None = None,
        limit: int = 100,
        below: int | None = None,
    ) -> AuditPage:
        """Return acts, newest first; continue with ``below=page.next`` until that is None.

        Args:
            actor: only acts of this operator.
            action: only acts of this kind, as ``"job.retry"``.
            object: only acts on this object, as ``"job:<id>"`` or ``"queue:mail"``.
            after: aware datetime; only acts at or after it.
            before: aware datetime; only acts before it.
            limit: most acts on the page, 1…1,000.
            below: where the page before this one ended.

        Raises:
            InvalidJob: an argument is wrong.
        """
        query = audit_query(self._tenant, actor=actor, action=action, object=object, after=after, before=before)
        check_int("/limit", limit, 1, MAX_PAGE)
        return await self._hub.call(lambda session: session.asked.audit.list_acts(query, limit=limit, below=below))

    list = sync_twin(alist)
