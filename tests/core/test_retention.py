"""Ages as people write them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from taskflowmq.core.errors import InvalidJob
from taskflowmq.core.retention import NEVER, age_ms, read_age, show_age


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7d", 604_800),
        (" 12H ", 43_200),
        ("90m", 5_400),
        ("1.5h", 5_400),
        ("30s", 30),
        ("3600", 3_600),
        ("2w", 1_209_600),
    ],
)
def test_an_age_has_a_unit_or_is_seconds(text: str, seconds: float) -> None:
    assert read_age(text) == seconds


def test_never_is_no_age() -> None:
    assert read_age("never") is None
    assert (show_age(None), show_age(NEVER)) == ("never", "never")


@pytest.mark.parametrize(
    "text", ["", "0", "0d", "-1d", "seven days", "7 d 2h", "1e3", "nan", "99999999999d", "1y", "٧d"]
)
def test_what_is_no_age_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be an age like 7d"):
        read_age(text)


@pytest.mark.parametrize("shown", ["7d", "36h", "90m", "1.5s", "never"])
def test_ages_are_shown_as_they_are_read(shown: str) -> None:
    assert show_age(age_ms(shown, "/age")) == shown


def test_ages_are_seconds_timedeltas_or_text() -> None:
    assert [age_ms(age, "/age") for age in (1.5, timedelta(days=1), "1h", None)] == [1_500, 86_400_000, 3_600_000, None]
    for wrong in (0, -1.0, float("nan"), float("inf"), True, "soon"):
        with pytest.raises(InvalidJob, match="age: must be"):
            age_ms(wrong, "/age")
