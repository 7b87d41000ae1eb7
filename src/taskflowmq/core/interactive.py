"""Whether this program is typed interactively: then a second definition of a name replaces the first."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable
from typing import Any


def is_interactive() -> bool:
    """Tell whether this process is a notebook's, or an interpreter that was started to be typed into."""
    return hasattr(sys, "ps1") or bool(sys.flags.interactive) or hasattr(builtins, "get_ipython")


def is_written_anew(old: Callable[..., Any], new: Callable[..., Any]) -> bool:
    """Tell whether a function is the same one, run again in a notebook's cell or typed again.

    In a program two functions of one name are a mistake, also in one module.
    """
    return _identity(old) == _identity(new) and is_interactive()


def _identity(fn: Callable[..., Any]) -> tuple[Any, ...]:
    # A callable object has no name: no two are the same function.
    return getattr(fn, "__module__", None), getattr(fn, "__qualname__", None) or id(fn)
