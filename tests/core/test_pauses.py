"""The pause of a queue: what was stored for it, and what does not belong to it."""

from __future__ import annotations

from datetime import UTC, datetime

from taskflowmq.core.pauses import Pause, read_pause

AT = datetime(2026, 1, 31, 11, 0, 0, 123457, tzinfo=UTC)
STORED = f'{{"at": {int(AT.timestamp()) * 1_000_000 + 123457}, "by": "ada", "reason": "deploy"}}'


def test_what_was_stored_for_this_pause_is_read() -> None:
    assert read_pause(AT, STORED) == Pause(AT, "ada", "deploy")
    assert read_pause(AT, None) == Pause(AT)


def test_what_an_earlier_pause_left_is_not_taken_for_this_one() -> None:
    """A program of the version before pauses and resumes without these."""
    assert read_pause(None, STORED) is None
    assert read_pause(AT.replace(microsecond=123458), STORED) == Pause(AT.replace(microsecond=123458))


def test_fields_of_a_later_version_are_no_error() -> None:
    assert read_pause(AT, STORED.replace("}", ', "until": 7}')) == Pause(AT, "ada", "deploy")
