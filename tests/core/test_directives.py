"""Durations, and what handlers raise."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskflowmq.core.directives import Cancel, Directive, Discard, RetryAfter, Snooze, to_ms
from taskflowmq.core.errors import InvalidJob
from taskflowmq.core.validation import MAX_DELAY_MS


@given(st.floats(0, MAX_DELAY_MS / 1000))
def test_seconds_become_milliseconds(seconds: float) -> None:
    assert abs(to_ms(seconds, "/delay") - seconds * 1000) <= 0.5
    assert to_ms(timedelta(seconds=seconds), "/delay") == pytest.approx(seconds * 1000, abs=1)


@given(st.integers(0, MAX_DELAY_MS // 1000))
def test_whole_seconds_are_exact(seconds: int) -> None:
    assert to_ms(seconds, "/delay") == seconds * 1000 == to_ms(timedelta(seconds=seconds), "/delay")


@pytest.mark.parametrize(
    "bad",
    [
        -1,
        -1e-9,
        float("nan"),
        float("inf"),
        float("-inf"),
        timedelta(seconds=-1),
        timedelta.max,
        MAX_DELAY_MS,
        10**400,
        True,
        "5",
        None,
        b"5",
        5j,
    ],
)
def test_what_is_no_duration_names_its_field(bad: object) -> None:
    with pytest.raises(InvalidJob) as raised:
        to_ms(bad, "/delay")  # type: ignore[arg-type]
    assert raised.value.errors[0].pointer == "/delay"


def test_the_upper_bound_can_be_chosen() -> None:
    assert to_ms(5, "/timeout", longest=5000) == 5000
    with pytest.raises(InvalidJob, match="0…5 seconds"):
        to_ms(5.1, "/timeout", longest=5000)


def test_directives_carry_what_they_say() -> None:
    assert RetryAfter(1.5).delay_ms == 1500
    assert RetryAfter(timedelta(minutes=1), "busy").args == ("busy",)
    assert Snooze(60).delay_ms == 60_000
    assert Cancel("no longer wanted").reason == "no longer wanted"
    assert Discard().reason == ""
    assert all(issubclass(kind, Directive) for kind in (RetryAfter, Snooze, Cancel, Discard))


@pytest.mark.parametrize("directive", [RetryAfter, Snooze])
def test_a_directive_with_a_bad_delay_is_refused_where_it_is_made(directive: type[RetryAfter] | type[Snooze]) -> None:
    with pytest.raises(InvalidJob):
        directive(-1)
