"""The messages between a child and its body processes over a socket pair: length-prefixed msgpack frames.

No pickle: a frame is data, and a compromised body can send only an outcome of its own job.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple
from uuid import UUID

import msgspec

from taskflowmq.core.inspection import InspectionKind
from taskflowmq.core.transitions import (
    Discarded,
    Failed,
    Invalid,
    Outcome,
    Snoozed,
    Stopped,
    Succeeded,
)

LENGTH_BYTES = 4
MAX_FRAME = 64 * 1024 * 1024
PROGRESS = "progress"
#: A line that the body has logged, to be kept with its job.
LINE = "line"
#: The first frame of a body process: from now on the time of its jobs is their own.
READY = "ready"
#: Instead of READY, with an error: a start hook of the app failed, and the process ends.
UNFIT = "unfit"
#: From the child: the reason of a stop request. From the body, as its outcome: it ended by the stop request.
STOP = "stop"
#: The answer to a question about the running job.
STACK, PROFILE = "stack", "profile"
#: A log record, for the program that embeds the worker; at any time.
LOG = "log"
#: Before an outcome: no further job for this process: the handler lowered one of its limits or deleted its folder.
SPOILT = "spoilt"

_OUTCOMES: dict[str, type[msgspec.Struct]] = {
    kind.__name__: kind for kind in (Succeeded, Failed, Snoozed, Stopped, Discarded, Invalid)
}


class BodyQuestion(NamedTuple):
    """From the child: what is asked of the running job, which may have ended when this is read."""

    kind: InspectionKind
    job_id: UUID
    lease_no: int
    seconds: int


class BodyAnswer(msgspec.Struct, frozen=True, array_like=True):
    """An answer, and the fence of the job that it is about: the pipe may hold one of the job before."""

    job_id: UUID
    lease_no: int
    data: bytes


class Frame(msgspec.Struct, frozen=True):
    """``kind`` is READY, UNFIT, PROGRESS, LINE, LOG, STACK, PROFILE, STOP, SPOILT or the name of an outcome."""

    kind: str
    data: bytes


def pack(frame: Frame) -> bytes:
    """Return a frame as bytes for the wire."""
    text = msgspec.msgpack.encode(frame)
    return len(text).to_bytes(LENGTH_BYTES, "big") + text


def unpack(text: bytes) -> Frame:
    """Return a frame from the bytes after its length."""
    return msgspec.msgpack.decode(text, type=Frame)


def frame_of(outcome: Outcome) -> Frame:
    """Return an outcome of a body as a frame."""
    return Frame(type(outcome).__name__, msgspec.msgpack.encode(outcome))


def outcome_of(frame: Frame) -> Outcome:
    """Return the outcome of a body from its frame.

    Raises:
        ValueError: the frame is not an outcome.
    """
    kind = _OUTCOMES.get(frame.kind)
    if kind is None:
        raise ValueError(f"no outcome of a body: {frame.kind!r}")
    return msgspec.msgpack.decode(frame.data, type=kind)  # type: ignore[return-value]


def read_exactly(read: Callable[[int], bytes], count: int) -> bytes:
    """Read ``count`` bytes from a blocking reader.

    Raises:
        EOFError: the other side has closed.
    """
    parts = bytearray()
    while len(parts) < count:
        part = read(count - len(parts))
        if not part:
            raise EOFError
        parts += part
    return bytes(parts)
