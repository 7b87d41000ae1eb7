"""Another queue or priority for a job, for Python and REST alike."""

from __future__ import annotations

from uuid import UUID

from taskflowmq.client.rescheduling import check_due, reschedule
from taskflowmq.client.session import Session
from taskflowmq.core.audit import Caller
from taskflowmq.core.errors import FieldError, InvalidJob
from taskflowmq.core.operations import MoveAnswer, NewLane, NewTime, RescheduleAnswer, check
from taskflowmq.core.validation import PRIORITY_MAX, PRIORITY_MIN, check_int, check_name


def new_lane(queue: str | None, priority: int | None, *, below: str = "") -> NewLane:
    """Return where a job is to wait, of which at least one is given.

    Args:
        queue: the other queue.
        priority: the other priority.
        below: where the request has them, as a pointer.

    Raises:
        InvalidJob: neither is given, or one is wrong.
    """
    if queue is None and priority is None:
        raise InvalidJob.at(f"{below}/queue", "this, priority, or both are required")
    return NewLane(
        None if queue is None else check_name(f"{below}/queue".removeprefix("/"), queue),
        None if priority is None else check_int(f"{below}/priority", priority, PRIORITY_MIN, PRIORITY_MAX),
    )


def nothing_to_change(*names: str) -> InvalidJob:
    """Return the error for a request that changes nothing.

    Args:
        names: of what it can change.
    """
    text = f"nothing to change: give at least one of {', '.join(names)}"
    return InvalidJob(text, (FieldError("", text),))


async def move(
    session: Session, tenant: str, job_id: UUID, lane: NewLane, by: Caller, due: NewTime | None = None
) -> MoveAnswer:
    """Make a job wait in another lane, and for another time if one is given: both or neither.

    Raises:
        JobNotFound: there is none.
        NotWaiting: it runs or has ended.
        InvalidJob: there would be too many queues, or it expires before the time.
    """
    if due is not None:
        await check_due(session, tenant, job_id, due)
    answer = await session.asked.jobs.move(tenant, job_id, lane, wanted=due, by=by)
    check(answer, job_id)
    return answer


async def change(
    session: Session, tenant: str, job_id: UUID, lane: NewLane | None, due: NewTime | None, by: Caller
) -> MoveAnswer | RescheduleAnswer:
    """Give a job that has not started what a request asks for: another lane, another time, or both.

    Raises:
        JobNotFound, NotWaiting, InvalidJob: as :func:`move` and ``reschedule``; nothing has changed.
    """
    if lane is not None:
        return await move(session, tenant, job_id, lane, by, due)
    if due is None:
        raise AssertionError("the request was checked: it changes something")
    return await reschedule(session, tenant, job_id, due, by)
