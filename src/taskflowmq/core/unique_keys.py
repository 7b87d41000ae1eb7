"""Two kinds of unique keys in one table: those that a caller spells out, and those that ``Unique(by=…)`` computes.

What must stay true: no spelled-out key, which any client with an API key may send over REST, ever equals a computed
one; otherwise it could hold back jobs of a task, or end them by ``on_conflict="replace"``. A computed key is stored as
``<task>:<64 hex digits>``. A spelled-out key is stored as it is; if it has that form, or begins with the mark, the mark
is put before it. So keys that earlier versions have stored keep their meaning, except those that look computed.
"""

from __future__ import annotations

import re

_MARK = "="
_COMPUTED = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]{0,127}:[0-9a-f]{64}")


def computed_key(task: str, digest: str) -> str:
    """Return the key of a task's jobs with this hex SHA-256, as it is stored."""
    return f"{task}:{digest}"


def spelled_key(key: str) -> str:
    """Return a key that a caller spelled out, as it is stored."""
    return _MARK + key if key.startswith(_MARK) or _COMPUTED.fullmatch(key) else key


def without_digest(stored: str, instead: str) -> str:
    """Return a key for people: of a computed one, what stands instead of its digest.

    The digest is no secret's keeper: who knows it finds a short argument by trying all of them.
    """
    return f"{stored.rpartition(':')[0]}:{instead}" if _COMPUTED.fullmatch(stored) else stored


def shown_key(stored: str | None) -> str | None:
    """Return a stored key as its caller knows it."""
    return stored and stored.removeprefix(_MARK)
