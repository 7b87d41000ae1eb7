"""What a job logs: its lines, how many of an attempt are kept, and of which attempts.

Lines are numbered within their attempt, from 1. A line that is dropped, wherever that is, leaves a gap in the numbers,
so a reader sees how many are missing, and where. Nothing here waits or stores.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from taskflowmq.core.hidden_values import HiddenValues
from taskflowmq.core.redact import redact_head, redact_tail
from taskflowmq.core.redact_fields import MAX_DEPTH, redact
from taskflowmq.core.redaction import Hider
from taskflowmq.core.transitions import HandedBack, Outcome, Snoozed, Succeeded
from taskflowmq.core.validation import clean_text

#: An attempt that runs longer than this, in seconds, keeps its lines whatever becomes of it.
LONG_S = 2.0
#: Lines, and their bytes, that an attempt holds in memory until it is known whether they are kept.
RING_LINES, RING_BYTES = 200, 64 * 1024
#: Lines, and their bytes, that are stored of an attempt: its first ones, and the last.
MOST_LINES, MOST_BYTES = 1_000, 256 * 1024
FIRST_LINES, FIRST_BYTES = 100, 64 * 1024
#: Lines that a process may log a second.
MOST_A_SECOND = 2_000
#: Characters of a message, and of a traceback; bytes of the fields.
MAX_MESSAGE = 8_192
MAX_FIELDS = 16_384
#: Lines of one answer.
MAX_LINES = 1_000
#: What a line weighs beside its texts.
_WEIGHT = 40
_NONE = HiddenValues()


class JobLogs(StrEnum):
    """Of which attempts the lines are kept."""

    OFF = "off"
    #: Of those that fail, are cancelled, or run longer than :data:`LONG_S`.
    AUTO = "auto"
    ALL = "all"


class Level(StrEnum):
    """How important a line is; the numbers are those of ``logging``."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"

    @property
    def number(self) -> int:
        """The least number of this level."""
        return _NUMBERS[self]

    @classmethod
    def of(cls, number: int) -> Level:
        """Return the level of a number, which may lie between two."""
        return next((level for level in reversed(Level) if number >= level.number), Level.DEBUG)


_NUMBERS = {level: 10 * (at + 1) for at, level in enumerate(Level)}


class Line(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a body has logged once; its secrets are hidden.

    Attributes:
        level: the number of its level.
        message: its text; ANSI colours stay.
        fields: a JSON object: what was given as ``extra``, and an ``exception`` as text; None if there is nothing.
        skipped: lines that were dropped just before it.
    """

    level: int
    message: str
    fields: bytes | None = None
    skipped: int = 0

    @property
    def size(self) -> int:
        """Its bytes, about."""
        text = len(self.message) if self.message.isascii() else len(self.message.encode())
        return _WEIGHT + text + (len(self.fields) if self.fields else 0)


class NumberedLine(NamedTuple):
    """A line with its number, from 1, and the monotonic time of its writing in seconds."""

    seq: int
    at: float
    line: Line


class NewLines(msgspec.Struct, frozen=True, kw_only=True):
    """Lines of one attempt to be stored. Repeating them changes nothing.

    Attributes:
        lines: (number, microseconds of age, line), by number.
        keep_to, keep_from: stored lines with a number between these two, both excluded, make room.
    """

    job_id: UUID
    lease_no: int
    round: int
    attempt: int
    lines: Sequence[tuple[int, int, Line]]
    keep_to: int = 0
    keep_from: int = 0


class AttemptLog:
    """The lines of one attempt: those that wait in memory, and what is stored of them. Not safe between threads."""

    def __init__(self) -> None:
        self._seq = 0
        self._waiting: deque[NumberedLine] = deque()
        self._bytes = 0
        #: Of stored lines behind the first ones: numbers and sizes.
        self._stored: deque[tuple[int, int]] = deque()
        self._first = self._first_bytes = self._stored_bytes = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, line: Line, at: float) -> None:
        """Take a line; if there are too many, the oldest one that waits makes room."""
        self._seq += 1 + line.skipped
        self._waiting.append(NumberedLine(self._seq, at, line))
        self._bytes += line.size
        self._shrink(RING_LINES)

    def shrink(self, lines: int) -> None:
        """Keep only the last lines of those that wait."""
        self._shrink(lines)

    def take(self, most: int) -> list[NumberedLine]:
        """Return the oldest lines that wait, at most this many, which are to be stored now."""
        taken = [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
        self._bytes -= sum(one.line.size for one in taken)
        return taken

    def give_back(self, lines: Sequence[NumberedLine]) -> None:
        """Take lines back that were not stored; those that came meanwhile are more important."""
        self._waiting.extendleft(reversed(lines))
        self._bytes += sum(one.line.size for one in lines)
        self._shrink(RING_LINES)

    def store(self, lines: Sequence[NumberedLine]) -> tuple[int, int]:
        """Count lines as stored, and return between which numbers stored ones must go (``NewLines.keep_to``)."""
        for seq, _, line in lines:
            size = line.size
            is_first = not self._stored and seq <= FIRST_LINES and self._first_bytes + size <= FIRST_BYTES
            if is_first:
                self._first, self._first_bytes = seq, self._first_bytes + size
            else:
                self._stored.append((seq, size))
                self._stored_bytes += size
        gone = 0
        while len(self._stored) > MOST_LINES - FIRST_LINES or self._first_bytes + self._stored_bytes > MOST_BYTES:
            gone, size = self._stored.popleft()
            self._stored_bytes -= size
        return (self._first, gone + 1) if gone else (0, 0)

    def _shrink(self, lines: int) -> None:
        while len(self._waiting) > lines or (self._bytes > RING_BYTES and len(self._waiting) > 1):
            self._bytes -= self._waiting.popleft().line.size


def keeps(outcome: Outcome, run_s: float, kept: JobLogs) -> bool:
    """Tell whether the lines of an attempt that has ended are stored.

    Args:
        outcome: how it ended.
        run_s: seconds that it ran.
        kept: the setting.
    """
    if kept is JobLogs.ALL or run_s >= LONG_S:
        return True
    return not isinstance(outcome, Succeeded | Snoozed | HandedBack)


def line_of(
    level: int,
    message: str,
    extra: Mapping[str, Any],
    exception: str | None,
    hidden: HiddenValues = _NONE,
    hider: Hider | None = None,
) -> Line:
    """Return what is kept of a record. What may not be read later is left out here, and nowhere else.

    Args:
        level: the number of its level.
        message: its text, with its arguments in place.
        extra: what was given as ``extra``.
        exception: a traceback, if there is one.
        hidden: the values of its job that no reader is shown.
        hider: what hides fields of its task.
    """
    text = clean_text(redact_head(message, MAX_MESSAGE, hidden), MAX_MESSAGE)
    number = min(max(level, 0), 1_000)
    if not extra and exception is None:
        return Line(number, text)
    fields = {str(name): redact(str(name), value, MAX_DEPTH, hidden) for name, value in extra.items()}
    if exception is not None:
        fields["exception"] = redact_tail(exception, MAX_MESSAGE, hidden)
    raw = _encoded(fields)
    return Line(number, text, raw if hider is None else hider.json("log", raw))


def _encoded(fields: dict[str, Any]) -> bytes:
    raw = msgspec.json.encode(_cleaned(fields))
    if len(raw) <= MAX_FIELDS:
        return raw
    kept = {"exception": fields["exception"]} if "exception" in fields else {}
    left_out = sorted(fields.keys() - kept.keys())[:20]
    return msgspec.json.encode(_cleaned({**kept, "left_out": [name[:80] for name in left_out]}))


def _cleaned(value: Any) -> Any:
    """Return plain values without what a store cannot hold."""
    if isinstance(value, str):
        return clean_text(value, MAX_MESSAGE)
    if isinstance(value, dict):
        return {clean_text(str(name), MAX_MESSAGE): _cleaned(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_cleaned(item) for item in value]
    # JSON has neither; a number that is too long for a reader is text.
    if isinstance(value, float) and not -1.8e308 < value < 1.8e308:
        return str(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**63:
        return hex(value)[:100]
    return value


class LogCursor(NamedTuple):
    """A place in the lines of a job: behind this line."""

    lease_no: int
    seq: int

    def __str__(self) -> str:
        return f"{self.lease_no}.{self.seq}"


def read_cursor(text: str) -> LogCursor:
    """Return a place from its text.

    Raises:
        ValueError: it is none.
    """
    lease_no, _, seq = text.partition(".")
    if not (lease_no.isascii() and lease_no.isdigit() and seq.isascii() and seq.isdigit()):
        raise ValueError("is not the `next` of an earlier answer")
    found = LogCursor(int(lease_no), int(seq))
    if found.lease_no >= 2**31 or found.seq >= 2**63:
        raise ValueError("is not the `next` of an earlier answer")
    return found


class LogQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which lines of a job to read, in the order in which they were written.

    Attributes:
        after: those behind this place; None: from the first on.
        level: the least number.
        text: what the message or the fields hold, in whatever case; None: anything.
        attempt, round: of these; None: of any.
        limit: at most this many, 1…:data:`MAX_LINES`.
    """

    after: LogCursor | None = None
    level: int = 0
    text: str | None = None
    attempt: int | None = None
    round: int | None = None
    limit: int = 200


class LogLine(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A stored line, as a reader sees it."""

    lease_no: int
    round: int
    attempt: int
    seq: int
    at: Any
    level: int
    message: str
    raw_fields: bytes | None

    @property
    def fields(self) -> dict[str, Any] | None:
        """What was given as ``extra``, and an ``exception`` as text."""
        found: dict[str, Any] | None = None if self.raw_fields is None else msgspec.json.decode(self.raw_fields)
        return found

    @property
    def cursor(self) -> LogCursor:
        """The place behind it."""
        return LogCursor(self.lease_no, self.seq)


class LogPage(NamedTuple):
    """Some lines of a job.

    Attributes:
        items: the lines.
        next: where the next page begins; None if this is the last one for now.
        total: stored lines of the attempts that were asked for, whatever their level and text.
        dropped: lines of these attempts that are not stored.
    """

    items: list[LogLine]
    next: LogCursor | None
    total: int
    dropped: int
