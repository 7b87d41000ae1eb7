"""The pause of a queue: since when, by whom and why."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Pause(msgspec.Struct, frozen=True):
    """A pause of a queue.

    Args:
        at: when it began.
        by: who paused the queue; None if that was not stored.
        reason: what they gave as the reason.
    """

    at: datetime
    by: str | None = None
    reason: str | None = None

    def __str__(self) -> str:
        """Return it as the rest of a sentence: ``since … by … (reason)``."""
        since = f"since {self.at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        by = "" if self.by is None else f" by {self.by}"
        return f"{since}{by}" if self.reason is None else f"{since}{by} ({self.reason})"


class _Stored(msgspec.Struct):
    """What the store keeps beside the time: in the settings of the queue, with the time in microseconds."""

    at: int
    by: str | None = None
    reason: str | None = None


def read_pause(paused_at: datetime | None, stored: str | None) -> Pause | None:
    """Return a queue's pause from its stored form; None if it is not paused.

    A version before this one pauses and resumes without a word of who and why, and leaves what an earlier pause stored:
    only what was stored for this pause counts.

    Args:
        paused_at: when the pause began; None: the queue is not paused.
        stored: who paused it and why, in JSON; None if that was never stored.
    """
    if paused_at is None:
        return None
    if stored is None:
        return Pause(paused_at)
    kept = msgspec.json.decode(stored, type=_Stored)
    if _EPOCH + timedelta(microseconds=kept.at) != paused_at:
        return Pause(paused_at)
    return Pause(paused_at, kept.by, kept.reason)
