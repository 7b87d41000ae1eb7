"""Whether a value that became JSON decodes to what it was.

An encoder may omit or replace values that it does not support: a secret arrives as asterisks, an excluded field as its
default, an object of a subclass as its base. The job would be accepted and completed with other arguments than were
given. So the decoded value is compared with the given one if its type can lose something.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from taskflowmq.client import codecs
from taskflowmq.client.shapes import field_names, is_pydantic, json_names
from taskflowmq.core.validation import Misfit

#: JSON's own types: arguments over REST, or of a caller that leaves the conversion to the task's types.
_JSON = (dict, list, tuple, str, int, float, bool, bytes, type(None), set, frozenset)
_SCALARS = frozenset({str, int, float, bool, bytes, type(None)})


def find_changed(given: Any, arrived: Any) -> Misfit | None:
    """Return the first part of a value that changes on its way, or None.

    Args:
        given: the caller's value.
        arrived: the same after encoding and decoding by its declared type.
    """
    if given is arrived:
        return None
    kind = type(arrived)
    if type(given) is not kind:
        return _converted(given, arrived)
    if kind in _SCALARS:
        return None if given == arrived else _differs(given)
    if kind is dict:
        return _mapping(given, arrived)
    if isinstance(arrived, list | tuple):
        return _sequence(given, arrived)
    names = field_names(kind)
    if names:
        for name in names:
            found = find_changed(getattr(given, name, None), getattr(arrived, name, None))
            if found is not None:
                found.steps.append(name)
                return found
        return _extras(given, arrived)
    codec = codecs.find(kind)
    if codec is not None:
        return find_changed(codec.encode(given), codec.encode(arrived))
    return None if given == arrived else _differs(given)


def _extras(given: Any, arrived: Any) -> Misfit | None:
    """Check the values of a pydantic model that are not its fields (``extra="allow"``): they have no type there."""
    extra = getattr(given, "__pydantic_extra__", None)
    return _mapping(extra, getattr(arrived, "__pydantic_extra__", None) or {}) if extra else None


def _converted(given: Any, arrived: Any) -> Misfit | None:
    """Check a value that arrives as another type than it was given."""
    if isinstance(given, dict):
        if isinstance(arrived, dict):
            return _mapping(given, arrived)
        # A pydantic model decides itself about keys that it does not know.
        names = frozenset() if is_pydantic(type(arrived)) else json_names(type(arrived))
        unknown = [key for key in given if names and key not in names]
        return Misfit([unknown[0]], f"is not a field of {type(arrived).__qualname__}") if unknown else None
    if isinstance(given, list | tuple) and isinstance(arrived, list | tuple):
        return _sequence(given, arrived)
    if isinstance(given, _JSON):
        return None
    if isinstance(given, Enum) or codecs.find(type(given)) is not None:
        return None
    if tuple(field_names(type(given))):
        if isinstance(arrived, dict | list):
            return None  # it was declared as plain JSON
        was, becomes = type(given).__qualname__, type(arrived).__qualname__
        return Misfit([], f"is a {was} and would arrive as a {becomes}: declare the parameter as {was}")
    return None if given == arrived else _differs(given)


def _mapping(given: Mapping[Any, Any], arrived: Mapping[Any, Any]) -> Misfit | None:
    for key, value in given.items():
        if key not in arrived:
            if isinstance(key, str) and all(isinstance(one, str) for one in arrived):
                return Misfit([key], "is not a field of the declared type")
            continue
        found = find_changed(value, arrived[key])
        if found is not None:
            found.steps.append(key)
            return found
    return None


def _sequence(given: Any, arrived: Any) -> Misfit | None:
    for index, (one, other) in enumerate(zip(given, arrived, strict=False)):
        found = find_changed(one, other)
        if found is not None:
            found.steps.append(index)
            return found
    return None if len(given) == len(arrived) else Misfit([], "loses elements when encoded as JSON")


def _differs(given: Any) -> Misfit:
    # Never the value itself: a value that changes on its way is often a secret.
    kind = type(given).__qualname__
    return Misfit([], f"is of type {kind}, which its JSON form does not preserve, so it would arrive changed")
