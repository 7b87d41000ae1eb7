"""Patterns of text: ``*`` stands for any text. No expression, so that no pattern can take long."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache


@lru_cache(1024)
def glob(pattern: str) -> Callable[[str], bool]:
    """Return what tells whether a text fits a pattern, in which ``*`` stands for any text."""
    if "*" not in pattern:
        return pattern.__eq__
    first, *parts = pattern.split("*")
    last = parts.pop()

    def fits(text: str) -> bool:
        if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
            return False
        at, end = len(first), len(text) - len(last)
        for part in parts:
            at = text.find(part, at, end)
            if at < 0:
                return False
            at += len(part)
        return True

    return fits
