"""Another time for a job, for Python and REST alike."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from taskflowmq.client.session import Session
from taskflowmq.core.audit import Caller
from taskflowmq.core.directives import Duration, to_ms
from taskflowmq.core.errors import InvalidJob
from taskflowmq.core.operations import NewTime, RescheduleAnswer, check, check_expiry, not_found
from taskflowmq.core.validation import check_time


def new_time(run_at: datetime | None, delay: Duration | None, *, below: str = "") -> NewTime:
    """Return when a job is to run, of which one is given: a time or a delay.

    Args:
        run_at: the time.
        delay: seconds from now.
        below: where the request has them, as a pointer.

    Raises:
        InvalidJob: none or both are given, or the one is wrong.
    """
    if (run_at is None) == (delay is None):
        raise InvalidJob.at(f"{below}/run_at", "either this or delay is required, not both")
    return (
        NewTime(check_time(f"{below}/run_at", run_at))
        if delay is None
        else NewTime(delay_ms=to_ms(delay, f"{below}/delay"))
    )


async def check_due(session: Session, tenant: str, job_id: UUID, wanted: NewTime) -> None:
    """Return if a job does not expire before a new time.

    Raises:
        JobNotFound: there is none.
        InvalidJob: it does.
    """
    view = await session.asked.jobs.get(tenant, job_id)
    if view is None:
        raise not_found(job_id)
    if view.expires_at is not None and not view.state.final:
        check_expiry(wanted.on(await session.asked.history.now()), view.expires_at)


async def reschedule(session: Session, tenant: str, job_id: UUID, wanted: NewTime, by: Caller) -> RescheduleAnswer:
    """Make a job wait for another time.

    Raises:
        JobNotFound: there is none.
        NotWaiting: it runs or has ended.
        InvalidJob: it expires before the time.
    """
    await check_due(session, tenant, job_id, wanted)
    answer = await session.asked.jobs.reschedule(tenant, job_id, wanted, by=by)
    check(answer, job_id)
    return answer
