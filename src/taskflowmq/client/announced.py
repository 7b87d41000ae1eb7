"""What the store knows of a task whose function is in another program: its options and the schema of its arguments.

Programs announce both (:func:`options_json`). A program that enqueues by name alone gets the same queue, priority,
attempts, timeout, unique key and refusals as one that has the function.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from taskflowmq.client.options import Defaults, JobTemplate, Options, Origin, make_template
from taskflowmq.client.unique import Unique
from taskflowmq.core.errors import InvalidJob
from taskflowmq.core.job import NewJob, UniqueKey
from taskflowmq.core.redaction import Rule
from taskflowmq.core.schema import Schema
from taskflowmq.ports.context import running
from taskflowmq.ports.tasks import TaskView

log = logging.getLogger("taskflowmq.client")

#: The placeholder for a function that computes the key: functions cannot be announced.
_BY_FUNCTION = "function"


class _UniqueOption(msgspec.Struct, frozen=True, kw_only=True):
    by: tuple[str, ...] | Literal["function"] | None = None
    until: Literal["finish", "start"] = "finish"
    period: float | None = None
    on_conflict: Literal["return", "raise", "replace"] = "return"


class _Options(msgspec.Struct, frozen=True, kw_only=True):
    """The options of a task as JSON, in the words of REST. Fields may be added; a reader ignores unknown ones."""

    queue: str = "default"
    priority: int = 0
    max_attempts: int = 3
    timeout: float | None = None
    unique: _UniqueOption | None = None
    #: Paths of fields that are not shown; left out if there are none.
    redact: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET


_decoder = msgspec.json.Decoder(_Options)


def options_json(defaults: Defaults, rules: Sequence[Rule] = ()) -> bytes:
    """Return a task's options as they are announced, with the rules of redaction for its jobs."""
    return msgspec.json.encode(
        _Options(
            queue=defaults.queue,
            priority=defaults.priority,
            max_attempts=defaults.max_attempts,
            timeout=None if defaults.timeout_ms is None else defaults.timeout_ms / 1000,
            unique=None if defaults.unique is None else _unique_option(defaults.unique),
            redact=tuple(map(str, rules)) or msgspec.UNSET,
        )
    )


def _unique_option(unique: Unique) -> _UniqueOption:
    by: Any = unique.by
    if callable(by):
        by = _BY_FUNCTION
    elif by is not None:
        by = (by,) if isinstance(by, str) else tuple(by)
    return _UniqueOption(by=by, until=unique.until, period=unique.period_s, on_conflict=unique.on_conflict)


class AnnouncedTask:
    """One task as the store knows it. A task that no program has announced has no schema and the default options.

    Args:
        view: the task as the store has it.
    """

    def __init__(self, view: TaskView) -> None:
        self.name = view.name
        self._view = view
        self._defaults, self._key_by_function = _defaults_of(view)
        #: The template of the last job: the next one usually differs in id and arguments only.
        self._template: JobTemplate | None = None

    def says(self, view: TaskView) -> bool:
        """Tell whether the store still has the same announcement."""
        return (self._view.args_schema, self._view.options) == (view.args_schema, view.options)

    @functools.cached_property
    def _schema(self) -> Schema | None:
        """The schema, made at the first job: of a thousand tasks in the store, this program may enqueue three."""
        return _schema_of(self._view)

    def job(self, raw: bytes, options: Options, origin: Origin) -> NewJob:
        """Return the job to store.

        Args:
            raw: the arguments by name, as JSON.
            options: the caller's options.
            origin: where the job comes from.

        Raises:
            InvalidJob: the arguments do not fit what was announced, or the unique key cannot be computed here.
        """
        unique = self._defaults.unique if options.unique is msgspec.UNSET else options.unique
        if self._schema is not None or isinstance(unique, Unique):
            args = msgspec.json.decode(raw)
            if self._schema is not None:
                self._schema.check(args, "/args")
            if isinstance(unique, Unique):
                unique = unique.resolve(self.name, self._with_defaults(args))
        if options.unique is msgspec.UNSET and self._key_by_function:
            raise InvalidJob.at(
                "/unique_key",
                f"is required: a function of the declaring program computes the unique keys of {self.name!r}."
                " Pass a key, or enqueue in that program",
            )
        if isinstance(unique, UniqueKey):
            return make_template(options, self._defaults, unique, origin).make(self.name, raw)
        template = self._template
        if template is None or not template.fits(options, origin):
            template = make_template(options, self._defaults, None, origin)
            # Not with a caller's connection or a handler's trace: no template may keep them, and no job inherit them.
            if running.get() is None and options.conn is None:
                self._template = template
        return template.make(self.name, raw)

    def _with_defaults(self, args: Mapping[str, Any]) -> Mapping[str, Any]:
        return args if self._schema is None else {**self._schema.defaults, **args}


def _schema_of(view: TaskView) -> Schema | None:
    if view.args_schema is None:
        return None
    try:
        return Schema(msgspec.json.decode(view.args_schema, type=dict[str, Any]))
    except (msgspec.MsgspecError, RecursionError, TypeError, AttributeError, ValueError) as error:
        # Any program can announce any schema; the worker that runs the job checks its arguments in any case.
        log.warning("the announced schema of task %s is unusable, so arguments are not validated: %s", view.name, error)
        return None


def _defaults_of(view: TaskView) -> tuple[Defaults, bool]:
    """Return the options, and whether a function of the task's program makes its unique keys."""
    if view.options is None:
        return Defaults(), False
    try:
        said = _decoder.decode(view.options)
        unique, by_function = None, False
        if said.unique is not None:
            by_function = said.unique.by == _BY_FUNCTION
            unique = None if by_function else Unique(**msgspec.structs.asdict(said.unique))
    except (msgspec.MsgspecError, InvalidJob) as error:
        log.warning("the announced options of task %s are unusable: %s", view.name, error)
        return Defaults(), False
    timeout_ms = None if said.timeout is None else round(said.timeout * 1000)
    defaults = Defaults(
        queue=said.queue,
        priority=said.priority,
        max_attempts=said.max_attempts,
        timeout_ms=timeout_ms,
        unique=unique,
    )
    return defaults, by_function
