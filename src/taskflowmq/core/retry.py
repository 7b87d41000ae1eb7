"""How long a failed job waits. Delays grow exponentially; jitter is added, so no retry comes early.

Early retries are the mistake to avoid: jitter that may shorten a delay turns an outage into a burst of retries before
the base delay is over (RELIABILITY F47).
"""

from __future__ import annotations

from datetime import timedelta

import msgspec

from taskflowmq.core.errors import InvalidJob

#: A job whose process died with it this often in one round is dead (crash_loop).
MAX_CRASHES = 3
#: A job that lost its whole worker this often in one round is dead (worker_lost).
MAX_LOSSES = 10
RESCUE_MAX_DELAY_S = 60.0
#: Up to this many failures within a second are not spread.
FEW_FAILURES = 5
#: What each further failure adds to the time over which the retries are spread, and the upper bound of that time.
SPREAD_STEP_MS, SPREAD_MAX_MS = 200, 10_000


class Retry(msgspec.Struct, frozen=True):
    """When to try a failed job again. Where many fail within a second, :func:`spread_delay_ms` is added.

    Args:
        max_attempts: tries in one round, at least 1.
        initial: delay before the second attempt, in seconds or as a timedelta.
        factor: growth per further attempt, at least 1.
        max_delay: upper bound of a delay, jitter apart, in seconds or as a timedelta.
        jitter: 0…1; up to this share of the delay is added, never subtracted.
        on: exception types that are retried; empty means every one.
        not_on: exception types that are not retried, which wins over ``on``.
    """

    max_attempts: int = 3
    initial: float | timedelta = 1.0
    factor: float = 2.0
    max_delay: float | timedelta = 3600.0
    jitter: float = 0.1
    on: tuple[type[BaseException], ...] = ()
    not_on: tuple[type[BaseException], ...] = ()

    def __post_init__(self) -> None:
        checks: tuple[tuple[str, type, float, float, str], ...] = (
            ("max_attempts", int, 1, 32_767, "must be an integer 1…32767"),
            ("initial", float, 0, 86_400 * 365, "must be 0 s … 1 year, in seconds"),
            ("factor", float, 1, 1_000, "must be 1…1000"),
            ("max_delay", float, 0, 86_400 * 365, "must be 0 s … 1 year, in seconds"),
            ("jitter", float, 0, 1, "must be 0…1"),
        )
        for field, kind, low, high, rule in checks:
            value = _seconds(getattr(self, field)) if field in ("initial", "max_delay") else getattr(self, field)
            number = isinstance(value, int if kind is int else int | float) and not isinstance(value, bool)
            if not number or not low <= value <= high:  # also refuses NaN
                raise InvalidJob.at(f"/retry/{field}", f"{rule}, got {value!r:.80}")
        for field in ("on", "not_on"):
            _check_classes(f"/retry/{field}", getattr(self, field))

    def delay_ms(self, attempt: int, rand: float) -> int:
        """Return the delay after a failed attempt, in milliseconds.

        Args:
            attempt: the attempt that failed, counted from 1.
            rand: a random number, 0 ≤ rand < 1.
        """
        # The exponent is capped before the power: 2.0**20000 overflows, and max_delay wins long before.
        base = min(_seconds(self.initial) * self.factor ** min(attempt - 1, 64), _seconds(self.max_delay))
        return round(base * (1 + self.jitter * rand) * 1000)

    def wants(self, error: BaseException) -> bool:
        """Tell whether this exception may be tried again."""
        if self.not_on and isinstance(error, self.not_on):
            return False
        return not self.on or isinstance(error, self.on)


def _seconds(duration: float | timedelta) -> float:
    return duration.total_seconds() if isinstance(duration, timedelta) else duration


def rescue_delay_ms(count: int, rand: float) -> int:
    """Return how long a crashed or lost job waits: the first time 0…1 s of jitter, then growing to a minute.

    The first rescue is fast because most losses are deploys; later ones back off so that a mass rescue does not
    become a storm (RELIABILITY F6).
    """
    if count <= 1:
        return round(1000 * rand)
    base = min(2.0 ** min(count - 1, 64), RESCUE_MAX_DELAY_S)
    return round(base * (1 + rand) * 1000)


def spread_delay_ms(failures: int, rand: float) -> int:
    """Return the delay that is added to a retry because many jobs failed within the same second, in milliseconds.

    Up to a few failures it is 0. Beyond them, retries are spread over a fifth of a second per failure, at most ten
    seconds, so that a thousand failures of one second are retried at a fifth of their rate or less (RELIABILITY F47).

    Args:
        failures: how many jobs this worker saw fail within a second, this one included.
        rand: a random number, 0 ≤ rand < 1.
    """
    return round(min(max(failures - FEW_FAILURES, 0) * SPREAD_STEP_MS, SPREAD_MAX_MS) * rand)


def _check_classes(pointer: str, given: object) -> None:
    """Refuse classes that ``isinstance`` does not accept when the policy is made: at a failure it would be too late."""
    classes = given if isinstance(given, tuple) else (given,)
    if not all(isinstance(one, type) and issubclass(one, BaseException) for one in classes):
        raise InvalidJob.at(pointer, f"must be a tuple of exception classes, got {given!r:.80}")
