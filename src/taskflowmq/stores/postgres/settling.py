"""What settling must decide without a database: which statement, which order, and what an unmatched fence means."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

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
    """Return transitions in id order, for locks are always taken so, one per fence and one per job in each wave.

    One wave is the rule. A worker that lost a job and claimed it again may settle both fences at once: what a
    statement says of a job must mean one of them.
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

    An error keeps its words, with escapes where the encoding of the database has no character. A result that is not
    what the body returned would be a lie: it goes.
    """
    if change.error is not None and not change.error.isascii():
        return msgspec.structs.replace(change, error=_in_ascii(change.error), result_error=_plain(change.result_error))
    if change.result is None and change.error is None:
        plain = _plain(change.result_error)
        return None if plain == change.result_error else msgspec.structs.replace(change, result_error=plain)
    return without_payload(change, refusal)


def _in_ascii(data: bytes) -> bytes:
    """Return JSON in which text shows its characters beyond ASCII as escapes that stay text."""
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


#: Places where a fence that was settled without an attempt row may be found again.
_NOT_FINAL = frozenset({State.PENDING, State.RETRYING, State.SCHEDULED})


def judge(change: Transition, known: Any) -> Settled | None:
    """Say what became of a transition whose fence matched no row.

    Args:
        change: the transition that was to be written.
        known: its row of ``read_fates``.

    Returns:
        REPLAYED if the store holds the effect of this very transition, STALE if the fence was settled otherwise or
        belongs to another worker by now, None if the job is still held under the fence: write again.
    """
    lease = change.counters.lease_no
    if known["running"] and known["place_lease"] == lease:
        return None
    if known["outcome_lease"] == lease:
        # A cancel request turns a move that is not final into "cancelled".
        state = known["outcome_state"]
        if change.completed_by_caller and state == State.COMPLETED:
            return Settled.REPLAYED
        same = state == change.to or (change.to in _NOT_FINAL and state == State.CANCELLED)
        return Settled.REPLAYED if same and _same_end(change, known) else Settled.STALE
    if change.to not in _NOT_FINAL:
        # A dead job that was redriven has lost its outcome, but not the row of its last attempt.
        return Settled.REPLAYED if change.ended is not None and known["ended"] == change.ended else Settled.STALE
    if change.ended is not None:
        return Settled.REPLAYED if known["ended"] == change.ended else Settled.STALE
    # A hand-back writes no attempt row, everything else that is not final does.
    moved_on = known["place_lease"] is not None and known["place_lease"] >= lease
    moved_on = moved_on or (known["outcome_lease"] is not None and known["outcome_lease"] > lease)
    return Settled.REPLAYED if known["ended"] is None and moved_on else Settled.STALE


def _same_end(change: Transition, known: Any) -> bool:
    if change.ended is None and change.to in _NOT_FINAL:
        # A hand-back that a cancel request has ended: it writes no attempt row, a body that was cancelled does.
        return known["ended"] is None
    return change.ended is None or known["ended"] is None or known["ended"] == change.ended
