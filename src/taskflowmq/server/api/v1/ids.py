"""Ids in query strings: a hundred of them need a short form."""

from __future__ import annotations

import base64
import binascii
from uuid import UUID

from taskflowmq.server.edge.problems import bad_parameter

#: Characters of 16 bytes in base64url, and of a UUID.
SHORT, LONG = 22, 36


def read_ids(name: str, given: str | None, most: int) -> frozenset[UUID]:
    """Return ids that are separated by commas.

    Args:
        name: the parameter, for the message.
        given: its value.
        most: at most this many.

    Raises:
        Problem: 422, there are too many, or one is no id.
    """
    words = [] if given is None else given.split(",")
    if len(words) > most:
        raise bad_parameter(name, f"holds {len(words)} ids, at most {most} are allowed")
    return frozenset(read_id(name, word) for word in words)


def read_id(name: str, word: str) -> UUID:
    """Return an id, written as a UUID or as its 16 bytes in base64url.

    Raises:
        Problem: 422, it is neither; names the parameter.
    """
    found = _short(word) if len(word) == SHORT else _long(word)
    if found is None:
        raise bad_parameter(name, f"{word[:80]!r} is not an id: a UUID, or its 16 bytes in base64url")
    return found


def _short(word: str) -> UUID | None:
    try:
        raw = base64.b64decode(word + "==", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    # The last character has four bits to spare: an id has one text only.
    return UUID(bytes=raw) if base64.urlsafe_b64encode(raw).decode().rstrip("=") == word else None


def _long(word: str) -> UUID | None:
    try:
        return UUID(word) if len(word) == LONG else None
    except ValueError:
        return None
