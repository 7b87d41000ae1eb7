"""Python values ↔ the JSON that is stored.

msgspec does the work: it validates, converts and describes dataclasses, Structs, TypedDicts, enums, Decimal,
dates, UUIDs, bytes (base64), sets and tuples. Pydantic models join through the two hooks, and pydantic is
never imported from here: a model can only exist where its owner has imported it.

What must stay true: whatever :func:`encode` returns can be stored by both engines and read back, so NaN, NUL,
lone surrogates, reserved keys and too deep nesting are refused here, each with the name of the field
(RELIABILITY F42).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from taskflowmq.client import codecs
from taskflowmq.client.roundtrip import find_changed
from taskflowmq.client.shapes import field_names, is_pydantic
from taskflowmq.core.errors import MAX_ERRORS, FieldError, InvalidJob
from taskflowmq.core.validation import MAX_DEPTH, RESERVED_KEY, Misfit, check_storable, escape_step, join_pointer

_STEP = re.compile(r"\.([^.\[]+)|\[(\d+|\.\.\.)\]")
_MISSING = re.compile(r"Object missing required field `([^`]+)`")
_UNKNOWN = re.compile(r"Object contains unknown field `([^`]+)`")
_DEEP_TEXT = 2 * MAX_DEPTH
#: Characters that are read of a message of msgspec, at each end.
MAX_MESSAGE = 2_000


def to_plain(value: Any) -> Any:
    """Turn an object that msgspec does not know into one that it does (its ``enc_hook``)."""
    if is_pydantic(type(value)):
        return _model_to_plain(value)
    return codecs.encode(value)


def _model_to_plain(value: Any) -> Any:
    """Turn a model into JSON values, unless that loses a part of it: a secret, an excluded field, a subclass."""
    kind = type(value)
    plain = value.model_dump(mode="json", by_alias=True)
    try:
        changed = find_changed(value, kind.model_validate_json(_encoder.encode(plain)))
    except ValueError as error:
        if not is_pydantic_error(error):
            raise
        raise TypeError(f"{kind.__qualname__} cannot be read back from its own JSON: {_first_line(error)}") from None
    if changed is not None:
        where = ".".join(str(step) for step in reversed(changed.steps)) or "it"
        raise TypeError(f"{kind.__qualname__} does not survive its own JSON: {where} {changed.detail}")
    return plain


def _first_line(error: Exception) -> str:
    [first, *_] = error.errors(include_url=False, include_context=False, include_input=False)  # type: ignore[attr-defined]
    return f"{'.'.join(str(step) for step in first['loc'])}: {first['msg']}"


def from_plain(kind: type, value: Any) -> Any:
    """Turn a JSON value into an object of a type that msgspec does not know (its ``dec_hook``)."""
    if not is_pydantic(kind):
        codec = codecs.find(kind)
        if codec is None:
            raise TypeError(f"{kind.__qualname__} has no JSON form: {codecs.hint(kind)}")
        return codec.decode(kind, value)
    # As JSON, not as Python values: a strict model takes a UUID or a tuple from JSON, but not from a str or a list.
    try:
        return kind.model_validate_json(_encoder.encode(value))  # type: ignore[attr-defined]  # only models get here
    except ValueError as error:
        if is_pydantic_error(error):
            # msgspec reads the text of the error, and pydantic's has four lines for each wrong field.
            raise ModelRefused(error) from None
        raise


class ModelRefused(ValueError):
    """A pydantic model refused a value.

    Attributes:
        error: pydantic's own ValidationError.
    """

    def __init__(self, error: Any) -> None:
        super().__init__("does not fit the model")
        self.error = error


_encoder = msgspec.json.Encoder(enc_hook=to_plain)
_ENCODING_ERRORS = (TypeError, ValueError, OverflowError, RecursionError)


def encode(value: Any, pointer: str, longest: int | None = None) -> bytes:
    """Turn a value into JSON that both engines can store.

    Args:
        value: anything that msgspec or pydantic can turn into JSON.
        pointer: JSON pointer of the value, for errors.
        longest: most bytes of JSON; checked before the value is.

    Raises:
        InvalidJob: the value, or something in it, cannot be stored; the error names its JSON pointer.
    """
    try:
        raw = _encoder.encode(value)
        text = raw.decode()
    except _ENCODING_ERRORS as error:
        raise _refused(value, pointer, error) from None
    if longest is not None and len(raw) > longest:
        raise InvalidJob.at(
            pointer, f"is {len(raw)} bytes of JSON, more than the maximum of {longest}: store a reference"
        )
    if _is_suspect(text):
        check_storable(msgspec.to_builtins(value, enc_hook=to_plain), pointer)
    return raw


def encode_unchecked(value: Any, pointer: str) -> bytes:
    """Turn a value into JSON, which may hold what an engine cannot store: see :func:`check_encoded`.

    Raises:
        InvalidJob: the value has no JSON form; the error names its JSON pointer.
    """
    try:
        return _encoder.encode(value)
    except _ENCODING_ERRORS as error:
        raise _refused(value, pointer, error) from None


def check_encoded(value: Any, raw: bytes, pointer: str) -> None:
    """Refuse a value whose JSON an engine could not store.

    Raises:
        InvalidJob: it names the JSON pointer.
    """
    try:
        text = raw.decode()
    except ValueError as error:
        raise _refused(value, pointer, error) from None
    if _is_suspect(text):
        check_storable(msgspec.to_builtins(value, enc_hook=to_plain), pointer)


def _is_suspect(text: str) -> bool:
    """Tell whether a value needs the precise but slow check, by the trace that each bad value leaves in its JSON.

    NaN and infinity are written as null, NUL as an escape, and a level of nesting takes two characters at least. The
    search is in text: a search in bytes first tests whether the needle is a number, at three times the cost.
    """
    return (
        "null" in text
        or "\\u0000" in text
        or RESERVED_KEY in text
        or (len(text) >= _DEEP_TEXT and text.count("[") + text.count("{") >= MAX_DEPTH)
    )


def _refused(value: Any, pointer: str, error: Exception) -> InvalidJob:
    """Find which part of a value could not be encoded, so that the error names it."""
    if isinstance(error, RecursionError):
        return InvalidJob.at(pointer, f"nested deeper than {MAX_DEPTH} levels, or inside itself")
    steps: list[object] = []
    inside = True
    # The model's own error is better than those of its parts: the model encodes them.
    while inside and not (is_pydantic(type(value)) and isinstance(error, TypeError)):
        inside = False
        for step, part in _parts(value):
            try:
                _encoder.encode(part)
            except _ENCODING_ERRORS as inner:
                steps.append(step)
                value, error, inside = part, inner, len(steps) <= MAX_DEPTH
                break
    pointer = join_pointer(pointer, steps)
    if isinstance(error, UnicodeEncodeError):
        return InvalidJob.at(pointer, "holds a lone surrogate, which is not Unicode text")
    return InvalidJob.at(pointer, f"cannot be stored as JSON: {error}")


def _parts(value: Any) -> Iterator[tuple[object, Any]]:
    """Yield the parts of a value, each with the step that leads to it."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if isinstance(key, str):
                yield key, item
    elif isinstance(value, list | tuple | set | frozenset):
        yield from enumerate(value)
    else:
        for name in field_names(type(value)):
            if hasattr(value, name):
                yield name, getattr(value, name)


def find_naive(value: Any, pointer: str) -> FieldError | None:
    """Return the first datetime without a time zone inside a decoded value, or None."""
    found = _naive(value)
    return None if found is None else FieldError(join_pointer(pointer, reversed(found.steps)), found.detail)


def _naive(value: Any) -> Misfit | None:
    if isinstance(value, datetime):
        if value.utcoffset() is None:
            return Misfit([], f"{value.isoformat()} has no time zone: give an aware datetime")
        return None
    for step, part in _parts(value):
        found = _naive(part)
        if found is not None:
            found.steps.append(step)
            return found
    return None


def invalid(error: ValueError, pointer: str) -> InvalidJob:
    """Turn msgspec's refusal into an :class:`InvalidJob` that names the field.

    Args:
        error: what the decoder raised; a pydantic error may be its cause.
        pointer: JSON pointer of the value that was decoded.
    """
    what, path = split_path(str(error))
    here = pointer + _pointer(path)
    found, more = _pydantic_fields(error.__cause__, here) or ((_field(what, here),), 0)
    text = "; ".join(f"{one.pointer.removeprefix('/').replace('/', '.')}: {one.detail}" for one in found)
    return InvalidJob(f"{text}; and {more} more" if more else text, found)


def cause_of(error: ValueError) -> BaseException | None:
    """Return what made a decoder refuse: pydantic's own error, or None."""
    cause = error.__cause__
    return cause.error if isinstance(cause, ModelRefused) else cause


def split_path(message: str) -> tuple[str, str]:
    """Split msgspec's sentence ("Expected `int`, got `str` - at `$.to[0]`") into what is wrong and where (".to[0]").

    The message may quote megabytes of the request, so it is read from its end, and only what can be shown is kept.
    """
    what, found, where = message[-MAX_MESSAGE:].rpartition(" - at `$")
    if not found or not where.endswith("`") or "`" in where[:-1]:
        return message[:MAX_MESSAGE], ""
    return (what if len(message) <= MAX_MESSAGE else message[:MAX_MESSAGE]), where[:-1]


def _field(what: str, here: str) -> FieldError:
    if missing := _MISSING.search(what):
        return FieldError(f"{here}/{escape_step(missing[1])}", "is missing")
    if unknown := _UNKNOWN.search(what):
        return FieldError(f"{here}/{escape_step(unknown[1])}", "is not an argument of this task")
    return FieldError(here, what)


def _pointer(path: str) -> str:
    """Turn msgspec's ``.to[0].x`` into ``/to/0/x``; it hides the keys of dicts, so the pointer ends there."""
    steps: list[str] = []
    for name, index in _STEP.findall(path):
        if index == "...":
            break
        steps.append(escape_step(name) if name else index)
    return "".join(f"/{step}" for step in steps)


def _pydantic_fields(cause: BaseException | None, here: str) -> tuple[tuple[FieldError, ...], int] | None:
    """Return the wrong fields that pydantic names, as many as an error shows, and how many more there are."""
    if not isinstance(cause, ModelRefused):
        return None
    errors = cause.error.errors(include_url=False, include_context=False, include_input=False)
    shown = tuple(FieldError(join_pointer(here, one["loc"]), str(one["msg"])) for one in errors[:MAX_ERRORS])
    return shown, len(errors) - len(shown)


def is_pydantic_error(error: BaseException) -> bool:
    """Tell whether this is pydantic's ValidationError."""
    return type(error).__name__ == "ValidationError" and type(error).__module__.startswith("pydantic")
