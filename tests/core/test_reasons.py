"""Reasons of acts: which are taken, and that an installation may demand one."""

from __future__ import annotations

import pytest

from taskflowmq.core.errors import InvalidJob
from taskflowmq.core.reasons import MAX_REASON, check_reason


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


@pytest.mark.parametrize("nothing", [None, "", " \t "])
def test_where_a_reason_is_required_none_is_refused(nothing: str | None) -> None:
    assert check_reason("/reason", " late ", required=True) == "late"
    with pytest.raises(InvalidJob, match=r"is required \(TASKFLOW_REQUIRE_REASON\): say on one line why") as refused:
        check_reason("/reason", nothing, required=True)
    assert refused.value.errors[0].pointer == "/reason"
