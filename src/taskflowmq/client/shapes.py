"""The parts of Python objects, for code that turns them into JSON, names their parts or compares them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

import msgspec


def is_pydantic(kind: object) -> bool:
    """Tell whether this type is a pydantic model."""
    return isinstance(kind, type) and hasattr(kind, "__pydantic_validator__") and hasattr(kind, "model_validate")


def field_names(kind: type) -> Iterable[str]:
    """Return the names of the fields of a Struct, dataclass, attrs class or pydantic model; of others, none."""
    if issubclass(kind, msgspec.Struct):
        return kind.__struct_fields__
    if is_pydantic(kind):
        return cast(dict[str, Any], kind.model_fields)  # type: ignore[attr-defined]  # a model has it
    attrs: Iterable[Any] = getattr(kind, "__attrs_attrs__", ())
    return tuple(getattr(kind, "__dataclass_fields__", ())) or tuple(one.name for one in attrs)


def json_names(kind: type) -> frozenset[str]:
    """Return the keys that a JSON object of this type may have: names as they are encoded, and its tag."""
    if not issubclass(kind, msgspec.Struct):
        return frozenset(field_names(kind))
    tag = kind.__struct_config__.tag_field
    return frozenset(kind.__struct_encode_fields__) | ({tag} if tag is not None else set())
