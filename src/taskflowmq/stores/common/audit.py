"""The audit, as far as both engines do the same: what a row holds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from taskflowmq.core.audit import (
    Act,
    Action,
    AuditEntry,
    AuditPage,
    Caller,
    bulk_object,
    error_object,
    job_object,
    queue_object,
    view_object,
    worker_object,
)
from taskflowmq.core.bulk import BulkAction, BulkState, NewBulk, Params
from taskflowmq.core.error_groups import GroupState
from taskflowmq.core.inspection import InspectionKind, NewInspection
from taskflowmq.core.job import State
from taskflowmq.core.operations import Answer, LaneName, Move, MoveAnswer
from taskflowmq.core.pauses import Pause
from taskflowmq.core.retention import QueueRetention
from taskflowmq.core.views import ViewContent
from taskflowmq.core.workers import Command

#: Moves of jobs by hand, as acts.
_ACTIONS = {
    Move.CANCEL_READY: Action.JOB_CANCEL,
    Move.CANCEL_WAITING: Action.JOB_CANCEL,
    Move.REQUEST_CANCEL: Action.JOB_CANCEL,
    Move.BEGIN_ROUND: Action.JOB_RETRY,
    Move.MAKE_DUE: Action.JOB_RETRY,
    Move.PARK: Action.JOB_RESCHEDULE,
    Move.SET_DUE: Action.JOB_RESCHEDULE,
    Move.DELETE: Action.JOB_DELETE,
}
_BULKS = {
    BulkAction.RETRY: Action.BULK_RETRY,
    BulkAction.CANCEL: Action.BULK_CANCEL,
    BulkAction.DELETE: Action.BULK_DELETE,
    BulkAction.PURGE: Action.BULK_PURGE,
    BulkAction.RESCHEDULE: Action.BULK_RESCHEDULE,
    BulkAction.MOVE: Action.BULK_MOVE,
}
_INSPECTIONS = {
    InspectionKind.STACK: Action.JOB_STACK,
    InspectionKind.PROFILE: Action.JOB_PROFILE,
}
_MARKS = {
    GroupState.OPEN: Action.ERROR_REOPEN,
    GroupState.RESOLVED: Action.ERROR_RESOLVE,
    GroupState.MUTED: Action.ERROR_MUTE,
}
_COMMANDS = {
    Command.DRAIN: Action.WORKER_DRAIN,
    Command.STOP: Action.WORKER_STOP,
    None: Action.WORKER_RESUME,
}


class ActRow(NamedTuple):
    """What is stored of an act. The columns by which rows are found are ASCII, which every database can hold."""

    tenant: str
    actor: str
    action: str
    object: str
    #: The act as JSON in ASCII.
    details: str


def act_row(act: Act) -> ActRow:
    """Return what is stored of an act."""
    details = json.dumps(msgspec.to_builtins(act), separators=(",", ":"))
    return ActRow(act.by.tenant, ascii_text(act.by.actor), ascii_text(act.action), ascii_text(act.object), details)


def ascii_text(text: str) -> str:
    """Return a text as it stands in the columns of a row."""
    return text.encode("ascii", "backslashreplace").decode()


def maybe_ascii(text: str | None) -> str | None:
    """Return a wanted text as it stands in a column, None for any."""
    return None if text is None else ascii_text(text)


def page_of(rows: Iterable[tuple[int, datetime, str]], limit: int) -> AuditPage:
    """Return a page of rows (number, time, details), of which there may be one more than the limit."""
    found = [AuditEntry(id=number, at=at, act=msgspec.json.decode(text, type=Act)) for number, at, text in rows]
    return AuditPage(found[:limit], found[limit - 1].id if len(found) > limit else None)


def job_act(
    move: Move, job_id: Any, queue: str, state: State, answer: Answer, by: Caller, due: datetime | None = None
) -> Act:
    """Return the act of a move of a job by hand; ``due`` is the new time of one that is rescheduled."""
    rescheduled = {} if due is None else {"run_at": due}
    return Act(
        action=_ACTIONS[move] if due is None else Action.JOB_RESCHEDULE,
        object=job_object(job_id),
        by=by,
        before={"state": state, "queue": queue},
        after={"answer": answer, **rescheduled},
    )


def lane_act(job_id: Any, state: State, lanes: tuple[LaneName, LaneName], answer: MoveAnswer, by: Caller) -> Act:
    """Return the act of moving a job by hand, from the first of two lanes to the second."""
    before, after = [{"queue": lane.queue, "priority": lane.priority} for lane in lanes]
    return Act(
        action=Action.JOB_MOVE,
        object=job_object(job_id),
        by=by,
        before={"state": state, **before},
        after={"answer": answer, **after},
    )


def bulk_act(new: NewBulk, by: Caller, params: Params | None) -> Act:
    """Return the act of accepting a bulk operation: with the filter, or with the number of jobs that are named."""
    return Act(
        action=_BULKS[new.action],
        object=bulk_object(new.id),
        by=by,
        query=new.filter,
        count=None if new.filter is not None else len(new.ids),
        after=None if params is None else params.told,
    )


def bulk_end_act(bulk_id: Any, before: BulkState, after: BulkState, by: Caller) -> Act:
    """Return the act of ending a bulk operation by hand."""
    action = Action.BULK_UNDO if after is BulkState.UNDONE else Action.BULK_STOP
    return Act(action=action, object=bulk_object(bulk_id), by=by, before={"state": before}, after={"state": after})


def queue_act(
    action: Action, queue: str, by: Caller, before: Mapping[str, Any] | None, after: Mapping[str, Any]
) -> Act:
    """Return the act of a change of a queue."""
    return Act(action=action, object=queue_object(queue), by=by, before=before, after=after)


def worker_act(worker_id: Any, wanted: Command | None, by: Caller, before: Command | None) -> Act:
    """Return the act of a command to a worker."""
    return Act(
        action=_COMMANDS[wanted],
        object=worker_object(worker_id),
        by=by,
        before={"command": before},
        after={"command": wanted},
    )


def queue_before(pause: Pause | None, retention: QueueRetention) -> dict[str, Any]:
    """Return what acts change of a queue, as it is before one of them."""
    paused = None if pause is None else {"since": pause.at, "by": pause.by, "reason": pause.reason}
    return {"paused": paused, "retention": retention}


def error_act(fingerprint: str, state: GroupState, until: datetime | None, by: Caller) -> Act:
    """Return what an operator decided about a group of errors, as an act."""
    after = {"state": state.value} if until is None else {"state": state.value, "until": until}
    return Act(action=_MARKS[state], object=error_object(fingerprint), by=by, after=after)


def inspection_act(job_id: Any, new: NewInspection, by: Caller) -> Act:
    """Return the act of a request for the stack or a profile of a job."""
    after = {"seconds": new.seconds} if new.seconds else None
    return Act(action=_INSPECTIONS[new.kind], object=job_object(job_id), by=by, after=after)


def view_act(
    action: Action, view_id: Any, by: Caller, before: ViewContent | None = None, after: ViewContent | None = None
) -> Act:
    """Return what was done to a saved view, as an act."""
    return Act(action=action, object=view_object(view_id), by=by, before=_content_of(before), after=_content_of(after))


def _content_of(view: ViewContent | None) -> dict[str, Any] | None:
    return None if view is None else {name: getattr(view, name) for name in ViewContent.__struct_fields__}
