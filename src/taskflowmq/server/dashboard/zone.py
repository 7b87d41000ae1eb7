"""The time zone of this machine by its name; the standard library knows its offset only."""

from __future__ import annotations

import os
from pathlib import Path
from zoneinfo import ZoneInfo

_LOCALTIME = Path("/etc/localtime")
_FOLDER = "zoneinfo/"


def local_zone(given: str | None = None, link: Path = _LOCALTIME) -> str:
    """Return the name in the time zone database; UTC if it cannot be told.

    Args:
        given: the variable TZ; None reads the environment.
        link: where the system links to the zone.
    """
    name = (os.environ.get("TZ", "") if given is None else given).lstrip(":")
    if not name:
        # Through a chain of links, as Debian has them, the last file has the name.
        _, found, name = str(link.resolve()).partition(_FOLDER)
        name = name if found else ""
    try:
        return ZoneInfo(name.removeprefix("posix/")).key
    except (ValueError, OSError, KeyError):  # no name of the database, or no database
        return "UTC"
