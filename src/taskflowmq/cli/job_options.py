"""Options of ``taskflow enqueue`` that are the fields of a REST body: ``wire/job.py`` defines them for both."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from taskflowmq.cli.exits import CommandError, Exit
from taskflowmq.cli.options import option, read_span, read_time
from taskflowmq.wire.job import JobBody

F = TypeVar("F", bound=Callable[..., Any])

_OR_SPAN = ", or a duration such as 90s, 10m, 2h or 1d"
_SHAPE = "Write an object: '{\"name\": …}'"
#: By the type of a field: how click reads its option, and what its help adds.
_READ_AS: dict[type, tuple[dict[str, Any], str]] = {
    inspect.StrType: ({}, ""),
    inspect.IntType: ({"type": int}, ""),
    inspect.FloatType: ({"type": float}, ""),
    inspect.DateTimeType: ({"metavar": "TIME"}, " (2026-01-31T12:00:00Z)"),
    inspect.DictType: ({"metavar": "JSON"}, ", as a JSON object"),
    inspect.ListType: ({"multiple": True}, "; repeatable"),
}


def _kind_of(field: inspect.Field) -> type:
    bare = field.type.type if isinstance(field.type, inspect.Metadata) else field.type
    kinds = [type(kind) for kind in (bare.types if isinstance(bare, inspect.UnionType) else (bare,))]
    return next(kind for kind in kinds if kind is not inspect.NoneType)


_BODY = inspect.type_info(JobBody)
_FIELDS = {
    field.name: field
    for field in (_BODY.fields if isinstance(_BODY, inspect.StructType) else ())
    if field.name not in ("task", "args")
}
_KINDS = {name: _kind_of(field) for name, field in _FIELDS.items()}


def job_options(command: F) -> F:
    """Take each field of a job but its task and arguments as an option and a variable; of a list, one item each."""
    for name, kind in reversed(_KINDS.items()):
        settings, addition = _READ_AS[kind]
        word = name.removesuffix("s") if kind is inspect.ListType else name
        flags, env = ["--" + word.replace("_", "-"), name], f"TASKFLOW_{word.upper()}"
        if name == "delay":  # in both words, and as a duration too, as `jobs reschedule` takes it
            flags, settings, addition = ["--in", *flags], {"type": _delay, "metavar": "DURATION"}, _OR_SPAN
        command = option(*flags, env=env, help=f"{_described(name)}{addition}.", **settings)(command)
    return command


def _delay(text: str) -> float:
    """Return seconds: a number of them, or a duration with a unit."""
    try:
        return float(text)
    except ValueError:
        return read_span("--delay", text)


def _described(name: str) -> str:
    found = _FIELDS[name].type
    text = (found.extra_json_schema or {}).get("description", "") if isinstance(found, inspect.Metadata) else ""
    return str(text)


def read_options(given: dict[str, Any]) -> dict[str, Any]:
    """Return the options in the words of the client, without those that were not given.

    Args:
        given: options of the command by name, also those that are no field of a job.

    Raises:
        CommandError: an option is not JSON.
        BadParameter: an option is no time.
    """
    options = {name: _read(name, value) for name, value in given.items() if value not in (None, ())}
    if "unique_key" in options:
        options["unique"] = options.pop("unique_key")
    return options


def _read(name: str, value: Any) -> Any:
    kind, flag = _KINDS.get(name), "--" + name.replace("_", "-")
    if kind is inspect.DateTimeType:
        return read_time(flag, value)
    return read_object(value, flag) if kind is inspect.DictType else value


def read_object(text: str | bytes, what: str) -> dict[str, Any]:
    """Return a JSON object.

    Raises:
        CommandError: the text is none; ``what`` names it.
    """
    try:
        # As the bytes that were typed: in the C locale Python reads what is no ASCII as surrogates.
        raw = os.fsencode(text) if isinstance(text, str) else text
        raw.decode()
        found = msgspec.json.decode(raw)
    except UnicodeError as error:
        raise CommandError(f"{what}: not UTF-8", Exit.USAGE, _SHAPE) from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise CommandError(f"{what}: not JSON: {error}", Exit.USAGE, _SHAPE) from error
    if not isinstance(found, dict):
        raise CommandError(f"{what}: must be a JSON object of arguments by name", Exit.USAGE, _SHAPE)
    return found
