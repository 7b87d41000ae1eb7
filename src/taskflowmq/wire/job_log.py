"""Log lines of jobs: in JSON, and as text."""

from __future__ import annotations

import re
from datetime import UTC
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from taskflowmq.core.job_logs import Level, LogCursor, LogLine, LogPage
from taskflowmq.core.printable import escape, escape_lines
from taskflowmq.wire.kinds import Object, Time
from taskflowmq.wire.raw import as_json

#: Colours and other attributes of a terminal's text.
_ANSI = re.compile(r"\x1b\[[0-9;:]*m")


class LogLineOut(msgspec.Struct, kw_only=True):
    """One line that a job has logged."""

    round: int
    attempt: int
    lease_no: int
    seq: Annotated[
        int,
        Meta(description="Number of the line in its attempt, from 1; a missing number is a line that is not stored"),
    ]
    at: Time
    level: Level
    message: Annotated[str, Meta(description="Text, with the ANSI colours that it was written with")]
    fields: Annotated[
        Object | None,
        Meta(description="What was given as `extra`, and a traceback as `exception`; secrets are redacted"),
    ]


class LogsOut(msgspec.Struct, kw_only=True):
    """Lines of a job in the order in which they were written."""

    items: list[LogLineOut]
    next: Annotated[
        str | None, Meta(description="Pass it as ?after= to continue, also later; null while nothing was logged")
    ]
    more: Annotated[bool, Meta(description="Whether further lines are stored now")]
    total: Annotated[int, Meta(description="Number of stored lines of these attempts, whatever their level and text")]
    dropped: Annotated[int, Meta(description="Number of lines of these attempts that are not stored")]


class LogNews(msgspec.Struct, kw_only=True):
    """New lines of a job, in event ``job``."""

    after: Annotated[
        str | None, Meta(description="The place behind which these lines stand, as `next` of an earlier answer")
    ]
    next: Annotated[str | None, Meta(description="The place behind them")]
    lines: Annotated[list[LogLineOut], Meta(description="At most 200")]


def line_out(line: LogLine) -> LogLineOut:
    """Return a line's answer."""
    return LogLineOut(
        round=line.round,
        attempt=line.attempt,
        lease_no=line.lease_no,
        seq=line.seq,
        at=line.at,
        level=Level.of(line.level),
        message=line.message,
        fields=as_json(line.raw_fields),
    )


def place_out(place: LogCursor | None) -> str | None:
    """Return a place as readers pass it back."""
    return None if place is None else str(place)


def logs_out(page: LogPage, after: LogCursor | None) -> LogsOut:
    """Return the answer for a page.

    Args:
        page: the lines.
        after: where it began.
    """
    return LogsOut(
        items=[line_out(line) for line in page.items],
        next=place_out(page.items[-1].cursor if page.items else after),
        more=page.next is not None,
        total=page.total,
        dropped=page.dropped,
    )


def news_of(page: LogPage, after: LogCursor | None) -> LogNews:
    """Return the lines that came behind a place."""
    lines = [line_out(line) for line in page.items]
    last = page.items[-1].cursor if page.items else after
    return LogNews(after=place_out(after), next=place_out(last), lines=lines)


def line_text(line: LogLine) -> str:
    """Return a line as text without colours, which no character of it can make two lines: what follows is indented."""
    fields = line.fields or {}
    trace = fields.pop("exception", None)
    at = line.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
    first, *more = escape_lines(_ANSI.sub("", line.message)).split("\n")
    pairs = "".join(f"  {escape(name)}={escape(_shown(value))}" for name, value in fields.items())
    below = [*more, *(escape_lines(str(trace)).split("\n") if trace else ())]
    return "\n    ".join([f"{at}Z {Level.of(line.level):<8} {first}{pairs}", *below])


def heading(line: LogLine, before: LogLine | None) -> str | None:
    """Return what stands above the first line of an attempt; None above all others."""
    if before is not None and before.lease_no == line.lease_no:
        return None
    named = f"attempt {line.attempt}" + (f" of round {line.round}" if line.round > 1 else "")
    return f"--- {named} ---"


def missing(line: LogLine, before: LogLine | None) -> int:
    """Return how many lines are not stored between a line and the one before it; all lines must have been read."""
    known = before.seq if before is not None and before.lease_no == line.lease_no else 0
    return line.seq - known - 1


def text_name(job_id: UUID) -> str:
    """Return the name of a file with a job's lines."""
    return f"job-{job_id}.log"


def _shown(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
