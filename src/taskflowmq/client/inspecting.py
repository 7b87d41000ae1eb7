"""Asking the worker of a running job for its stack or a profile, for ``app.jobs`` and REST alike."""

from __future__ import annotations

from uuid import UUID, uuid4

from taskflowmq.client.session import Session
from taskflowmq.core.audit import Caller
from taskflowmq.core.inspection import (
    LAST_ANSWER_S,
    Inspection,
    InspectionKind,
    InspectionState,
    NewInspection,
    accepted,
)
from taskflowmq.core.operations import not_found

#: Seconds between two looks for an answer.
POLL_S = 0.25


class Looks:
    """Whether to look again for the answer of one request, every :data:`POLL_S` seconds."""

    def __init__(self) -> None:
        self._last = round(LAST_ANSWER_S / POLL_S)

    def go_on(self, found: Inspection) -> bool:
        """Tell whether there may still be an answer."""
        if found.state is InspectionState.ENDED and found.kind is InspectionKind.PROFILE:
            self._last -= 1
            return self._last >= 0
        return found.state is InspectionState.WAITING


async def inspect(
    session: Session, tenant: str, job_id: UUID, kind: InspectionKind, seconds: int, by: Caller
) -> Inspection:
    """Store a request for the worker of a job, or return the one that waits already.

    Args:
        session: of the app.
        tenant, job_id: the job.
        kind: what is asked.
        seconds: how long a profile looks, checked; 0 for a stack.
        by: who asks.

    Raises:
        JobNotFound: there is no such job.
        NotRunning: it does not run.
    """
    new = NewInspection(id=uuid4(), kind=kind, seconds=seconds)
    found = await session.asked.inspections.ask(tenant, job_id, new, by=by)
    if found is None and await session.asked.jobs.get(tenant, job_id) is None:
        raise not_found(job_id)
    return accepted(found, job_id, kind)
