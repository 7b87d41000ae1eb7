"""Values of a filter that are not words: states, ids, integers, durations, times; and the times that they mean."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from taskflowmq.core.errors import BadFilter
from taskflowmq.core.filter_terms import DURATION_KEYS, NUMBER_KEYS, Range, Times, Value, Word
from taskflowmq.core.job import State

STATES = tuple(state.value for state in State)
#: What states of other systems are here.
STATE_SYNONYMS = {
    "failed": "dead", "failure": "dead", "error": "dead", "discarded": "dead", "succeeded": "completed",
    "success": "completed", "successful": "completed", "done": "completed", "finished": "completed",
    "queued": "pending", "ready": "pending", "available": "pending", "waiting": "pending", "active": "running",
    "started": "running", "executing": "running", "delayed": "scheduled", "retry": "retrying",
}  # fmt: skip
#: Milliseconds; the largest that divides a duration writes it.
_UNITS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
#: Longest duration, about 31 years.
_MAX_MS = 10**12
_OPERATOR = re.compile(r"[<>]=?")
_NUMBER = re.compile(r"-?[0-9]{1,9}")
_DURATION = re.compile(r"(?:[0-9]{1,12}(?:ms|[smhd]))+")
_PART = re.compile(r"([0-9]+)(ms|[smhd])")
_ID = re.compile(r"[0-9a-fA-F]{8}(-?)[0-9a-fA-F]{4}\1[0-9a-fA-F]{4}\1[0-9a-fA-F]{4}\1[0-9a-fA-F]{12}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CLOCK = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_ABSOLUTE = re.compile(
    rf"([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})(?:T({_CLOCK})(?:(:[0-5][0-9])(?:\.([0-9]{{1,6}}))?)?(Z|[+-]{_CLOCK})?)?"
)
_FIRST_YEAR, _LAST_YEAR = 1970, 9998
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

Nearest = Callable[[str, tuple[str, ...]], str | None]


def read_value(key: str, text: str, start: int, end: int, nearest: Nearest) -> Value:
    """Return a value of a key that is no plain word.

    Args:
        key: the key.
        text: the value, without quotes.
        start: where it begins in the filter.
        end: where it ends.
        nearest: finds the word that was probably meant.

    Raises:
        BadFilter: it is none.
    """
    if key == "state":
        if text in STATES:
            return Word(text)
        hint = STATE_SYNONYMS.get(text) or nearest(text, STATES)
        meant = f"did you mean {hint!r}?" if hint else f"states are: {', '.join(STATES)}"
        raise BadFilter("bad_state", f"{text!r:.80} is not a state; {meant}", start, end, hint)
    if key == "worker":
        if not _ID.fullmatch(text):
            raise BadFilter("bad_worker", f"{text!r:.80} is not the id of a worker", start, end)
        return Word(str(UUID(text)))
    if key in NUMBER_KEYS:
        return _range(text, start, end, _number, "bad_number", f"an integer, as in {key}:3, {key}:>=3 or {key}:1..3")
    if key in DURATION_KEYS:
        detail = f"a comparison with a duration, as in {key}:>30s, {key}:<=500ms or {key}:1m..2h"
        return _range(text, start, end, duration_ms, "bad_duration", detail)
    return _times(key, text, start, end)


def write_range(key: str, value: Range) -> str:
    """Return the text of integers or durations."""
    write = _write_duration if key in DURATION_KEYS else str
    low, high = value.low, value.high
    if low is not None and high is not None:
        return write(low) if low == high and key in NUMBER_KEYS else f"{write(low)}..{write(high)}"
    if low is not None:
        return f">{'=' if value.with_low else ''}{write(low)}"
    return f"<{'=' if value.with_high else ''}{write(high or 0)}"


def write_times(value: Times) -> str:
    """Return the text of a range of time."""
    if value.low is not None and value.low == value.high and _DATE.fullmatch(value.low):
        return value.low
    return f"{value.low or ''}..{value.high or ''}"


def duration_ms(text: str) -> int | None:
    """Return the milliseconds of ``90s``, ``1h30m`` or ``500ms``; None if it is no duration."""
    if not _DURATION.fullmatch(text):
        return None
    total = sum(int(count) * _UNITS[unit] for count, unit in _PART.findall(text))
    return total if total <= _MAX_MS else None


def moment(text: str, now: datetime, *, as_end: bool) -> datetime:
    """Return the time that a bound of :class:`Times` means.

    Args:
        text: the bound.
        now: what relative times count from.
        as_end: it ends a range, so that a date means the end of its day.
    """
    if text == "now":
        return now
    if text[0] in "+-":
        ms = duration_ms(text[1:]) or 0
        try:
            return now + (_MILLISECOND * ms if text[0] == "+" else -_MILLISECOND * ms)
        except OverflowError:  # now is within 31 years of an end of the calendar
            return datetime.max.replace(tzinfo=UTC) if text[0] == "+" else datetime.min.replace(tzinfo=UTC)
    at = _absolute(text) or _EPOCH
    return at + timedelta(days=1) if as_end and _DATE.fullmatch(text) else at


def _range(text: str, start: int, end: int, read: Callable[[str], int | None], code: str, needs: str) -> Range:
    low, dots, high = text.partition("..")
    operator = _OPERATOR.match(text)
    if dots:
        value = Range(_bound(low, read), _bound(high, read))
        wrong = (low and value.low is None) or (high and value.high is None) or not (low or high)
    elif operator:
        bound, equal = read(text[operator.end() :]), operator[0].endswith("=")
        more = operator[0].startswith(">")
        value = Range(bound, None, with_low=equal) if more else Range(None, bound, with_high=equal)
        wrong = bound is None
    else:
        bound = read(text)
        value, wrong = Range(bound, bound), bound is None or code == "bad_duration"
    if wrong:
        hint = f">{text}" if code == "bad_duration" and read(text) is not None else None
        raise BadFilter(code, f"{text!r:.80} is not {needs}", start, end, hint)
    if value.low is not None and value.high is not None and value.low > value.high:
        raise BadFilter("bad_range", f"{text!r:.80} ends before it begins", start, end)
    return value


def _bound(text: str, read: Callable[[str], int | None]) -> int | None:
    return read(text) if text else None


def _number(text: str) -> int | None:
    return int(text) if _NUMBER.fullmatch(text) else None


def _write_duration(ms: int) -> str:
    unit = next(unit for unit, size in _UNITS.items() if ms % size == 0) if ms else "s"
    return f"{ms // _UNITS[unit]}{unit}"


def _times(key: str, text: str, start: int, end: int) -> Times:
    low, dots, high = text.partition("..")
    if not dots and _DATE.fullmatch(text):
        low, dots, high = text, "..", text
    bounds = [one for one in (low, high) if one]
    if not dots or not bounds or not all(map(_is_moment, bounds)):
        needs = f"a range of time, as in {key}:-24h.. or {key}:2026-11-01..2026-11-02"
        single = text.lstrip("<>=")
        hint = f"{single}.." if single and _is_moment(single) else None
        raise BadFilter("bad_time", f"{text!r:.80} is not {needs}", start, end, hint)
    if len(bounds) > 1 and _reversed(low, high):
        raise BadFilter("bad_range", f"{text!r:.80} ends before it begins", start, end)
    return Times(low or None, high or None)


def _is_moment(text: str) -> bool:
    if text == "now":
        return True
    return duration_ms(text[1:]) is not None if text[0] in "+-" else _absolute(text) is not None


def _reversed(low: str, high: str) -> bool:
    """Tell whether a range is empty, whatever the time is; its end is not part of it."""
    relative = [one == "now" or one[0] in "+-" for one in (low, high)]
    if relative[0] != relative[1]:
        return False
    return moment(low, _EPOCH, as_end=False) >= moment(high, _EPOCH, as_end=True)


def _absolute(text: str) -> datetime | None:
    found = _ABSOLUTE.fullmatch(text)
    if not found:
        return None
    date, clock, seconds, fraction, zone = found.groups()
    whole = f"{date}T{clock or '00:00'}{seconds or ':00'}.{(fraction or '0'):0<6}{zone or 'Z'}"
    try:
        at = datetime.fromisoformat(whole).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return at if _FIRST_YEAR <= at.year <= _LAST_YEAR else None
