"""Checks plain values against the JSON Schema that a task was announced with.

Enqueueing by name has no function to check arguments with. This is the part of JSON Schema 2020-12 that msgspec
and pydantic write for types; keywords beyond it are ignored, as JSON Schema wants it. What must stay true:

* What the types of msgspec accept is not refused here: ``uniqueItems`` is ignored, since a list with repeats makes a
  set. 1.0 is not an integer, because msgspec would refuse it. A pydantic model may accept more than its schema says
  ("5" for an integer); by name, the schema counts.
* The cost is bounded for any schema and value: a step is counted for each element, and again in each alternative.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import msgspec

from taskflowmq.core.errors import InvalidJob
from taskflowmq.core.validation import Misfit, join_pointer

#: How many elements one check visits, counted again for each alternative that it tries.
MAX_STEPS = 500_000
#: Longer text is not matched against a pattern: some patterns take exponential time.
MAX_PATTERN_TEXT = 1_000
_REF = "#/$defs/"

#: Returns what is wrong, or None. The steps that are left are counted down in the list.
Check = Callable[[Any, list[int]], Misfit | None]


class _TooManySteps(Exception):
    """Checking this value against this schema takes too many steps."""


class Schema:
    """The schema of a task's arguments, ready to check them.

    Args:
        document: the schema as plain values; an object.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        properties = document.get("properties")
        #: The defaults of arguments that have one; None where the default has no JSON form.
        self.defaults: dict[str, Any] = {}
        required = set(document.get("required") or ())
        for name, one in (properties if isinstance(properties, dict) else {}).items():
            if name not in required:
                self.defaults[name] = one.get("default") if isinstance(one, dict) else None
        self._check = _Compiler(document).compile(document)

    def check(self, value: Any, pointer: str) -> None:
        """Check a value.

        Args:
            value: plain values, as JSON gives them.
            pointer: JSON pointer of the value, for the error.

        Raises:
            InvalidJob: names the first part that does not fit.
        """
        try:
            found = self._check(value, [MAX_STEPS])
        except (_TooManySteps, RecursionError):
            raise InvalidJob.at(pointer, "has too many elements to validate: send fewer per job") from None
        if found is not None:
            raise InvalidJob.at(join_pointer(pointer, reversed(found.steps)), found.detail)


class _Compiler:
    """Turns a schema into functions, each of its definitions once."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        found = root.get("$defs")
        self._definitions: dict[str, Any] = found if isinstance(found, dict) else {}
        self._compiled: dict[str, Check] = {}

    def compile(self, schema: Any) -> Check:
        if schema is False:
            return lambda value, steps: Misfit([], "must be absent")
        if not isinstance(schema, dict):
            return _anything
        checks = [check for make in _MAKERS if (check := make(self, schema)) is not None]
        if not checks:
            return _anything
        return checks[0] if len(checks) == 1 else _all_of(checks)

    def reference(self, name: str) -> Check:
        """Return the check of a definition. A definition may refer to itself, so the check is made at its first use."""

        def check(value: Any, steps: list[int]) -> Misfit | None:
            compiled = self._compiled.get(name)
            if compiled is None:
                compiled = self._compiled[name] = self.compile(self._definitions.get(name))
            return compiled(value, steps)

        return check


def _anything(value: Any, steps: list[int]) -> Misfit | None:
    return None


def _all_of(checks: list[Check]) -> Check:
    def check(value: Any, steps: list[int]) -> Misfit | None:
        for one in checks:
            found = one(value, steps)
            if found is not None:
                return found
        return None

    return check


def _spend(steps: list[int], count: int) -> None:
    steps[0] -= count + 1
    if steps[0] < 0:
        raise _TooManySteps


# ---- references and alternatives


def _make_reference(compiler: _Compiler, schema: Mapping[str, Any]) -> Check | None:
    target = schema.get("$ref")
    if not isinstance(target, str) or not target.startswith(_REF):
        return None
    return compiler.reference(target.removeprefix(_REF))


def _make_alternatives(compiler: _Compiler, schema: Mapping[str, Any]) -> Check | None:
    given = schema.get("anyOf") or schema.get("oneOf")
    if not isinstance(given, list):
        return None
    checks = [compiler.compile(one) for one in given]
    chosen = _chosen(compiler, schema.get("discriminator"))
    wanted = " or ".join(filter(None, (_name_of(one) for one in given)))

    def check(value: Any, steps: list[int]) -> Misfit | None:
        if chosen is not None and isinstance(value, dict):
            one, found = chosen(value)
            return found if one is None else one(value, steps)
        misfits = []
        for one in checks:
            _spend(steps, 0)
            found = one(value, steps)
            if found is None:
                return None
            misfits.append(found)
        # The error of the alternative that fits furthest says most.
        deepest = max(misfits, key=lambda misfit: len(misfit.steps))
        if deepest.steps or not wanted:
            return deepest
        return Misfit([], f"must be {wanted}, got {_kind_of(value)}")

    return check


def _chosen(compiler: _Compiler, given: Any) -> Callable[[dict[str, Any]], tuple[Check | None, Misfit | None]] | None:
    """Return what picks the alternative that a tag names; without it, all of them and their inner ones are tried."""
    if not isinstance(given, dict) or not isinstance(given.get("mapping"), dict):
        return None
    tag = given.get("propertyName")
    if not isinstance(tag, str):
        return None
    # The schema writes tags that are numbers as text.
    mapping = {name: compiler.compile({"$ref": target}) for name, target in given["mapping"].items()}

    def choose(value: dict[str, Any]) -> tuple[Check | None, Misfit | None]:
        if tag not in value:
            return None, Misfit([tag], "is missing")
        found = mapping.get(str(value[tag]))
        if found is None:
            return None, Misfit([tag], f"must be one of {_shown(mapping)}")
        return found, None

    return choose


def _make_all(compiler: _Compiler, schema: Mapping[str, Any]) -> Check | None:
    given = schema.get("allOf")
    return _all_of([compiler.compile(one) for one in given]) if isinstance(given, list) else None


# ---- one value


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_IS: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": _is_integer,
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}


def _kind_of(value: Any) -> str:
    return next((name for name, fits in _IS.items() if fits(value)), type(value).__name__)


def _name_of(schema: Any) -> str | None:
    """Return a word for what a schema takes, for the error."""
    if not isinstance(schema, dict):
        return None
    if isinstance(schema.get("$ref"), str):
        return str(schema["$ref"]).removeprefix(_REF)
    kind = schema.get("type")
    return kind if isinstance(kind, str) else None


def _given(value: Any) -> str:
    """Return a wrong value for the error, whole or not at all: a part of a hidden value could not be recognised."""
    text = repr(value)
    return text if len(text) <= 80 else f"another {_kind_of(value)}"


def _shown(values: Iterable[Any]) -> str:
    return ", ".join(f"{value!r:.40}" for value in list(values)[:10])


def _make_type(compiler: _Compiler, schema: Mapping[str, Any]) -> Check | None:
    given = schema.get("type")
    kinds = [given] if isinstance(given, str) else given
    if not isinstance(kinds, list) or not kinds or any(kind not in _IS for kind in kinds):
        return None
    fits, wanted = [_IS[kind] for kind in kinds], " or ".join(kinds)
    if schema.get("format") == "decimal":
        fits.append(_IS["number"])  # msgspec writes texts and reads numbers too

    def check(value: Any, steps: list[int]) -> Misfit | None:
        for one in fits:
            if one(value):
                return None
        return Misfit([], f"must be {wanted}, got {_kind_of(value)}")

    return check


def _make_choice(compiler: _Compiler, schema: Mapping[str, Any]) -> Check | None:
    choices = [schema["const"]] if "const" in schema else schema.get("enum")
    if not isinstance(choices, list):
        return None

    def check(value: Any, steps: list[int]) -> Misfit | None:
        # 1, 1.0 and True are equal in Python.
        if any(type(one) is type(value) and one == value for one in choices):
            return None
        return Misfit([], f"must be one of {_shown(choices)}, got {_given(value)}")

    return check


def _make_text(compiler: _Compiler, schema: Mapping[str, Any]) -> Check | None:
    shortest, longest = _limit(schema, "minLength") or 0, _limit(schema, "maxLength")
    pattern = _pattern_of(schema.get("pattern"))
    form = _form_of(schema)
    if not shortest and longest is None and pattern is None and form is None:
        return None

    def check(value: Any, steps: list[int]) -> Misfit | None:
        if not isinstance(value, str):
            return None
        if len(value) < shortest or (longest is not None and len(value) > longest):
            return Misfit([], _bounds("must have", shortest, longest, "characters", len(value)))
        if pattern is not None and len(value) <= MAX_PATTERN_TEXT and not pattern.search(value):
            return Misfit([], f"must match {pattern.pattern!r:.100}")
        return None if form is None else form(value)

    return check


def _pattern_of(given: Any) -> re.Pattern[str] | None:
    try:
        return re.compile(given) if isinstance(given, str) else None
    except re.error:  # another dialect's
        return None


_FORMS: dict[str, tuple[type, str]] = {
    "date-time": (datetime, "a time with a zone, as in 2026-01-31T12:00:00Z"),
    "date": (date, "a date, as in 2026-01-31"),
    "time": (time, "a time of day, as in 12:00:00Z"),
    "uuid": (UUID, "a UUID"),
    "base64": (bytes, "bytes in base64"),
    "duration": (timedelta, "a duration, as in PT1H30M"),
}


def _form_of(schema: Mapping[str, Any]) -> Callable[[str], Misfit | None] | None:
    name = schema.get("format") or schema.get("contentEncoding")
    kind, wanted = _FORMS.get(name, (None, "")) if isinstance(name, str) else (None, "")
    if kind is None:
        return None

    def fits(text: str) -> Misfit | None:
        if kind is timedelta and "P" not in text:
            return None  # pydantic takes more forms than the schema has words for
        try:
            value: Any = msgspec.convert(text, kind)
        except msgspec.ValidationError:
            return Misfit([], f"must be {wanted}")
        if isinstance(value, datetime) and value.utcoffset() is None:
            return Misfit([], f"must be {wanted}")
        return None

    return fits


def _make_number(compiler: _Compiler, schema: Mapping[str, Any]) -> Check | None:
    bounds = [(name, bound, fits) for name, fits in _BOUNDS.items() if (bound := _limit(schema, name)) is not None]
    step = _limit(schema, "multipleOf")
    if not _is_integer(step) or step < 1:
        step = None  # 0.3 is a multiple of 0.1 to a person and not to a processor: the task's own check decides
    if not bounds and step is None:
        return None

    def check(value: Any, steps: list[int]) -> Misfit | None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        for name, bound, fits in bounds:
            if not fits(value, bound):
                return Misfit([], f"must be {_WORDS[name]} {bound}")
        if step is not None and value % step:
            return Misfit([], f"must be a multiple of {step}")
        return None

    return check


_BOUNDS: dict[str, Callable[[Any, Any], bool]] = {
    "minimum": lambda value, bound: value >= bound,
    "maximum": lambda value, bound: value <= bound,
    "exclusiveMinimum": lambda value, bound: value > bound,
    "exclusiveMaximum": lambda value, bound: value < bound,
}
_WORDS = {
    "minimum": "at least",
    "maximum": "at most",
    "exclusiveMinimum": "more than",
    "exclusiveMaximum": "less than",
}


def _limit(schema: Mapping[str, Any], name: str) -> Any:
    """Return a limit, or None if it is not a number."""
    found = schema.get(name)
    return found if isinstance(found, int | float) and not isinstance(found, bool) else None


def _bounds(verb: str, low: Any, high: Any, unit: str, count: int) -> str:
    wanted = f"at least {low}" if high is None else f"{low}…{high}"
    return f"{verb} {wanted} {unit}, got {count}"


# ---- lists and objects


def _make_list(compiler: _Compiler, schema: Mapping[str, Any]) -> Check | None:
    first = [compiler.compile(one) for one in schema.get("prefixItems") or ()]
    rest = compiler.compile(schema.get("items"))
    low, high = _limit(schema, "minItems") or 0, _limit(schema, "maxItems")
    if not first and rest is _anything and not low and high is None:
        return None

    def check(value: Any, steps: list[int]) -> Misfit | None:
        if not isinstance(value, list):
            return None
        if len(value) < low or (high is not None and len(value) > high):
            return Misfit([], _bounds("must have", low, high, "items", len(value)))
        if rest is _anything and not first:
            return None
        _spend(steps, len(value))
        for index, item in enumerate(value):
            found = (first[index] if index < len(first) else rest)(item, steps)
            if found is not None:
                found.steps.append(index)
                return found
        return None

    return check


def _make_object(compiler: _Compiler, schema: Mapping[str, Any]) -> Check | None:
    given = schema.get("properties") or {}
    properties = {name: compiler.compile(one) for name, one in given.items()}
    required = tuple(schema.get("required") or ())
    others, names = schema.get("additionalProperties", True), schema.get("propertyNames")
    low, high = _limit(schema, "minProperties") or 0, _limit(schema, "maxProperties")
    if not properties and not required and others is True and names is None and not low and high is None:
        return None
    other = None if others is False else compiler.compile(others)
    name_check = compiler.compile(names)

    def check(value: Any, steps: list[int]) -> Misfit | None:
        if not isinstance(value, dict):
            return None
        for name in required:
            if name not in value:
                return Misfit([name], "is missing")
        if len(value) < low or (high is not None and len(value) > high):
            return Misfit([], _bounds("must have", low, high, "names", len(value)))
        _spend(steps, len(value))
        for name, item in value.items():
            one = properties.get(name, other)
            if one is None:
                return Misfit([name], f"is unknown; known names: {_shown(properties) or 'none'}")
            found = one(item, steps)
            if found is None and name_check is not _anything and (found := name_check(name, steps)) is not None:
                found = Misfit([], f"as a name: {found.detail}")
            if found is not None:
                found.steps.append(name)
                return found
        return None

    return check


_MAKERS = (
    _make_reference, _make_type, _make_choice, _make_text, _make_number, _make_list, _make_object, _make_alternatives,
    _make_all,
)  # fmt: skip
