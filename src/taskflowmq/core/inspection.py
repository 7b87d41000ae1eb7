"""What an operator asks of the process that runs a job: where its body is (stack), or where its time goes (profile).

An inspection is asked of one attempt, under its fence, and there is one of each kind per job: another request while one
waits is the same one, and the next replaces what was answered. Its state follows from what the store holds: no process
has to write that a worker did not answer.

An answer names files, lines, functions and source lines. It holds no value of a variable.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Literal, NamedTuple
from uuid import UUID

import msgspec

from taskflowmq.core.errors import InspectionNotFound, InvalidJob, NotRunning
from taskflowmq.core.redact import redact_head
from taskflowmq.core.validation import clean_text

#: How long a worker may take to answer, beside the time that it is asked to look for: it reads requests about once a
#: second.
PATIENCE_MS = 15_000
#: When a job ends, its worker stores what it has seen for a profile: a moment after the end, and within these seconds.
LAST_ANSWER_S = 2.0
#: How long a body process may take to answer its worker before that answers without it.
BODY_SECONDS = 3.0
#: Of a profile.
MIN_SECONDS, MAX_SECONDS, DEFAULT_SECONDS = 1, 60, 5
#: Of what is kept of an answer.
MAX_STACKS, MAX_FRAMES = 8, 100
#: Of a stack that is longer, the outermost frames that are kept; the rest are the innermost ones.
OUTER_FRAMES = 20
MAX_FILE, MAX_FUNCTION, MAX_CODE, MAX_NAME, MAX_NOTE = 300, 200, 200, 200, 500
#: Of a profile: different stacks, and frames of one. What does not fit is counted.
MAX_PATHS, MAX_DEPTH = 2_000, 100


class InspectionKind(StrEnum):
    """What a worker is to read of its process."""

    STACK = "stack"
    PROFILE = "profile"


class InspectionState(StrEnum):
    """Whether a request was answered. Of a profile, ENDED may become ANSWERED within :data:`LAST_ANSWER_S`."""

    WAITING = "waiting"
    ANSWERED = "answered"
    #: The worker did not answer in time: it is stopped, its event loop is blocked, or it is of an older version.
    NO_ANSWER = "no_answer"
    #: The attempt ended before there was an answer.
    ENDED = "ended"


class BodyKind(StrEnum):
    """What runs a body."""

    COROUTINE = "coroutine"
    THREAD = "thread"
    PROCESS = "process"


class NewInspection(msgspec.Struct, frozen=True, kw_only=True):
    """A request.

    Args:
        id: made by the caller, so that a repeat is the same request.
        kind: what is asked.
        seconds: how long a profile looks; 0 for a stack.
    """

    id: UUID
    kind: InspectionKind
    seconds: int = 0

    @property
    def patience_ms(self) -> int:
        """How long it waits for its answer."""
        return PATIENCE_MS + 1000 * self.seconds


class Question(NamedTuple):
    """A request as the worker of the job reads it."""

    id: UUID
    job_id: UUID
    lease_no: int
    kind: InspectionKind
    seconds: int


class WorkerRequests(NamedTuple):
    """What is wanted of the running jobs of a worker.

    Attributes:
        cancel: those that have a cancel request, in order.
        inspect: requests for stacks and profiles that wait for an answer.
    """

    cancel: list[UUID]
    inspect: list[Question]


class Place(NamedTuple):
    """What a store holds beside a request, from which its state follows.

    Attributes:
        has_answer: whether the worker has answered.
        is_late: whether its time is over.
        is_held: whether the job still runs under the fence of the request.
    """

    has_answer: bool
    is_late: bool
    is_held: bool


class Inspection(msgspec.Struct, frozen=True, kw_only=True):
    """A request as a reader sees it."""

    id: UUID
    job_id: UUID
    kind: InspectionKind
    seconds: int
    state: InspectionState
    asked_at: datetime
    asked_by: str
    worker_id: UUID
    answered_at: datetime | None = None
    #: JSON of a :class:`StackAnswer` or a :class:`ProfileAnswer`; None: there is none, or it was not read.
    raw_answer: bytes | None = None

    @property
    def stack(self) -> StackAnswer | None:
        """The answer of a stack; None before there is one."""
        if self.raw_answer is None or self.kind is not InspectionKind.STACK:
            return None
        return msgspec.json.decode(self.raw_answer, type=StackAnswer)

    @property
    def profile(self) -> ProfileAnswer | None:
        """The answer of a profile; None before there is one."""
        if self.raw_answer is None or self.kind is not InspectionKind.PROFILE:
            return None
        return msgspec.json.decode(self.raw_answer, type=ProfileAnswer)


class Frame(msgspec.Struct, frozen=True):
    """One call: of which function, and where in it the call is.

    Args:
        file: the path of the source.
        line: the line that runs.
        function: the qualified name.
        code: the source line; None if the source cannot be read.
    """

    file: str
    line: int
    function: str
    code: str | None = None


class Stack(msgspec.Struct, frozen=True, kw_only=True):
    """The calls of one task or thread, outermost first.

    Args:
        name: of the task or the thread.
        kind: which of both.
        waits: whether it waits for something instead of running.
        left_out: frames that were left out after the outermost :data:`OUTER_FRAMES`.
    """

    name: str
    kind: Literal["task", "thread"]
    frames: list[Frame]
    waits: bool = False
    left_out: int = 0


class Circumstances(msgspec.Struct, frozen=True, kw_only=True):
    """Where and how a body runs.

    Args:
        host, pid: of the process that runs the body.
        body: what runs it.
        age: seconds since the body began; None: the job waits for a thread or a process.
        rss: resident memory of the process in bytes; None where the system does not say.
        cpu_seconds: processor time of the process since it started.
        note: what keeps the answer from being complete, as a sentence.
    """

    host: str
    pid: int
    body: BodyKind
    age: float | None
    rss: int | None = None
    cpu_seconds: float | None = None
    note: str | None = None


class StackAnswer(Circumstances, frozen=True, kw_only=True):
    """Where a body is: its own stack first, then those of tasks that it waits for."""

    stacks: list[Stack]


class ProfileAnswer(Circumstances, frozen=True, kw_only=True):
    """Where the time of a body goes.

    Args:
        seconds: how long it was looked at; less than asked if the job ended.
        samples: how often.
        interval_ms: between two samples, on average.
        overhead: the share of the time that sampling itself used.
        frames: all that occur; of a frame in a profile, ``line`` is where its function begins.
        paths: how often which calls were seen: numbers of ``frames``, outermost first.
        left_out: samples of calls that did not fit.
        ended: whether the job ended before the time was over.
    """

    seconds: float
    samples: int
    interval_ms: float
    overhead: float
    frames: list[Frame]
    paths: list[Calls]
    left_out: int = 0
    ended: bool = False


class Calls(NamedTuple):
    """Calls that were seen together.

    Attributes:
        frames: numbers of frames, outermost first.
        samples: how often.
        waits: whether the body waited for an await there, so that it used no processor.
    """

    frames: tuple[int, ...]
    samples: int
    waits: bool = False


def state_of(place: Place) -> InspectionState:
    """Return the state of a request."""
    if place.has_answer:
        return InspectionState.ANSWERED
    if not place.is_held:
        return InspectionState.ENDED
    return InspectionState.NO_ANSWER if place.is_late else InspectionState.WAITING


def sentence_of(found: Inspection) -> str:
    """Return the state of a request as a sentence."""
    match found.state:
        case InspectionState.WAITING:
            return "the worker has not answered yet"
        case InspectionState.ANSWERED:
            return "the worker has answered"
        case InspectionState.ENDED:
            return "the attempt ended before the worker answered"
        case InspectionState.NO_ANSWER:
            waited = PATIENCE_MS // 1000 + found.seconds
            why = "it is stopped, its event loop is blocked, or its version is older"
            return f"the worker did not answer within {waited} s: {why}"


def check_seconds(given: object) -> int:
    """Return for how long a profile looks.

    Raises:
        InvalidJob: it is no whole number of seconds, 1…60.
    """
    if isinstance(given, bool) or not isinstance(given, int) or not MIN_SECONDS <= given <= MAX_SECONDS:
        raise InvalidJob.at("/seconds", f"must be a whole number, {MIN_SECONDS}…{MAX_SECONDS}, got {given!r:.80}")
    return given


def accepted(found: Inspection | None, job_id: UUID, kind: InspectionKind) -> Inspection:
    """Return a request that a store accepted.

    Raises:
        NotRunning: it has none, because the job does not run.
    """
    if found is None:
        raise NotRunning(f"job {job_id} does not run: only a job that runs has a {kind}")
    return found


def kept(found: Inspection | None, job_id: UUID, kind: InspectionKind) -> Inspection:
    """Return the last request of a job.

    Raises:
        InspectionNotFound: there is none, or it was made more than an hour ago.
    """
    if found is None:
        raise InspectionNotFound(f"no {kind} of job {job_id} was requested within the last hour: request one")
    return found


def frame_of(file: str, line: int, function: str, code: str | None = None) -> Frame:
    """Return a frame whose parts are cut to their limits; what is written like a secret in a source line is hidden."""
    shown = None if code is None else clean_text(redact_head(code.strip(), MAX_CODE), MAX_CODE)
    return Frame(_tail(file, MAX_FILE), line, clean_text(function, MAX_FUNCTION), shown or None)


def stack_of(
    name: str, kind: Literal["task", "thread"], frames: Sequence[Frame], *, waits: bool = False, left_out: int = 0
) -> Stack:
    """Return a stack of at most :data:`MAX_FRAMES` frames: the outermost ones, and the innermost ones.

    Args:
        name, kind, waits: as of :class:`Stack`.
        frames: outermost first.
        left_out: frames that were not even read, at the same place.
    """
    shown = list(frames)
    if len(shown) > MAX_FRAMES:
        left_out += len(shown) - MAX_FRAMES
        shown = shown[:OUTER_FRAMES] + shown[len(shown) - (MAX_FRAMES - OUTER_FRAMES) :]
    return Stack(name=clean_text(name, MAX_NAME), kind=kind, frames=shown, waits=waits, left_out=left_out)


def checked_stack(data: bytes) -> StackAnswer:
    """Return an answer that came from a process which runs code of handlers, within its limits.

    Raises:
        ValueError: it is none.
    """
    answer = msgspec.msgpack.decode(data, type=StackAnswer)
    stacks = [
        stack_of(one.name, one.kind, _checked(one.frames), waits=one.waits, left_out=one.left_out)
        for one in answer.stacks[:MAX_STACKS]
    ]
    return msgspec.structs.replace(answer, stacks=stacks, host=clean_text(answer.host, MAX_NAME), note=_note(answer))


def checked_profile(data: bytes) -> ProfileAnswer:
    """Return a profile that came from a process which runs code of handlers, within its limits.

    Raises:
        ValueError: it is none.
    """
    answer = msgspec.msgpack.decode(data, type=ProfileAnswer)
    paths = answer.paths[:MAX_PATHS]
    if len(answer.frames) > MAX_PATHS * MAX_DEPTH or any(
        not 0 <= n < len(answer.frames) for path in paths for n in path.frames
    ):
        raise ValueError("a path of a profile names a frame that there is not")
    cut = [path._replace(frames=path.frames[:MAX_DEPTH]) for path in paths]
    return msgspec.structs.replace(
        answer, frames=_checked(answer.frames), paths=cut, host=clean_text(answer.host, MAX_NAME), note=_note(answer)
    )


def _checked(frames: Iterable[Frame]) -> list[Frame]:
    return [frame_of(one.file, one.line, one.function, one.code) for one in frames]


def _note(answer: Circumstances) -> str | None:
    return None if answer.note is None else clean_text(answer.note, MAX_NOTE)


def _tail(text: str, longest: int) -> str:
    """Return a text whose beginning may be cut: the end of a path says most."""
    shown = text if len(text) <= longest else "…" + text[len(text) - longest + 1 :]
    return clean_text(shown, longest)
