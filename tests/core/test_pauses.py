"""The pause of a queue: what was stored for it, and which reasons are taken."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from taskflowmq.core.errors import InvalidJob
from taskflowmq.core.pauses import MAX_REASON, Pause, check_reason, read_pause

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


def test_a_reason_is_one_line_without_the_spaces_around_it() -> None:
    assert check_reason("/reason", "  déploiement 🚀 ") == "déploiement 🚀"
    assert check_reason("/reason", "x" * MAX_REASON) == "x" * MAX_REASON
    assert [check_reason("/reason", text) for text in (None, "", " \t ")] == [None] * 3


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("x" * (MAX_REASON + 1), "must be 1…500 characters, got 501"),
        ("two\nlines", "must be one line without control characters"),
        ("\x1b[31mred", "must be one line without control characters"),
        ("\u202egnitteser", "must be one line without control characters"),
        ("nul\x00", "NUL"),
        ("\ud800", "lone surrogate"),
        (7, "must be text, got int"),
    ],
)
def test_a_reason_that_does_not_fit_is_refused(text: str, why: str) -> None:
    with pytest.raises(InvalidJob, match=why) as refused:
        check_reason("/reason", text)
    assert refused.value.errors[0].pointer == "/reason"
