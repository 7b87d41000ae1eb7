"""What a filter of jobs is made of: terms, each a key with values of which one must fit.

``filter_text`` reads and writes them, ``filter_match`` says what they mean, ``filter_scope`` which of them the indexes
of a store can answer.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

#: Keys whose values are words. In those but ``state`` and ``worker``, ``*`` outside of quotes stands for any text.
WORD_KEYS = ("state", "queue", "task", "tag", "worker", "error")
#: Keys whose values are lengths of time.
DURATION_KEYS = ("wait", "run")
#: Keys whose values are integers.
NUMBER_KEYS = ("attempt", "priority")
#: Keys whose values are ranges of time.
TIME_KEYS = ("created", "scheduled", "finished")
#: Roots of paths into a job's JSON.
PAYLOAD_KEYS = ("args", "meta")
#: Every key, in the order in which it is listed.
FILTER_KEYS = (*WORD_KEYS, *DURATION_KEYS, *NUMBER_KEYS, *TIME_KEYS, *PAYLOAD_KEYS)
#: The key of free text, which has none.
FREE_TEXT = ""


class Word(msgspec.Struct, frozen=True, tag="word"):
    """Text that is equal; a pattern has ``*`` in it, which stands for any text."""

    text: str
    pattern: bool = False


class Json(msgspec.Struct, frozen=True, tag="json"):
    """A number, a boolean or null of a payload, as JSON."""

    token: str


class Range(msgspec.Struct, frozen=True, tag="range"):
    """Integers, or milliseconds, between two bounds; None: no bound."""

    low: int | None
    high: int | None
    #: Whether the bound itself fits.
    with_low: bool = True
    with_high: bool = True


class Times(msgspec.Struct, frozen=True, tag="times"):
    """Times from ``low`` until ``high``, as they are written; None: no bound. A date as ``high`` includes its day."""

    low: str | None
    high: str | None


Value: TypeAlias = Word | Json | Range | Times


class Term(msgspec.Struct, frozen=True):
    """One condition: a job fits if one of the values does, or, negated, if none does."""

    key: str
    values: tuple[Value, ...]
    #: Names, and positions in lists, from the root of a payload.
    path: tuple[str, ...] = ()
    negated: bool = False
