"""How long ended jobs are kept: by state for the whole store, and by queue where one differs."""

from __future__ import annotations

import re
from datetime import timedelta

import msgspec

from taskflowmq.core.errors import InvalidJob

DAY_MS = 86_400_000
#: In a queue's retention: forever.
NEVER = -1
#: A longer age is refused as a mistake; ``never`` keeps everything.
LONGEST_S = 100 * 366 * 86_400.0
MOST_KEPT = 100_000_000
_AGE = re.compile(r"(\d{1,10}(?:\.\d{1,3})?)\s*([smhdw]?)", re.ASCII)
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """How long ended jobs are kept at least, in milliseconds since they finished; None keeps them.

    If a retention is three days or longer, a store that drops whole days may keep its jobs up to two days more.

    Args:
        completed_ms, cancelled_ms, dead_ms: the ages.
        audit_ms: how long the audit is kept, in milliseconds; None keeps it.
        keep: about how many ended jobs are kept at most, the newest ones. Above that, completed and cancelled jobs are
            deleted sooner; dead ones and those of queues with a retention of their own for their state are not.
    """

    completed_ms: int | None = 7 * DAY_MS
    cancelled_ms: int | None = 7 * DAY_MS
    dead_ms: int | None = 30 * DAY_MS
    keep: int | None = None
    audit_ms: int | None = 365 * DAY_MS


class QueueRetention(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The retention of one queue, in milliseconds; None: as for all queues; :data:`NEVER` keeps forever."""

    completed_ms: int | None = None
    cancelled_ms: int | None = None
    dead_ms: int | None = None


def read_retention(stored: str | None) -> QueueRetention:
    """Return a queue's retention from its stored form."""
    return QueueRetention() if stored is None else msgspec.json.decode(stored, type=QueueRetention)


def read_age(text: str) -> float | None:
    """Return the seconds of an age such as ``7d``, ``12h``, ``90m``, ``30s`` or ``3600``; None for ``never``.

    Raises:
        ValueError: it is none.
    """
    word = text.strip().lower()
    if word == "never":
        return None
    found = _AGE.fullmatch(word)
    seconds = float(found[1]) * _UNITS[found[2]] if found else -1.0
    if not 0 < seconds <= LONGEST_S:
        raise ValueError(f"must be an age like 7d, 12h, 90m or 30s, or never, got {text!r:.40}")
    return seconds


def show_age(milliseconds: int | None) -> str:
    """Return an age as :func:`read_age` takes it."""
    if milliseconds is None or milliseconds == NEVER:
        return "never"
    for unit, seconds in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if milliseconds % (1000 * seconds) == 0:
            return f"{milliseconds // (1000 * seconds)}{unit}"
    return f"{milliseconds / 1000:g}s"


def age_ms(age: str | float | timedelta | None, pointer: str) -> int | None:
    """Return an age in milliseconds, None for one without end.

    Args:
        age: seconds, a timedelta, or text as :func:`read_age` takes it; None means forever.
        pointer: names it in the error.

    Raises:
        InvalidJob: it is none.
    """
    if age is None:
        return None
    if isinstance(age, str):
        try:
            read = read_age(age)
        except ValueError as error:
            raise InvalidJob.at(pointer, str(error)) from None
        return None if read is None else round(read * 1000)
    seconds: object = age.total_seconds() if isinstance(age, timedelta) else age
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds <= LONGEST_S:
        raise InvalidJob.at(pointer, f"must be seconds, a timedelta, or text like 7d or never, got {age!r:.40}")
    return round(seconds * 1000)
