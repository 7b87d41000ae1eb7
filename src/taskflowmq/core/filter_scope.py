"""Which terms of a filter the indexes of a store answer; the others are decided job by job (``filter_match``)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from taskflowmq.core.filter_match import bounds
from taskflowmq.core.filter_terms import DURATION_KEYS, TIME_KEYS, Term, Times, Word
from taskflowmq.core.fingerprint import is_fingerprint
from taskflowmq.core.job import JobFilter, State

_ONE_OF_EACH = ("queue", "task", "tag", "worker")


def depends_on_now(terms: Iterable[Term]) -> bool:
    """Tell whether terms need the store's time: for relative times, and durations that grow."""
    return any(term.key in TIME_KEYS or term.key in DURATION_KEYS for term in terms)


def scoped(query: JobFilter, now: datetime | None) -> JobFilter | None:
    """Return an equal filter that has no terms but those that no index answers; None if no job can fit.

    Args:
        query: the filter.
        now: the store's time; None: the terms do not need it.
    """
    wanted = {name: getattr(query, name) for name in JobFilter.__struct_fields__}
    rest: list[Term] = []
    for term in query.terms:
        if not _take(term, wanted, now):
            rest.append(term)
        if wanted["states"] is None or _NONE in (wanted["queue"], wanted["task"], wanted["fingerprint"]):
            return None
    wanted["terms"] = tuple(rest)
    return JobFilter(**wanted)


#: Two names at once, which no job has.
_NONE: Any = object()


def _take(term: Term, wanted: dict[str, Any], now: datetime | None) -> bool:
    """Write a term into the fields of a filter, and tell whether that is all of it."""
    key = term.key
    words = [one for one in term.values if isinstance(one, Word)]
    if key == "state":
        wanted["states"] = _narrowed(wanted["states"], {State(word.text) for word in words}, out=term.negated)
        return True
    if term.negated or len(term.values) != 1:
        return False
    if key == "error" and not words[0].pattern and is_fingerprint(words[0].text):
        wanted["states"] = _narrowed(wanted["states"], {State.DEAD}, out=False)
        return _take_name("fingerprint", words[0].text, wanted)
    if key == "error":
        wanted["states"] = _narrowed(wanted["states"], {State.COMPLETED}, out=True)
        return False
    if key in _ONE_OF_EACH and not words[0].pattern:
        return _take_name(key, words[0].text, wanted)
    if key in ("created", "finished") and now is not None:
        [one] = (one for one in term.values if isinstance(one, Times))
        low, high = bounds(one, now)
        wanted[f"{key}_after"] = max(filter(None, (wanted[f"{key}_after"], low)), default=None)
        wanted[f"{key}_before"] = min(filter(None, (wanted[f"{key}_before"], high)), default=None)
        return True
    return False


def _narrowed(states: tuple[State, ...], given: Iterable[State], *, out: bool) -> tuple[State, ...] | None:
    kept = frozenset(State) - frozenset(given) if out else frozenset(given)
    return tuple(state for state in State if state in kept and (not states or state in states)) or None


def _take_name(key: str, text: str, wanted: dict[str, Any]) -> bool:
    value = UUID(text) if key == "worker" else text
    held = wanted[key]
    if held is None or held == value:
        wanted[key] = value
        return True
    if key in ("queue", "task", "fingerprint"):
        wanted[key] = _NONE
    return False
