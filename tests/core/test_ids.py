"""UUIDv7: sorted by time, and a moment is a bound."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from taskflowmq.core.ids import MS_PER_DAY, lowest_id, unix_ms, uuid7

times = st.integers(0, 2**48 * 1000 - 1)
bits = st.integers(0, 2**80)


@given(times, bits)
def test_an_id_is_a_valid_uuid7_with_its_time(unix_us: int, random_bits: int) -> None:
    made = uuid7(unix_us, random_bits)
    assert made.version == 7
    assert made.variant == "specified in RFC 4122"
    assert unix_ms(made) == unix_us // 1000
    assert UUID(str(made)) == made


@given(times, times, bits, bits)
def test_ids_sort_by_the_microsecond_in_which_they_were_made(a: int, b: int, bits_a: int, bits_b: int) -> None:
    if a != b:
        assert (uuid7(a, bits_a) < uuid7(b, bits_b)) == (a < b)
        assert (uuid7(a, bits_a).bytes < uuid7(b, bits_b).bytes) == (a < b)


@given(times, st.integers(0, 2**62 - 1), st.integers(0, 2**62 - 1))
def test_within_a_microsecond_the_random_bits_decide(unix_us: int, a: int, b: int) -> None:
    assert (uuid7(unix_us, a) < uuid7(unix_us, b)) == (a < b)
    assert (uuid7(unix_us, a) == uuid7(unix_us, b)) == (a == b)


@given(times, bits)
def test_the_lowest_id_of_a_moment_bounds_it_from_below(unix_us: int, random_bits: int) -> None:
    ms = unix_us // 1000
    made = uuid7(unix_us, random_bits)
    assert lowest_id(ms) <= made
    if ms + 1 < 2**48:
        assert made < lowest_id(ms + 1)


@given(st.integers(0, 2**48 // MS_PER_DAY - 2), bits)
def test_a_day_is_a_range_of_ids(day: int, random_bits: int) -> None:
    start, end = lowest_id(day * MS_PER_DAY), lowest_id((day + 1) * MS_PER_DAY)
    first, last = day * MS_PER_DAY * 1000, (day + 1) * MS_PER_DAY * 1000 - 1
    assert start <= uuid7(first, random_bits) < end
    assert start <= uuid7(last, random_bits) < end
    assert uuid7(last + 1, random_bits) >= end


def test_the_example_of_the_rfc() -> None:
    # RFC 9562, appendix A.6: 2022-02-22 14:22:22 -05:00, i.e. 1645557742000 ms.
    assert unix_ms(UUID("017F22E2-79B0-7CC3-98C4-DC0C0C07398F")) == 1645557742000
