"""How long a loop waits after its n-th error in a row.

Grows to ten seconds, with jitter so that a fleet spreads out.
"""

from __future__ import annotations

from taskflowmq.ports.chance import chance


def backoff(errors: int, *, initial: float = 0.1, longest: float = 10.0) -> float:
    """Return seconds to wait after ``errors`` failures in a row (at least 1)."""
    base = min(initial * 2.0 ** min(errors - 1, 30), longest)
    return base * (0.5 + chance.random() / 2)


def jittered(seconds: float) -> float:
    """Return an interval ±10 %, so that workers started together do not poll together."""
    return seconds * (0.9 + 0.2 * chance.random())
