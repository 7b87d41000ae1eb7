"""What a client accepts: media types and content codings, with their weights (RFC 9110, 12.4 and 12.5)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

#: Entries of one header that are read; browsers send fewer than ten.
_MOST = 32


@lru_cache(maxsize=64)
def weights(header: bytes) -> Mapping[str, float]:
    """Return name → weight of an ``Accept`` or ``Accept-Encoding`` header; an entry that is malformed has weight 0."""
    found: dict[str, float] = {}
    for entry in header.decode("latin-1").split(",")[:_MOST]:
        name, *parameters = (part.strip().lower() for part in entry.split(";"))
        if name:
            found.setdefault(name, _weight(parameters))
    return found


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                weight = float(value)
            except ValueError:
                return 0.0
            return weight if 0.0 <= weight <= 1.0 else 0.0
    return 1.0


def wants_html(accept: bytes) -> bool:
    """Tell whether a client asks for HTML by its name, as a browser does that opens a page."""
    return weights(accept).get("text/html", 0.0) > 0


def takes_html(accept: bytes) -> bool:
    """Tell whether a client takes HTML, by its name or because it takes anything."""
    found = weights(accept)
    return not found or found.get("text/html", found.get("text/*", found.get("*/*", 0.0))) > 0


def best_coding(accept_encoding: bytes, available: tuple[str, ...]) -> str | None:
    """Return the coding to send, or None for none.

    Args:
        accept_encoding: the header.
        available: the codings that there are, the preferred one first.
    """
    found = weights(accept_encoding)
    best = max(available, key=lambda one: found.get(one, found.get("*", 0.0)), default=None)
    return best if best is not None and found.get(best, found.get("*", 0.0)) > 0 else None
