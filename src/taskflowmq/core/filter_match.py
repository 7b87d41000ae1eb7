"""What a filter means: whether a job fits its terms. Both engines ask this; neither decides it by itself.

A job fits if it fits every term. What it does not have fits no value: a job without a worker, an error, a path of its
arguments, or a wait. A negated term fits exactly the other jobs, those without it as well.

``state queue task tag worker``
    are equal; a tag, if one of the job's tags is.
``error``
    is the type of the last error, with or without its module; completed jobs have none. Sixteen hexadecimal digits are
    the fingerprint of a group: only dead jobs have one.
``attempt priority``
    compare integers; ``a..b`` includes both.
``wait``
    is the time from due to start of the current or last attempt. It grows while a job is pending; scheduled and
    retrying jobs have none. A retry counts from when the job was first due.
``run``
    is the time from start to end of the current or last attempt; it grows while a job is running.
``created scheduled finished``
    are in a range whose end is not part of it, unless it is a date; without a zone they are UTC. ``scheduled`` is when
    the job is or was due.
``args.… meta.…``
    is equal to the JSON value at a path; a number in a path is a position of a list. ``42`` is an integer, of
    any size; ``42.0`` is not, and ``"42"`` is text.
free text
    is contained, in whatever case its ASCII letters are, in task, a tag, the arguments or meta as compact JSON, or the
    type or message of the last error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import msgspec

from taskflowmq.core.filter_terms import (
    DURATION_KEYS,
    FREE_TEXT,
    NUMBER_KEYS,
    PAYLOAD_KEYS,
    TIME_KEYS,
    Json,
    Range,
    Term,
    Times,
    Word,
)
from taskflowmq.core.filter_values import moment
from taskflowmq.core.fingerprint import is_fingerprint
from taskflowmq.core.job import State
from taskflowmq.core.patterns import glob
from taskflowmq.core.redacted import shown_payload
from taskflowmq.core.redaction import Redaction

_MISSING = object()
_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
#: Terms that read no JSON go first: they are cheaper by far.
_COSTLY = frozenset({*PAYLOAD_KEYS, FREE_TEXT, "error"})


class Facts(Protocol):
    """What a filter reads of a job, by the names of JobView."""

    @property
    def task(self) -> str: ...  # noqa: D102
    @property
    def queue(self) -> str: ...  # noqa: D102
    @property
    def priority(self) -> int: ...  # noqa: D102
    @property
    def tags(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def state(self) -> State: ...  # noqa: D102
    @property
    def attempt(self) -> int: ...  # noqa: D102
    @property
    def created_at(self) -> datetime: ...  # noqa: D102
    @property
    def run_at(self) -> datetime: ...  # noqa: D102
    @property
    def started_at(self) -> datetime | None: ...  # noqa: D102
    @property
    def finished_at(self) -> datetime | None: ...  # noqa: D102
    @property
    def worker(self) -> str | None: ...  # noqa: D102
    @property
    def raw_args(self) -> bytes | None: ...  # noqa: D102
    @property
    def raw_meta(self) -> bytes | None: ...  # noqa: D102
    @property
    def raw_error(self) -> bytes | None: ...  # noqa: D102
    @property
    def fingerprint(self) -> str | None: ...  # noqa: D102


class JobFacts(msgspec.Struct, frozen=True, gc=False):
    """What a store reads of a job for a filter; JSON that the filter does not read is None."""

    id: UUID
    task: str
    queue: str
    priority: int
    state: State
    attempt: int
    created_at: datetime
    run_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    worker: str | None
    tags: tuple[str, ...]
    raw_args: bytes | None
    raw_meta: bytes | None
    raw_error: bytes | None
    #: Of a dead job.
    fingerprint: str | None = None


class Needs(NamedTuple):
    """Which JSON of a job a filter reads."""

    args: bool
    meta: bool
    error: bool


Test = Callable[[Facts], bool]


def matcher(terms: Iterable[Term], now: datetime | None, hidden: Redaction | None = None) -> Test:
    """Return what tells whether a job fits all terms.

    Args:
        terms: the terms.
        now: what relative times and growing durations count to, by the clock of the store; None where no term needs
            it (``filter_scope.depends_on_now``).
        hidden: what the reader does not see of a payload, and so does not find.
    """
    now = now or _NO_TIME
    ordered = sorted(terms, key=lambda term: term.key in _COSTLY)
    tests = [_negated(_test(term, now)) if term.negated else _test(term, now) for term in ordered]
    if hidden is None or not any(needs_of(ordered)):
        return lambda job: all(test(job) for test in tests)
    rules = hidden

    def fits(job: Facts) -> bool:
        shown = shown_payload(rules, job)
        return all(test(shown) for test in tests)

    return fits


def needs_of(terms: Iterable[Term]) -> Needs:
    """Return which JSON of a job terms read."""
    keys = {term.key for term in terms}
    return Needs(*(bool(keys & {key, FREE_TEXT}) for key in ("args", "meta", "error")))


class Needles(NamedTuple):
    """Texts by which a store passes over jobs that cannot fit, without reading them; None: it cannot.

    In stored JSON without a backslash a string stands as it is, and so does an integer.
    """

    #: Part of the arguments of every job that fits, unless they have a backslash.
    args: str | None
    #: With ASCII letters made small: part of task, a tag, arguments or meta of every job that fits, unless these have a
    #: backslash, or the job has an error.
    text: str | None


def needles_of(terms: Iterable[Term]) -> Needles:
    """Return by which texts jobs can be passed over."""
    positive = [term for term in terms if not term.negated and len(term.values) == 1]
    words = [one.text for term in positive if term.key == FREE_TEXT for one in term.values if isinstance(one, Word)]
    texts = [_folded(word).decode() for word in words if _is_one_piece(word)]
    return Needles(_needle_of_args(terms), max(texts, key=len, default=None))


def _is_one_piece(text: str) -> bool:
    """Tell whether text can only be inside a string of JSON, or true, false or null: then spaces do not matter."""
    return text.isprintable() and not set(text) & set('{}[],:"\\') and not set(text) <= set("0123456789+-.eE")


def _needle_of_args(terms: Iterable[Term]) -> str | None:
    found = [_needles(term) for term in terms if term.key == "args" and not term.negated]
    # Names are alike in many jobs, values are not.
    values = [needle for _, needle in found if needle]
    names = [name for names, _ in found for name in names]
    return max(values or names, key=len, default=None)


def _needles(term: Term) -> tuple[list[str], str | None]:
    """Return the names of a path as stored JSON has them, and the value if there is one; None or missing: unknown."""
    names = [text for name in term.path if not name.isdecimal() and (text := _as_stored(name))]
    value = term.values[0] if len(term.values) == 1 else None
    if isinstance(value, Word):
        return names, _as_stored(value.text)
    if not isinstance(value, Json):
        return names, None
    target = _decoded(value.token.encode())
    # A floating-point number can be written in several ways.
    return names, None if type(target) is float else msgspec.json.encode(target).decode()


def _as_stored(text: str) -> str | None:
    """Return text as a JSON string without escapes has it; None where JSON may need an escape."""
    return f'"{text}"' if text.isprintable() and '"' not in text and "\\" not in text else None


def _negated(test: Test) -> Test:
    return lambda job: not test(job)


def _test(term: Term, now: datetime) -> Test:
    key = term.key
    if key == FREE_TEXT:
        return _free_text(term)
    if key in PAYLOAD_KEYS:
        return _payload(term)
    if key in NUMBER_KEYS or key in DURATION_KEYS:
        return _in_ranges([one for one in term.values if isinstance(one, Range)], _measure(key, now))
    if key in TIME_KEYS:
        return _in_times(term, now)
    words = [one for one in term.values if isinstance(one, Word)]
    exact = frozenset(word.text for word in words if not word.pattern)
    patterns = [glob(word.text) for word in words if word.pattern]
    texts = _TEXTS[key]
    return lambda job: any(text in exact or any(fits(text) for fits in patterns) for text in texts(job))


def _error_types(job: Facts) -> tuple[str, ...]:
    kind = _error_of(job)[0]
    # A type of that form does not count, so that an index answers which jobs a fingerprint means.
    kinds = [one for one in (kind, kind.rpartition(".")[2]) if one and not is_fingerprint(one)]
    return (*kinds, job.fingerprint) if job.fingerprint is not None else tuple(kinds)


_TEXTS: dict[str, Callable[[Facts], tuple[str, ...]]] = {
    "state": lambda job: (job.state.value,),
    "queue": lambda job: (job.queue,),
    "task": lambda job: (job.task,),
    "tag": lambda job: job.tags,
    "worker": lambda job: () if job.worker is None else (job.worker,),
    "error": _error_types,
}


def _measure(key: str, now: datetime) -> Callable[[Facts], float | None]:
    match key:
        case "attempt":
            return lambda job: job.attempt
        case "priority":
            return lambda job: job.priority
        case "wait":
            return lambda job: _wait_ms(job, now)
        case _:
            return lambda job: _run_ms(job, now)


def _wait_ms(job: Facts, now: datetime) -> float | None:
    due = max(job.created_at, job.run_at)
    until = now if job.state is State.PENDING else job.started_at
    # Due again later: when it was due before is not known any more.
    return None if until is None or until < due else _ms(due, until)


def _run_ms(job: Facts, now: datetime) -> float | None:
    until = now if job.state is State.RUNNING else job.finished_at
    return None if job.started_at is None or until is None else max(_ms(job.started_at, until), 0.0)


def _ms(start: datetime, end: datetime) -> float:
    return (end - start).total_seconds() * 1000


def _in_ranges(ranges: list[Range], measure: Callable[[Facts], float | None]) -> Test:
    def test(job: Facts) -> bool:
        found = measure(job)
        return found is not None and any(_in_range(found, one) for one in ranges)

    return test


def _in_range(value: float, one: Range) -> bool:
    if one.low is not None and (value < one.low or (value == one.low and not one.with_low)):
        return False
    return one.high is None or value < one.high or (value == one.high and one.with_high)


def _in_times(term: Term, now: datetime) -> Test:
    ranges = [bounds(one, now) for one in term.values if isinstance(one, Times)]
    time_of = _TIMES[term.key]

    def test(job: Facts) -> bool:
        at = time_of(job)
        return at is not None and any((a is None or at >= a) and (b is None or at < b) for a, b in ranges)

    return test


def bounds(value: Times, now: datetime) -> tuple[datetime | None, datetime | None]:
    """Return the times of a range: from the first until, and without, the second."""
    low, high = value.low, value.high
    return (
        None if low is None else moment(low, now, as_end=False),
        None if high is None else moment(high, now, as_end=True),
    )


_TIMES: dict[str, Callable[[Facts], datetime | None]] = {
    "created": lambda job: job.created_at,
    "scheduled": lambda job: job.run_at,
    "finished": lambda job: job.finished_at,
}


def _payload(term: Term) -> Test:
    targets = [one.text if isinstance(one, Word) else _decoded(one.token.encode()) for one in term.values
               if isinstance(one, (Word, Json))]  # fmt: skip
    path, of_args = term.path, term.key == "args"

    def test(job: Facts) -> bool:
        found = _at(_decoded(job.raw_args if of_args else job.raw_meta), path)
        # True is 1 to Python, and 42 is 42.0.
        return any(type(found) is type(target) and found == target for target in targets)

    return test


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        if isinstance(value, dict):
            value = value.get(step, _MISSING)
        elif isinstance(value, list) and step.isdecimal() and step.isascii() and len(step) < 10:
            value = value[int(step)] if int(step) < len(value) and step == str(int(step)) else _MISSING
        else:
            return _MISSING
    return value


def _decoded(raw: bytes | None) -> Any:
    if raw is None:
        return _MISSING
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, ValueError, RecursionError):  # stored by a program that is not ours
        return _MISSING


def _error_of(job: Facts) -> tuple[str, str]:
    """Return type and message of a job's last error, empty if it has none."""
    error = _decoded(job.raw_error) if job.state is not State.COMPLETED else _MISSING
    if not isinstance(error, dict):
        return "", ""
    kind, message = error.get("type"), error.get("message")
    return kind if isinstance(kind, str) else "", message if isinstance(message, str) else ""


def _free_text(term: Term) -> Test:
    wanted = [_folded(one.text) for one in term.values if isinstance(one, Word)]

    def test(job: Facts) -> bool:
        texts = [_folded(one) for one in (job.task, *job.tags, *_error_of(job))]
        texts += [msgspec.json.encode(value).lower() for raw in (job.raw_args, job.raw_meta)
                  if (value := _decoded(raw)) is not _MISSING]  # fmt: skip
        return any(one in text for one in wanted for text in texts)

    return test


def _folded(text: str) -> bytes:
    """Return text as UTF-8 with ASCII letters made small; bytes have no other case."""
    return text.encode("utf-8", "replace").lower()
