"""Delays: never shorter than the policy's base, growing, bounded."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskflowmq.core.errors import InvalidJob
from taskflowmq.core.retry import RESCUE_MAX_DELAY_S, Retry, rescue_delay_ms

from .strategies import rands

policies = st.builds(
    Retry,
    max_attempts=st.integers(1, 32_767),
    initial=st.floats(0, 10_000),
    factor=st.floats(1, 1_000),
    max_delay=st.floats(0, 86_400 * 365),
    jitter=st.floats(0, 1),
)
attempts = st.integers(1, 32_767)


def base_ms(policy: Retry, attempt: int) -> float:
    return min(policy.initial * policy.factor ** min(attempt - 1, 64), policy.max_delay) * 1000


@given(policies, attempts, rands)
def test_jitter_never_makes_a_delay_shorter(policy: Retry, attempt: int, rand: float) -> None:
    delay = policy.delay_ms(attempt, rand)
    assert round(base_ms(policy, attempt)) <= delay <= base_ms(policy, attempt) * (1 + policy.jitter) + 1


@given(policies, attempts, rands)
def test_delays_are_capped(policy: Retry, attempt: int, rand: float) -> None:
    assert policy.delay_ms(attempt, rand) <= policy.max_delay * (1 + policy.jitter) * 1000 + 1


@given(policies, st.integers(1, 200), rands)
def test_delays_never_shrink_from_one_attempt_to_the_next(policy: Retry, attempt: int, rand: float) -> None:
    assert policy.delay_ms(attempt + 1, rand) >= policy.delay_ms(attempt, rand)


@given(policies, attempts, rands, rands)
def test_more_chance_is_more_delay(policy: Retry, attempt: int, rand: float, other: float) -> None:
    low, high = sorted((rand, other))
    assert policy.delay_ms(attempt, low) <= policy.delay_ms(attempt, high)


def test_the_default_waits_one_two_four_seconds() -> None:
    assert [Retry().delay_ms(attempt, 0) for attempt in (1, 2, 3, 12, 13, 32_767)] == [
        1000,
        2000,
        4000,
        2_048_000,
        3_600_000,
        3_600_000,
    ]


def test_a_policy_without_growth_stays_where_it_is() -> None:
    policy = Retry(initial=5, factor=1, jitter=0)
    assert {policy.delay_ms(attempt, 0.999) for attempt in range(1, 100)} == {5000}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("max_attempts", 0),
        ("max_attempts", -1),
        ("max_attempts", 32_768),
        ("initial", -0.001),
        ("initial", float("nan")),
        ("initial", float("inf")),
        ("factor", 0.99),
        ("factor", float("nan")),
        ("factor", 1001),
        ("max_delay", -1),
        ("max_delay", float("inf")),
        ("jitter", -0.1),
        ("jitter", 1.1),
        ("jitter", float("nan")),
    ],
)
def test_a_wrong_policy_names_its_field(field: str, value: float) -> None:
    with pytest.raises(InvalidJob) as raised:
        Retry(**{field: value})  # type: ignore[arg-type]
    assert raised.value.errors[0].pointer == f"/retry/{field}"


@pytest.mark.parametrize("field", ["max_attempts", "initial", "factor", "max_delay", "jitter"])
@pytest.mark.parametrize("value", ["5", None, True])
def test_a_policy_of_the_wrong_type_names_its_field(field: str, value: object) -> None:
    with pytest.raises(InvalidJob) as raised:
        Retry(**{field: value})  # type: ignore[arg-type]
    assert raised.value.errors[0].pointer == f"/retry/{field}"


def test_on_and_not_on_choose_which_errors_are_tried_again() -> None:
    assert Retry().wants(ValueError())
    assert Retry(on=(OSError,)).wants(ConnectionError())
    assert not Retry(on=(OSError,)).wants(ValueError())
    assert not Retry(not_on=(ValueError,)).wants(UnicodeError())
    assert not Retry(on=(Exception,), not_on=(KeyError,)).wants(KeyError())


# ------------------------------------------------------------------------------------------------------------ rescue


@given(rands)
def test_the_first_rescue_comes_within_a_second(rand: float) -> None:
    for count in (0, 1):
        assert 0 <= rescue_delay_ms(count, rand) <= 1000


@given(st.integers(2, 10_000), rands)
def test_later_rescues_back_off_with_additive_jitter(count: int, rand: float) -> None:
    base = min(2.0 ** min(count - 1, 10), RESCUE_MAX_DELAY_S)
    assert base * 1000 <= rescue_delay_ms(count, rand) <= 2 * base * 1000


@given(st.integers(1, 100), rands)
def test_rescue_delays_never_shrink(count: int, rand: float) -> None:
    assert rescue_delay_ms(count + 1, rand) >= rescue_delay_ms(count, rand)


def test_durations_may_be_timedeltas() -> None:
    policy = Retry(initial=timedelta(seconds=2), max_delay=timedelta(minutes=1), jitter=0)
    assert [policy.delay_ms(attempt, 0) for attempt in (1, 2, 9)] == [2_000, 4_000, 60_000]
    with pytest.raises(InvalidJob, match="initial"):
        Retry(initial=timedelta(seconds=-1))


@pytest.mark.parametrize("field", ["on", "not_on"])
@pytest.mark.parametrize("wrong", ["ValueError", ["ValueError"], [ValueError], (ValueError, "x"), (int,), 5])
def test_what_cannot_judge_an_error_is_refused_where_the_policy_is_made(field: str, wrong: Any) -> None:
    with pytest.raises(InvalidJob, match="tuple of exception classes"):
        Retry(**{field: wrong})


def test_one_class_may_stand_alone() -> None:
    assert Retry(on=OSError).wants(TimeoutError())  # type: ignore[arg-type]
    assert not Retry(not_on=OSError).wants(TimeoutError())  # type: ignore[arg-type]
