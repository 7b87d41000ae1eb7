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
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, cast

import msgspec

from taskflowmq.core.errors import FieldError, InvalidJob
from taskflowmq.core.limits import MAX_DEPTH, RESERVED_KEY, check_storable

_PATH = re.compile(r"\A(?P<what>.*) - at `\$(?P<path>[^`]*)`\Z", re.DOTALL)
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+|\.\.\.)\]")
_MISSING = re.compile(r"Object missing required field `([^`]+)`")
_UNKNOWN = re.compile(r"Object contains unknown field `([^`]+)`")
_DEEP_BYTES = 2 * MAX_DEPTH


def is_pydantic(kind: object) -> bool:
    """Tell whether this type is a pydantic model."""
    return isinstance(kind, type) and hasattr(kind, "__pydantic_validator__") and hasattr(kind, "model_validate")


def to_plain(value: Any) -> Any:
    """Turn an object that msgspec does not know into one that it does (its ``enc_hook``)."""
    if is_pydantic(type(value)):
        return value.model_dump(mode="json", by_alias=True)
    raise TypeError(f"{type(value).__module__}.{type(value).__qualname__} has no JSON form")


def from_plain(kind: type, value: Any) -> Any:
    """Turn a JSON value into an object of a type that msgspec does not know (its ``dec_hook``)."""
    # As JSON, not as Python values: a strict model takes a UUID or a tuple from JSON, but not from a str or a list.
    return kind.model_validate_json(_encoder.encode(value))  # type: ignore[attr-defined]  # only models get here


_encoder = msgspec.json.Encoder(enc_hook=to_plain)


def encode(value: Any, pointer: str) -> bytes:
    """Turn a value into JSON that both engines can store.

    Args:
        value: anything that msgspec or pydantic can turn into JSON.
        pointer: JSON pointer of the value, for errors.

    Raises:
        InvalidJob: the value, or something in it, cannot be stored; the error names the place.
    """
    try:
        raw = _encoder.encode(value)
        text = raw.decode()
    except RecursionError:
        raise InvalidJob.at(pointer, f"nested deeper than {MAX_DEPTH} levels, or inside itself") from None
    except (TypeError, ValueError, OverflowError) as error:
        raise _refused(value, pointer, error) from None
    # Each kind of bad value leaves a trace in the JSON, which tells whether the precise but slow check must look: NaN
    # and infinity are written as null, NUL as an escape. A level of nesting takes two characters at least.
    # Looked for in text: looking in bytes first asks whether the needle is a number, at three times the cost.
    if (
        "null" in text
        or "\\u0000" in text
        or RESERVED_KEY in text
        or (len(raw) >= _DEEP_BYTES and raw.count(b"[") + raw.count(b"{") >= MAX_DEPTH)
    ):
        check_storable(msgspec.to_builtins(value, enc_hook=to_plain), pointer)
    return raw


def _refused(value: Any, pointer: str, error: Exception) -> InvalidJob:
    """Find which part of a value could not be encoded, so that the error names it."""
    for here, part in _parts(value, pointer):
        try:
            _encoder.encode(part)
        except (TypeError, ValueError, OverflowError, RecursionError) as inner:
            return _refused(part, here, inner)
    if isinstance(error, UnicodeEncodeError):
        return InvalidJob.at(pointer, "holds a lone surrogate, which is not Unicode text")
    return InvalidJob.at(pointer, f"cannot be stored as JSON: {error}")


def _parts(value: Any, pointer: str) -> Iterator[tuple[str, Any]]:
    """Yield what a value is made of, each part with its pointer."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if isinstance(key, str):
                yield f"{pointer}/{escape(key)}", item
    elif isinstance(value, list | tuple | set | frozenset):
        for index, item in enumerate(value):
            yield f"{pointer}/{index}", item
    else:
        for name in _field_names(type(value)):
            if hasattr(value, name):
                yield f"{pointer}/{name}", getattr(value, name)


def _field_names(kind: type) -> Iterable[str]:
    """Return the names of the fields of a Struct, dataclass, attrs class or pydantic model; of others, none."""
    if issubclass(kind, msgspec.Struct):
        return kind.__struct_fields__
    if is_pydantic(kind):
        return cast(dict[str, Any], kind.model_fields)  # type: ignore[attr-defined]  # a model has it
    attrs: Iterable[Any] = getattr(kind, "__attrs_attrs__", ())
    return tuple(getattr(kind, "__dataclass_fields__", ())) or tuple(one.name for one in attrs)


def escape(key: str) -> str:
    """Escape one step of a JSON pointer (RFC 6901); a lone surrogate must not spoil the error."""
    return key.replace("~", "~0").replace("/", "~1").encode("utf-8", "replace").decode()


def find_naive(value: Any, pointer: str) -> FieldError | None:
    """Return the first datetime without a time zone inside a decoded value, or None."""
    if isinstance(value, datetime):
        if value.utcoffset() is None:
            return FieldError(pointer, f"{value.isoformat()} has no time zone: give an aware datetime")
        return None
    for here, part in _parts(value, pointer):
        found = find_naive(part, here)
        if found is not None:
            return found
    return None


def invalid(error: msgspec.MsgspecError, pointer: str) -> InvalidJob:
    """Turn msgspec's refusal into an :class:`InvalidJob` that names the field.

    Args:
        error: what the decoder raised; a pydantic error may be its cause.
        pointer: JSON pointer of the value that was decoded.
    """
    match = _PATH.match(str(error))
    what, path = (match["what"], match["path"]) if match else (str(error), "")
    here = pointer + _pointer(path)
    found = tuple(_pydantic_fields(error.__cause__, here)) or (_field(what, here),)
    text = "; ".join(f"{one.pointer.removeprefix('/').replace('/', '.')}: {one.detail}" for one in found)
    return InvalidJob(text, found)


def _field(what: str, here: str) -> FieldError:
    if missing := _MISSING.search(what):
        return FieldError(f"{here}/{escape(missing[1])}", "is missing")
    if unknown := _UNKNOWN.search(what):
        return FieldError(f"{here}/{escape(unknown[1])}", "is not an argument of this task")
    return FieldError(here, what)


def _pointer(path: str) -> str:
    """Turn msgspec's ``.to[0].x`` into ``/to/0/x``; it hides the keys of dicts, so the pointer ends there."""
    steps: list[str] = []
    for name, index in _STEP.findall(path):
        if index == "...":
            break
        steps.append(escape(name) if name else index)
    return "".join(f"/{step}" for step in steps)


def _pydantic_fields(cause: BaseException | None, here: str) -> Iterator[FieldError]:
    errors = getattr(cause, "errors", None)
    if cause is None or not is_pydantic_error(cause) or errors is None:
        return
    for one in errors(include_url=False, include_context=False, include_input=False):
        yield FieldError(here + "".join(f"/{escape(str(step))}" for step in one["loc"]), str(one["msg"]))


def is_pydantic_error(error: BaseException) -> bool:
    """Tell whether this is pydantic's ValidationError."""
    return type(error).__name__ == "ValidationError" and type(error).__module__.startswith("pydantic")
