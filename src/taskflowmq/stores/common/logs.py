"""What both engines do alike with log lines: what a batch deletes, and where a page ends."""

from __future__ import annotations

from collections.abc import Sequence

from taskflowmq.core.job_logs import LogLine, LogPage, LogQuery, NewLines

#: Attempts of a job with a claim up to this one are all kept.
_FIRST_CLAIMS = 100
#: Bytes of the messages and fields of a page; its first line comes whatever it has.
MAX_PAGE_BYTES = 2_000_000


def trimmed(attempts: Sequence[NewLines]) -> list[NewLines]:
    """Return the attempts of which stored lines must make room."""
    return [one for one in attempts if one.keep_from > one.keep_to + 1]


def late_claims(attempts: Sequence[NewLines]) -> list[NewLines]:
    """Return the attempts whose job may have others that are not kept any longer."""
    return [one for one in attempts if one.lease_no > _FIRST_CLAIMS]


def page_of(found: Sequence[LogLine], query: LogQuery, total: int, dropped: int) -> LogPage:
    """Return a page of lines, of which one more than wanted was read, if there is one."""
    items: list[LogLine] = []
    weight = 0
    for line in found[: query.limit]:
        weight += len(line.message) + len(line.raw_fields or b"")
        if items and weight > MAX_PAGE_BYTES:
            break
        items.append(line)
    return LogPage(items, items[-1].cursor if len(items) < len(found) else None, total, dropped)
