"""Stacks and profiles of running jobs, in JSON."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from taskflowmq.core.inspection import (
    DEFAULT_SECONDS,
    MAX_SECONDS,
    MIN_SECONDS,
    BodyKind,
    Inspection,
    InspectionKind,
    InspectionState,
    ProfileAnswer,
    StackAnswer,
    sentence_of,
)
from taskflowmq.wire.audit import Reason
from taskflowmq.wire.kinds import Id, Time


class ProfileBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The body of POST /jobs/{job_id}/profile."""

    seconds: Annotated[int, Meta(ge=MIN_SECONDS, le=MAX_SECONDS, description="How long to look")] = DEFAULT_SECONDS
    reason: Reason = None


class FrameOut(msgspec.Struct, kw_only=True):
    """A call; no values of variables are read."""

    file: str
    line: Annotated[int, Meta(description="The line that runs; in a profile, where the function begins")]
    function: Annotated[str, Meta(description="Qualified name")]
    code: Annotated[str | None, Meta(description="The source line; null: not read, or not available")]


class CallStackOut(msgspec.Struct, kw_only=True):
    """The calls of one task or thread."""

    name: Annotated[str, Meta(description="Name of the task or the thread")]
    kind: Literal["task", "thread"]
    waits: Annotated[bool, Meta(description="Whether it waits for an await; false: it runs")]
    frames: Annotated[
        list[FrameOut], Meta(description="At most 100, outermost first: the most recent call is the last")
    ]
    left_out: Annotated[int, Meta(description="Frames that are left out after the first 20")]


class BodyOut(msgspec.Struct, kw_only=True):
    """Where and how the body of a job runs."""

    host: str
    pid: Annotated[int, Meta(description="Process that runs the body")]
    body: Annotated[BodyKind, Meta(description="What runs the body")]
    age: Annotated[float | None, Meta(description="Seconds since the body began; null: it has not begun")]
    rss: Annotated[int | None, Meta(description="Resident memory of the process in bytes; null: not known")]
    cpu_seconds: Annotated[float | None, Meta(description="Processor time of the process; null: not known")]
    note: Annotated[str | None, Meta(description="What keeps the answer from being complete")]


class StackAnswerOut(BodyOut, kw_only=True):
    """Where the body of a job is."""

    stacks: Annotated[
        list[CallStackOut], Meta(description="The body's, then those of the tasks that it waits for, at most 8")
    ]


class PathOut(msgspec.Struct, kw_only=True):
    """Calls that were seen together."""

    frames: Annotated[list[int], Meta(description="Indexes of `frames`, outermost first")]
    samples: int
    waits: Annotated[bool, Meta(description="Whether the body waited for an await there")]


class ProfileAnswerOut(BodyOut, kw_only=True):
    """Where the time of a job goes: time on the clock, so that waiting is seen as well."""

    seconds: Annotated[float, Meta(description="How long it was looked at; less than requested if the job ended")]
    samples: int
    interval_ms: Annotated[float, Meta(description="Average time between two samples")]
    overhead: Annotated[float, Meta(description="Share of the time that sampling itself used a processor")]
    frames: list[FrameOut]
    paths: Annotated[list[PathOut], Meta(description="At most 2,000, most samples first")]
    left_out: Annotated[int, Meta(description="Samples of further paths")]
    ended: Annotated[bool, Meta(description="Whether the job ended before the time was over")]


class InspectionOut(msgspec.Struct, kw_only=True):
    """A request to the worker of a running job."""

    id: UUID
    job_id: UUID
    state: Annotated[
        InspectionState,
        Meta(description="All but `waiting` are final; of a profile, `ended` may become `answered` within 2 seconds"),
    ]
    detail: Annotated[str, Meta(description="The same in a sentence")]
    asked_at: Time
    asked_by: str
    worker: Annotated[Id, Meta(description="Worker of the job at the time of the request")]
    answered_at: Time | None


class StackOut(InspectionOut, kw_only=True):
    """A request for the stack of a running job."""

    answer: StackAnswerOut | None


class ProfileOut(InspectionOut, kw_only=True):
    """A request for a profile of a running job."""

    seconds: Annotated[int, Meta(description="How long to look")]
    answer: ProfileAnswerOut | None


class InspectionNews(msgspec.Struct, kw_only=True):
    """A request in event ``job``; its answer is read by its own route, with the permission that this needs."""

    id: UUID
    kind: InspectionKind
    state: InspectionState


def stack_out(found: Inspection) -> StackOut:
    """Return a request for a stack."""
    answer = found.stack
    return StackOut(**_common(found), answer=None if answer is None else stack_answer_out(answer))


def profile_out(found: Inspection) -> ProfileOut:
    """Return a request for a profile."""
    answer = found.profile
    return ProfileOut(
        **_common(found), seconds=found.seconds, answer=None if answer is None else _profile_answer(answer)
    )


def stack_answer_out(answer: StackAnswer) -> StackAnswerOut:
    """Return the answer of a stack."""
    return msgspec.convert(answer, StackAnswerOut, from_attributes=True)


def news_of(found: Inspection) -> InspectionNews:
    """Return a request as the live feed tells it."""
    return InspectionNews(id=found.id, kind=found.kind, state=found.state)


def _profile_answer(answer: ProfileAnswer) -> ProfileAnswerOut:
    paths = [PathOut(frames=list(one.frames), samples=one.samples, waits=one.waits) for one in answer.paths]
    fields = {name: getattr(answer, name) for name in ProfileAnswerOut.__struct_fields__ if name != "paths"}
    frames = [msgspec.convert(one, FrameOut, from_attributes=True) for one in answer.frames]
    return ProfileAnswerOut(**{**fields, "frames": frames}, paths=paths)


def _common(found: Inspection) -> dict[str, Any]:
    return {
        "id": found.id,
        "job_id": found.job_id,
        "state": found.state,
        "detail": sentence_of(found),
        "asked_at": found.asked_at,
        "asked_by": found.asked_by,
        "worker": str(found.worker_id),
        "answered_at": found.answered_at,
    }
