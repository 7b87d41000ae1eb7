"""The extra fields of a log record in a form that may be shown (S24, S25).

A value whose key looks like a secret is replaced; texts go through :mod:`taskflowmq.core.redact`.
"""

from __future__ import annotations

from itertools import islice
from typing import Any

from taskflowmq.core.hidden_values import HiddenValues
from taskflowmq.core.redact import HIDDEN, is_secret_key, redact_head

#: Characters of one extra field, and items of one collection: a log line is not a place for a payload.
MAX_FIELD = 8_192
MAX_ITEMS = 200
MAX_DEPTH = 8
_NONE = HiddenValues()


def redact(key: str, value: Any, depth: int = MAX_DEPTH, hidden: HiddenValues = _NONE) -> Any:
    """Return a loggable form of an extra field: plain values, redacted; of other objects only the type's name.

    A repr could hold the arguments of a job, so it is never taken.
    """
    if is_secret_key(key):
        return HIDDEN
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return redact_head(value, MAX_FIELD, hidden)
    if isinstance(value, dict | list | tuple | set | frozenset):
        return _redact_items(value, depth - 1, hidden) if depth > 0 else f"<{type(value).__name__}>"
    text = _plain_text(value)
    return redact_head(text, MAX_FIELD, hidden) if text is not None else f"<{type(value).__name__}>"


def _redact_items(value: Any, depth: int, hidden: HiddenValues) -> Any:
    if isinstance(value, dict):
        items = islice(value.items(), MAX_ITEMS)
        return {str(name)[:MAX_FIELD]: redact(str(name), item, depth, hidden) for name, item in items}
    return [redact("", item, depth, hidden) for item in islice(value, MAX_ITEMS)]


def _plain_text(value: Any) -> str | None:
    """Return the text of a value that is known to hold nothing but an id, a time or a word."""
    if type(value).__module__ in {"uuid", "datetime", "pathlib", "decimal", "enum"}:
        return str(value)
    return None
