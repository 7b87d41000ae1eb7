"""JSON forms of types that msgspec does not know: paths, numpy's scalars, and those that a program registers.

A type has one form in a process, whichever app registered it: a value may pass through several apps.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import PurePath
from typing import Any, NamedTuple

import msgspec


class Codec(NamedTuple):
    """How a type becomes JSON, and comes back.

    Attributes:
        encode: an object -> what msgspec can encode.
        decode: the declared type, and that value -> an object of the type.
        schema: the JSON Schema of that value.
    """

    encode: Callable[[Any], Any]
    decode: Callable[[Any, Any], Any]
    schema: dict[str, Any]


_registered: dict[type, Codec] = {}
#: A subclass of these is encoded as its base: the decoded value is equal, but no longer of its class.
_BASES = (str, int, float)


def register(kind: type, encode: Callable[[Any], Any], decode: Callable[[Any], Any]) -> None:
    """Give a type a JSON form.

    Args:
        kind: the type; its subclasses have the form too.
        encode: turns an object into something that has a JSON form.
        decode: turns that back into an object.

    Raises:
        TypeError: ``kind`` is not a class, or has a JSON form already.
        ValueError: it is registered with other functions.
    """
    if not isinstance(kind, type):
        raise TypeError(f"a codec is for a class, got {kind!r:.80}")
    if not isinstance(msgspec.inspect.type_info(kind), msgspec.inspect.CustomType):
        raise TypeError(f"{_name(kind)} has a JSON form: codecs are for types without one")
    known = _registered.get(kind)
    if known is not None and not _same(known.encode, encode):
        raise ValueError(f"{_name(kind)} has another codec: a type has one JSON form per program")

    def decoded(declared: type, value: Any) -> Any:
        made = decode(value)
        if not isinstance(made, declared):
            raise ValueError(
                f"the codec of {_name(kind)} made a {_name(type(made))}, and {_name(declared)} is declared"
            )
        return made

    _registered[kind] = Codec(encode, decoded, {"title": kind.__qualname__})


def find(kind: type) -> Codec | None:
    """Return the form of a type, or None: it has none."""
    for base in kind.__mro__:
        codec = _registered.get(base)
        if codec is not None:
            return codec
    if issubclass(kind, PurePath):
        return _PATH
    return _NUMPY if _is_numpy_scalar(kind) else None


def encode(value: Any) -> Any:
    """Turn an object into something that msgspec can encode.

    Raises:
        TypeError: its type has no JSON form; the message says what to do.
    """
    kind = type(value)
    codec = find(kind)
    if codec is not None:
        return codec.encode(value)
    for base in _BASES:
        if isinstance(value, base):
            return base(value)
    if isinstance(value, datetime):
        return datetime.combine(value.date(), value.timetz())
    if isinstance(value, timedelta):
        return timedelta(value.days, value.seconds, value.microseconds)
    if isinstance(value, date):
        return date(value.year, value.month, value.day)
    raise TypeError(f"{_name(kind)} has no JSON form: {hint(kind)}")


def hint(kind: type) -> str:
    """Return what to do about a type without a JSON form."""
    if kind.__module__.partition(".")[0] == "numpy":
        return "pass array.tolist(), or register one: app.codec(numpy.ndarray, encode=…, decode=…)"
    return (
        "use a dataclass, a msgspec Struct, a pydantic model or a built-in type, "
        f"or register one: app.codec({kind.__qualname__}, encode=…, decode=…)"
    )


def _is_numpy_scalar(kind: type) -> bool:
    return any(base.__module__ == "numpy" and base.__name__ == "generic" for base in kind.__mro__)


def _plain_scalar(value: Any) -> Any:
    plain = value.item()
    if not isinstance(plain, bool | int | float | str | bytes):
        raise TypeError(f"{_name(type(value))} has no JSON form: convert it to a number, a text or a datetime")
    return plain


def _same(one: Callable[..., Any], other: Callable[..., Any]) -> bool:
    """Tell whether two functions are the same, or the same definition run again: a module that is reloaded."""
    named = (getattr(one, "__module__", None), getattr(one, "__qualname__", None), getattr(one, "__code__", None))
    again = (getattr(other, "__module__", None), getattr(other, "__qualname__", None), getattr(other, "__code__", None))
    return one is other or (named[2] is not None and named == again)


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _make(declared: type, value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError(f"expected a text, got {type(value).__name__}")
    return declared(value)


_PATH = Codec(str, _make, {"type": "string", "format": "path"})
_NUMPY = Codec(_plain_scalar, lambda declared, value: declared(value), {"type": ["number", "boolean", "string"]})
