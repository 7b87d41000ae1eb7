"""Figures that commands print."""

from __future__ import annotations

import pytest

from taskflowmq.cli.output import rounded


@pytest.mark.parametrize(
    ("value", "digits", "shown"),
    [
        (128.4, 2, "130"),
        (999.9, 2, "1000"),
        (12_345.6, 3, "12300"),
        (0.0028, 2, "0.0028"),
        (1.9, 2, "1.9"),
        (0, 3, "0"),
    ],
)
def test_a_rounded_number_has_no_exponent(value: float, digits: int, shown: str) -> None:
    assert rounded(value, digits) == shown
