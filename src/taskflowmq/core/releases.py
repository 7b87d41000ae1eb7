"""Releases: versions of the user's program. Its workers announce the name of theirs when they start."""

from __future__ import annotations

import re
from datetime import datetime

import msgspec

#: Characters of a name.
MAX_RELEASE = 64
#: Most releases that one answer has: of more, the newest.
MAX_RELEASES = 200

#: ASCII, which every database can hold; without a space at its ends, which no list would show.
_NAME = re.compile(rf"[!-~](?:[ -~]{{0,{MAX_RELEASE - 2}}}[!-~])?")


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """A release that workers have announced."""

    id: int
    name: str
    #: When the first worker announced it, and the last one so far.
    first_at: datetime
    last_at: datetime


def release_problem(name: object) -> str | None:
    """Return what is wrong with the name of a release; None if it can be announced."""
    if not isinstance(name, str):
        return f"must be text, got {type(name).__name__}"
    if len(name) > MAX_RELEASE:
        return f"must be 1…{MAX_RELEASE} characters, got {len(name)}"
    if not _NAME.fullmatch(name):
        return f"must be 1…{MAX_RELEASE} printable ASCII characters without a space at its ends, got {name!r}"
    return None
