"""Directives: what a handler raises or returns to control its job, other than by success or failure."""

from __future__ import annotations

from datetime import timedelta

from taskflowmq.core.errors import InvalidJob
from taskflowmq.core.validation import MAX_DELAY_MS

Duration = int | float | timedelta


def to_ms(duration: Duration, pointer: str, *, longest: int = MAX_DELAY_MS) -> int:
    """Turn seconds or a timedelta into milliseconds ≥ 0, or raise :class:`InvalidJob` naming ``pointer``."""
    if isinstance(duration, bool) or not isinstance(duration, int | float | timedelta):
        raise InvalidJob.at(pointer, f"must be seconds or a timedelta, got {type(duration).__name__}")
    seconds = duration.total_seconds() if isinstance(duration, timedelta) else duration
    if not 0 <= seconds <= longest / 1000:  # also refuses NaN
        raise InvalidJob.at(pointer, f"must be 0…{longest // 1000} seconds, got {seconds!r}")
    return round(seconds * 1000)


class Directive(Exception):
    """Base of what handlers raise or return to control their job; not a failure by itself."""


class RetryAfter(Directive):
    """Fail this attempt, and try again after ``delay`` (seconds or timedelta) instead of the policy's delay."""

    def __init__(self, delay: Duration, reason: str = "") -> None:
        super().__init__(reason or f"retry after {delay}")
        self.delay_ms = to_ms(delay, "/delay")


class Snooze(Directive):
    """Run again after ``delay`` (seconds or timedelta); costs no attempt."""

    def __init__(self, delay: Duration) -> None:
        super().__init__(f"snoozed for {delay}")
        self.delay_ms = to_ms(delay, "/delay")


class Stop(Directive):
    """End a body according to its stop request: ``raise ctx.stopped()`` makes one."""


class Cancel(Directive):
    """End the job as ``cancelled`` (cancelled_by_handler)."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)
        self.reason = reason


class Discard(Directive):
    """End the job as ``dead`` (discarded) at once: no further attempt can help."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
