"""Bounds and names: what may enter the store, checked at the edge with an error that names the field."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from taskflowmq.core.errors import InvalidJob

MAX_ARGS_BYTES = 256 * 1024
MAX_RESULT_BYTES = 256 * 1024
MAX_META_BYTES = 16 * 1024
MAX_DEPTH = 64
MAX_TAGS = 32
MAX_TAG_LENGTH = 128
MAX_KEY_LENGTH = 512
#: Of a task, a queue or a tenant, wherever it is given.
MAX_NAME_LENGTH = 128
#: The word for every tenant where tenants are named; no tenant has this name.
ALL_TENANTS = "all"
#: Characters of one step of a pointer that an error shows.
MAX_STEP = 80
MAX_BULK = 10_000
MAX_DELAY_MS = 10 * 365 * 86_400_000
MAX_TIMEOUT_MS = 30 * 86_400_000
PRIORITY_MIN, PRIORITY_MAX = -100, 100
#: Most queues of a store, unless its operator sets another limit; each further priority of a queue counts as one more.
MAX_QUEUES = 10_000
#: After this long without use, a queue is no longer listed or counted towards the limit, unless it has a live job, is
#: paused or has a retention of its own. Its row stays, and the next job brings it back.
UNUSED_AFTER = timedelta(days=7)
#: How often a process stores that it uses a queue.
USE_EVERY = timedelta(hours=1)
#: A time nearer to the ends of the calendar does not exist in every time zone, and no engine reads it back.
TIME_MIN, TIME_MAX = datetime(2, 1, 1, tzinfo=UTC), datetime(9998, 12, 31, tzinfo=UTC)
#: Reserved inside arguments and results for encryption, blobs and codecs.
RESERVED_KEY = "$taskflow"

_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9_.:/-]{{0,{MAX_NAME_LENGTH - 1}}}")


def check_name(kind: str, name: object) -> str:
    """Return a task, queue or tenant name, or raise :class:`InvalidJob` naming ``kind``.

    Names are plain words: they become metric labels, log fields and URL parts, never import paths (S14).
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        rule = f"must be 1–{MAX_NAME_LENGTH} of letters, digits and _.:/- beginning with a letter or digit"
        long = isinstance(name, str) and len(name) > MAX_NAME_LENGTH
        got = f"{len(str(name))} characters" if long else f"{name!r:.80}"
        raise InvalidJob.at(f"/{kind}", f"{rule}, got {got}")
    if kind == "tenant" and name == ALL_TENANTS:
        raise InvalidJob.at("/tenant", f"cannot be {name!r}, which stands for every tenant, as in --tenants {name}")
    return name


def check_collection(pointer: str, value: object, of: str) -> None:
    """Refuse a single text where a collection is expected: Python would iterate over its letters.

    Args:
        pointer: names the field.
        value: what was given.
        of: what the collection holds, for the error: "queue names".

    Raises:
        InvalidJob: it is not a list, tuple or set.
    """
    if not isinstance(value, list | tuple | set | frozenset):
        raise InvalidJob.at(pointer, f"must be a list of {of}, got {value!r:.80}")


def too_many_queues(most: int) -> InvalidJob:
    """Return the error for a queue, or a priority in one, that would exceed the limit."""
    return InvalidJob.at(
        "/queue",
        f"is new, and the store is at its limit of {most} queues and priorities in use. Use fewer names, or raise"
        " TASKFLOW_MAX_QUEUES",
    )


def check_text(pointer: str, text: object, longest: int) -> str:
    """Return text that both engines can store, or raise :class:`InvalidJob` naming the field."""
    if not isinstance(text, str):
        raise InvalidJob.at(pointer, f"must be text, got {type(text).__name__}")
    if not 0 < len(text) <= longest:
        raise InvalidJob.at(pointer, f"must be 1…{longest} characters, got {len(text)}")
    problem = _text_problem(text)
    if problem:
        raise InvalidJob.at(pointer, problem)
    return text


def check_int(pointer: str, value: object, low: int, high: int) -> int:
    """Return an integer within bounds, or raise :class:`InvalidJob` naming the field."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidJob.at(pointer, f"must be an integer {low}…{high}, got {value!r:.80}")
    if not low <= value <= high:
        # Python refuses to print integers of thousands of digits.
        got = value if abs(value) < 10**18 else "a far larger one"
        raise InvalidJob.at(pointer, f"must be an integer {low}…{high}, got {got}")
    return value


def check_time(pointer: str, value: object) -> datetime:
    """Return an aware time, in UTC, or raise :class:`InvalidJob` naming the field."""
    if not isinstance(value, datetime):
        raise InvalidJob.at(pointer, f"must be a datetime, got {type(value).__name__}")
    if value.utcoffset() is None:
        raise InvalidJob.at(pointer, f"{value.isoformat()} has no time zone: add one, as in 2026-01-31T12:00:00Z")
    if not TIME_MIN <= value <= TIME_MAX:
        raise InvalidJob.at(pointer, f"must be in the years {TIME_MIN.year}…{TIME_MAX.year}, got {value.isoformat()}")
    return value.astimezone(UTC)


def check_storable(value: Any, pointer: str) -> None:
    """Refuse what JSON or PostgreSQL cannot hold: NaN, infinity, NUL, lone surrogates, too deep nesting.

    Args:
        value: plain values (dict, list, str, int, float, bool, None).
        pointer: JSON pointer of ``value``, for the error.

    Raises:
        InvalidJob: names the first field that cannot be stored (RELIABILITY F42).
    """
    found = _unstorable(value, MAX_DEPTH)
    if found is not None:
        raise InvalidJob.at(join_pointer(pointer, reversed(found.steps)), found.detail)


def escape_step(key: str) -> str:
    """Escape one step of a JSON pointer (RFC 6901), cut if it is long; a lone surrogate must not break the error."""
    return key[:MAX_STEP].replace("~", "~0").replace("/", "~1").encode("utf-8", "replace").decode()


def join_pointer(pointer: str, steps: Iterable[object]) -> str:
    """Return the pointer of the value these steps below ``pointer``."""
    return pointer + "".join(f"/{escape_step(str(step))}" for step in steps)


class Misfit(NamedTuple):
    """What is wrong in a value, and the steps that lead there, the innermost first.

    The steps are collected on the way out: a pointer made on the way in would be made for every element, and copies
    of a long key cost more than the walk.
    """

    steps: list[object]
    detail: str


def _unstorable(value: Any, depth: int) -> Misfit | None:
    kind = type(value)
    if kind is str:
        problem = _text_problem(value)
        return Misfit([], problem) if problem else None
    if kind is float:
        return None if math.isfinite(value) else Misfit([], f"{value} is not a JSON number")
    if kind is dict:
        return _unstorable_dict(value, depth)
    if kind is list or kind is tuple:
        if depth <= 0:
            return Misfit([], f"nested deeper than {MAX_DEPTH} levels")
        for index, item in enumerate(value):
            found = _unstorable(item, depth - 1)
            if found is not None:
                found.steps.append(index)
                return found
    return None


def _unstorable_dict(value: dict[Any, Any], depth: int) -> Misfit | None:
    if depth <= 0:
        return Misfit([], f"nested deeper than {MAX_DEPTH} levels")
    for key, item in value.items():
        if key == RESERVED_KEY:
            return Misfit([key], f"the key {RESERVED_KEY!r} is reserved")
        problem = _text_problem(key) if type(key) is str else None
        if problem:
            return Misfit([], f"in a key: {problem}")
        found = _unstorable(item, depth - 1)
        if found is not None:
            found.steps.append(key)
            return found
    return None


def _text_problem(text: str) -> str | None:
    if "\x00" in text:
        return "holds a NUL character, which PostgreSQL cannot store"
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return "holds a lone surrogate, which is not Unicode text"
    return None


def clean_text(text: str, longest: int) -> str:
    """Make text storable at the end of a job's life, where nothing may fail: replace, then cut to ``longest``."""
    return text[:longest].replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")
