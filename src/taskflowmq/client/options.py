"""How a job is stored: the options of one enqueue, each checked when it is given."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict
from uuid import UUID

import msgspec

from taskflowmq.client import codec
from taskflowmq.client.headers import check_traceparent, job_headers
from taskflowmq.client.ids import new_id
from taskflowmq.client.unique import Unique, literal_key
from taskflowmq.core.directives import Duration, to_ms
from taskflowmq.core.errors import InvalidJob
from taskflowmq.core.job import DEFAULT_TENANT, NewJob, UniqueKey
from taskflowmq.core.validation import (
    MAX_KEY_LENGTH,
    MAX_META_BYTES,
    MAX_TAG_LENGTH,
    MAX_TAGS,
    MAX_TIMEOUT_MS,
    PRIORITY_MAX,
    PRIORITY_MIN,
    check_int,
    check_name,
    check_text,
    check_time,
)
from taskflowmq.ports.context import running

MAX_ATTEMPTS = 32_767


class StoredOptions(TypedDict, total=False):
    """The options of a job beyond its task and arguments.

    delay: due this long after now (seconds or timedelta); not together with run_at.
    run_at: due at this time, an aware datetime.
    queue: the queue to enter; the task's own by default.
    priority: −100…100, lower runs sooner; 0 by default.
    max_attempts: tries in one round; the retry policy's by default.
    timeout: limit of one attempt (seconds or timedelta); None lifts the task's.
    expires_in: do not start later than this after now (seconds or timedelta).
    unique: at most one live job per key: a :class:`Unique`, or a key spelled out.
    tags: short labels to find jobs by.
    meta: a JSON object of your own.
    traceparent: the W3C trace context that the job continues; in a handler, the handler's own by default.
    """

    delay: Duration
    run_at: datetime
    queue: str
    priority: int
    max_attempts: int
    timeout: Duration | None
    expires_in: Duration | None
    unique: Unique | str | None
    tags: Sequence[str]
    meta: Mapping[str, Any]
    traceparent: str | None


class SendOptions(StoredOptions, total=False):
    """The same, and the options of the enqueue itself.

    conn: enqueue in this open transaction (a connection or session of yours); the commit is yours.
    wake: with conn: tell idle workers at the commit; True by default.
    idempotency_key: a repeat with the same key, within 24 h, returns the first job.
    """

    conn: Any
    wake: bool
    idempotency_key: str


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Checked options. UNSET means that the task's own value counts."""

    queue: str | msgspec.UnsetType = msgspec.UNSET
    priority: int | msgspec.UnsetType = msgspec.UNSET
    delay_ms: int = 0
    run_at: datetime | None = None
    max_attempts: int | msgspec.UnsetType = msgspec.UNSET
    timeout_ms: int | msgspec.UnsetType | None = msgspec.UNSET
    expires_in_ms: int | None = None
    unique: Unique | UniqueKey | msgspec.UnsetType | None = msgspec.UNSET
    tags: tuple[str, ...] = ()
    meta: bytes | None = None
    traceparent: str | None = None
    #: The caller; only the server sets it.
    actor: str | None = None
    #: The id of the job that this one replays; only a replay sets it.
    replay_of: str | None = None
    conn: Any = None
    wake: bool = True
    idempotency_key: str | None = None


NO_OPTIONS = Options()


@functools.lru_cache(maxsize=256)
def asked_by(actor: str) -> Options:
    """Return options with this actor only: the same object each time, so that a template fits the next job."""
    return Options(actor=actor)


class Defaults(msgspec.Struct, frozen=True, kw_only=True):
    """A task's options for its jobs; the app's defaults if the task is not known here."""

    queue: str = "default"
    priority: int = 0
    max_attempts: int = 3
    timeout_ms: int | None = None
    unique: Unique | None = None


def check_options(given: Mapping[str, Any]) -> Options:
    """Check options as a caller gave them.

    Raises:
        InvalidJob: names the first option that is wrong.
        TypeError: an option does not exist.
    """
    unknown = given.keys() - _CHECKS.keys()
    if unknown:
        raise TypeError(f"{min(unknown)!r} is not an option; options are: {', '.join(_CHECKS)}")
    if given.get("delay") is not None and given.get("run_at") is not None:
        raise InvalidJob.at("/run_at", "excludes delay: pass one of them")
    checked = [_CHECKS[name](value) for name, value in given.items()]
    return Options(**dict(checked))


def check_chance(delay_ms: int, expires_in_ms: int | None) -> None:
    """Refuse a job that would expire before it is due: over REST and on the command line that is a mistake.

    Raises:
        InvalidJob: it would.
    """
    if expires_in_ms is not None and delay_ms >= expires_in_ms:
        raise InvalidJob.at("/expires_in", "must be longer than delay: the job would expire before it is due")


class Origin(msgspec.Struct, frozen=True):
    """The origin of a job: its tenant, how its id is made, the release of the program that enqueues it."""

    tenant: str = DEFAULT_TENANT
    new_id: Callable[[], UUID] = new_id
    release: str | None = None


NO_APP = Origin()


class JobTemplate(msgspec.Struct, frozen=True):
    """What the jobs of one task, one set of options and one origin have in common: thousands of a list share one.

    Attributes:
        options: the caller's options.
        origin: where the jobs come from.
        rest: the fields of NewJob after its arguments, in its order (given by position, ADR 6).
    """

    options: Options
    origin: Origin
    rest: tuple[Any, ...]

    def fits(self, options: Options, origin: Origin) -> bool:
        """Tell whether it serves a job of these very options and origin, here: a handler's jobs have its trace."""
        return self.options is options and self.origin is origin and running.get() is None

    def make(self, task: str, args: bytes) -> NewJob:
        """Put together a job to store, with a new id."""
        return NewJob(self.origin.new_id(), task, args, *self.rest)


def make_template(options: Options, defaults: Defaults, key: UniqueKey | None, origin: Origin) -> JobTemplate:
    """Make a template: everything but a job's id and arguments."""
    rest = (
        defaults.queue if options.queue is msgspec.UNSET else options.queue,
        defaults.priority if options.priority is msgspec.UNSET else options.priority,
        "",
        origin.tenant,
        options.delay_ms,
        options.run_at,
        defaults.max_attempts if options.max_attempts is msgspec.UNSET else options.max_attempts,
        defaults.timeout_ms if options.timeout_ms is msgspec.UNSET else options.timeout_ms,
        options.expires_in_ms,
        key,
        options.tags,
        options.meta,
        job_headers(options.traceparent, options.actor, origin.release, options.replay_of),
    )
    return JobTemplate(options, origin, rest)


def _run_at(value: object) -> tuple[str, datetime | None]:
    return "run_at", None if value is None else check_time("/run_at", value)


def _timeout(value: Any) -> tuple[str, int | None]:
    if value is None:
        return "timeout_ms", None
    timeout_ms = to_ms(value, "/timeout", longest=MAX_TIMEOUT_MS)
    if timeout_ms == 0:
        raise InvalidJob.at("/timeout", "must be longer than 0 seconds")
    return "timeout_ms", timeout_ms


def _expires_in(value: Any) -> tuple[str, int | None]:
    if value is None:
        return "expires_in_ms", None
    expires_in_ms = to_ms(value, "/expires_in")
    if expires_in_ms == 0:
        raise InvalidJob.at("/expires_in", "must be longer than 0 seconds")
    return "expires_in_ms", expires_in_ms


def _unique(value: object) -> tuple[str, Unique | UniqueKey | None]:
    if isinstance(value, str):
        return "unique", literal_key(value)
    if value is not None and not isinstance(value, Unique):
        raise InvalidJob.at("/unique", f"must be a Unique or a key, got {type(value).__name__}")
    return "unique", value


def _tags(value: Any) -> tuple[str, tuple[str, ...]]:
    if isinstance(value, str) or not isinstance(value, Sequence | set | frozenset):
        raise InvalidJob.at("/tags", "must be a list of texts")
    if len(value) > MAX_TAGS:
        raise InvalidJob.at("/tags", f"must be at most {MAX_TAGS}, got {len(value)}")
    tags = sorted(value) if isinstance(value, set | frozenset) else value
    return "tags", tuple(check_text(f"/tags/{index}", tag, MAX_TAG_LENGTH) for index, tag in enumerate(tags))


def _meta(value: object) -> tuple[str, bytes | None]:
    if value is None:
        return "meta", None
    if not isinstance(value, Mapping):
        raise InvalidJob.at("/meta", f"must be an object, got {type(value).__name__}")
    return "meta", codec.encode(value, "/meta", MAX_META_BYTES)


def _idempotency_key(value: object) -> tuple[str, str | None]:
    return "idempotency_key", None if value is None else check_text("/idempotency_key", value, MAX_KEY_LENGTH)


_CHECKS: dict[str, Any] = {
    "delay": lambda value: ("delay_ms", 0 if value is None else to_ms(value, "/delay")),
    "run_at": _run_at,
    "queue": lambda value: ("queue", check_name("queue", value)),
    "priority": lambda value: ("priority", check_int("/priority", value, PRIORITY_MIN, PRIORITY_MAX)),
    "max_attempts": lambda value: ("max_attempts", check_int("/max_attempts", value, 1, MAX_ATTEMPTS)),
    "timeout": _timeout,
    "expires_in": _expires_in,
    "unique": _unique,
    "tags": _tags,
    "meta": _meta,
    "traceparent": lambda value: ("traceparent", check_traceparent(value)),
    "conn": lambda value: ("conn", value),
    "wake": lambda value: ("wake", bool(value)),
    "idempotency_key": _idempotency_key,
}
