"""When rescues must wait: after a silence that may be our own, living workers get a lease to renew first (RELIABILITY
rule 6). After an outage all workers look lost at once (F9, F12).

A late sweep does not prove an outage: this machine may be slow permanently, and its dead workers must be found all the
same (I4). So the graces of consecutive late sweeps are bounded together: once sweeps have come late for two leases, the
next one rescues when the last grace is over. It is two leases and not one, because a database may return for a moment
and fail again. The time is counted from the first of these sweeps to the last one before, so the latest silence does
not use it up; and each silence counts for a lease at most, so a step of the clock does not use it up either.
One punctual sweep ends the sequence: the next outage gets its grace. A worker that loses its lease to a fourth outage
in sequence is protected by the fence (I2).
A restart of the database is proof of an outage, and its grace is not bounded.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

#: A sweep is late after this many intervals without one.
LATE_SWEEPS = 3
#: For this many leases consecutive sweeps may come late before one of them rescues all the same.
LATE_LEASES = 2


class Grace(StrEnum):
    """What a sweep does about the grace, in the transaction that takes its turn."""

    GIVE = "give"
    """No rescue for a lease from now."""
    FORGET = "forget"
    """The sweeps that came late in a row are over: the next late one begins anew."""
    LEAVE = "leave"
    """Nothing changes."""


class Sweep(NamedTuple):
    """What a rescue sweep writes of the grace, and whether it must wait."""

    step: Grace
    #: For how long sweeps have come late in a row, to be stored with a grace that is given.
    late_ms: int
    #: Whether a grace holds now: no rescue.
    waits: bool


def grace_after(
    *,
    gap_ms: int | None,
    sweep_ms: int,
    lease_ms: int,
    store_age_ms: int | None,
    late_ms: int | None,
    in_force: bool,
) -> Sweep:
    """Decide whether a rescue sweep that has just taken its turn must wait.

    Args:
        gap_ms: time since the last sweep ran anywhere, by the store's clock; None if none did, or the clock went back.
        sweep_ms: the sweep's interval.
        lease_ms: how long every living worker needs at most to renew.
        store_age_ms: time since the database started, or None if the engine has no such notion.
        late_ms: for how long sweeps had come late in a row (:func:`lateness_after`); None if the last was punctual.
        in_force: whether a grace holds at this moment.
    """
    if gap_ms is None or (store_age_ms is not None and store_age_ms < gap_ms):
        step = Grace.GIVE
    elif gap_ms <= LATE_SWEEPS * sweep_ms:
        step = Grace.LEAVE if late_ms is None else Grace.FORGET
    elif late_ms is None or late_ms < LATE_LEASES * lease_ms:
        step = Grace.GIVE
    else:
        step = Grace.LEAVE if in_force else Grace.FORGET
    late = lateness_after(gap_ms=gap_ms, lease_ms=lease_ms, late_ms=late_ms)
    return Sweep(step, late, in_force or step is Grace.GIVE)


def lateness_after(*, gap_ms: int | None, lease_ms: int, late_ms: int | None) -> int:
    """Return for how long sweeps have come late in a row, in milliseconds, after one that gives a grace.

    Args:
        gap_ms: time since the sweep before; None if there was none, or the clock went back.
        lease_ms: what one silence counts at most.
        late_ms: the same as it was before this sweep; None if it is the first late one.
    """
    known = 0 if late_ms is None else max(0, late_ms)
    return known if late_ms is None or gap_ms is None else known + min(gap_ms, lease_ms)


def gap_since(ms: int | None) -> int | None:
    """Return for how long a duty did not run, or None if that is not known.

    Args:
        ms: time since its last turn. A turn in the future (the clock went back) says nothing; None: there was none.
    """
    return None if ms is None or ms < 0 else ms
