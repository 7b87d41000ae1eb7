"""What settling decides without a database: which statement, which order, what is left of a refused row,
and the result of each transition.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from taskflowmq.core.fates import StoredFate, judge, left_by
from taskflowmq.core.job import State
from taskflowmq.core.transitions import Transition
from taskflowmq.ports.store import Settled

Fence = tuple[UUID, int]
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")
_COMPLETED = State.COMPLETED


def fence(change: Transition) -> Fence:
    """Return the fence under which a transition is written."""
    return change.job_id, change.counters.lease_no


def is_success(change: Transition) -> bool:
    """Tell whether the hot path can write it: completed, with no attempt row and no error."""
    return change.to is _COMPLETED and change.ended is None and change.error is None


def in_waves(changes: Sequence[Transition]) -> list[list[Transition]]:
    """Return transitions in id order, in which locks are always taken, one per fence and one per job in each wave.

    One wave is the rule. A worker that lost a job and claimed it again may settle both fences at once: a statement
    must change a job under one of them only.
    """
    ordered = sorted(changes, key=_id)
    if len({change.job_id for change in ordered}) == len(ordered):
        return [ordered]
    waves: list[list[Transition]] = []
    fences: dict[UUID, list[int]] = {}
    for change in ordered:
        known = fences.setdefault(change.job_id, [])
        if change.counters.lease_no in known:
            continue
        if len(known) == len(waves):
            waves.append([])
        waves[len(known)].append(change)
        known.append(change.counters.lease_no)
    return waves


def _id(change: Transition) -> int:
    return change.job_id.int


def weaker(change: Transition, refusal: str) -> Transition | None:
    """Return what to store of a transition that the database has refused: less each time, None if nothing is left.

    An error keeps its text, with escapes where the encoding of the database has no character. A result would no longer
    be what the body returned: it is dropped.
    """
    if change.error is not None and not change.error.isascii():
        return msgspec.structs.replace(change, error=_in_ascii(change.error), result_error=_plain(change.result_error))
    if change.result is None and change.error is None:
        plain = _plain(change.result_error)
        return None if plain == change.result_error else msgspec.structs.replace(change, result_error=plain)
    return without_payload(change, refusal)


def _in_ascii(data: bytes) -> bytes:
    """Return JSON in which characters beyond ASCII are escapes that stay text after decoding."""
    return _BEYOND_ASCII.sub(
        lambda found: _escaped(found[0]).replace("\\", "\\\\"), data.decode(errors="replace")
    ).encode()


def _plain(text: str | None) -> str | None:
    return None if text is None else _BEYOND_ASCII.sub(lambda found: _escaped(found[0]), text)


def _escaped(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode()


def without_payload(change: Transition, why: str) -> Transition:
    """Return a transition that any database can hold: no result, no error, and the reason in ``result_error``."""
    return msgspec.structs.replace(change, result=None, error=None, result_error=f"could not be stored: {why}")


def answers(transitions: Sequence[Transition], missed: Mapping[Fence, StoredFate]) -> list[Settled]:
    """Return the result of each transition, in order.

    Args:
        transitions: those of one call; of several under one fence the first was written, unless the fence was missed.
        missed: what the store holds of the fences under which nothing was written.
    """
    firsts: dict[Fence, Transition] = {}
    said = []
    for change in transitions:
        key = fence(change)
        first = firsts.setdefault(key, change)
        stored = missed.get(key)
        if stored is None and first is change:
            said.append(Settled.APPLIED)
        else:
            said.append(Settled(judge(change, stored or left_by(first))))
    return said
