"""When a rescue sweep must wait, and that it never waits for ever."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from taskflowmq.core.grace import Grace, Sweep, gap_since, grace_after, lateness_after

SWEEP, LEASE = 5_000, 30_000


def swept(gap_ms: int | None, *, age: int | None = None, late: int | None = None, in_force: bool = False) -> Sweep:
    return grace_after(gap_ms=gap_ms, sweep_ms=SWEEP, lease_ms=LEASE, store_age_ms=age, late_ms=late, in_force=in_force)


def after(gap_ms: int | None, *, age: int | None = None, late: int | None = None, in_force: bool = False) -> Grace:
    return swept(gap_ms, age=age, late=late, in_force=in_force).step


@pytest.mark.parametrize(
    ("gap_ms", "store_age_ms", "grace"),
    [
        (None, None, True),  # nobody ever swept: all silence may be ours
        (None, 10**9, True),
        (5_000, None, False),
        (5_000, 10**9, False),
        (15_000, 10**9, False),
        (15_001, 10**9, True),
        (5_000, 4_999, True),  # the database came up after the last sweep: nobody could renew
        (5_000, 5_000, False),
        (86_400_000, None, True),
    ],
)
def test_rescues_wait_when_silence_may_be_our_own(gap_ms: int | None, store_age_ms: int | None, grace: bool) -> None:
    assert (after(gap_ms, age=store_age_ms) is Grace.GIVE) is grace


def graced(gaps: Iterable[int | None]) -> list[bool]:
    """Say of each sweep, by the gap before it, whether it had to wait."""
    now, until, waited = 0, 0, []
    since: int | None = None
    for gap in gaps:
        last, now = now, now + (gap or 0)
        late = None if since is None else last - since
        step = after(gap, late=late, in_force=now < until)
        if step is Grace.GIVE:
            since, until = now - lateness_after(gap_ms=gap, lease_ms=LEASE, late_ms=late), now + LEASE
        elif step is Grace.FORGET:
            since = None
        waited.append(now < until)
    return waited


@pytest.mark.parametrize("gap_ms", [15_001, 16_000, 29_000, 31_000, 40_000, 600_000])
def test_sweeps_that_always_come_late_judge_in_the_end(gap_ms: int) -> None:
    waited = graced([None] + [gap_ms] * 100)
    assert waited[0]
    longest = max(map(len, "".join("x" if one else " " for one in waited).split()))
    assert (longest - 1) * gap_ms <= 3 * LEASE + 2 * gap_ms


def test_an_outage_after_punctual_sweeps_gets_a_grace_however_soon_it_comes() -> None:
    assert all(graced([None, 5_000, 5_000, 70_000, 5_000, 70_000, 5_000, 70_000]))


def test_a_database_that_comes_back_for_a_moment_and_goes_again_gets_a_second_grace() -> None:
    assert all(graced([None, 5_000, 3_600_000, 40_000]))


def test_a_step_of_the_clock_after_a_late_sweep_does_not_use_the_graces_up() -> None:
    assert all(graced([None, 3_600_000]))
    assert all(graced([None, 3_600_000, 40_000]))
    assert all(graced([None, None, 3_600_000, 40_000]))
    assert after(None, late=-3_600_000) is Grace.GIVE


def test_a_silence_counts_for_a_lease_at_most_and_a_clock_that_went_back_for_nothing() -> None:
    assert lateness_after(gap_ms=70_000, lease_ms=LEASE, late_ms=None) == 0
    assert lateness_after(gap_ms=20_000, lease_ms=LEASE, late_ms=5_000) == 25_000
    assert lateness_after(gap_ms=3_600_000, lease_ms=LEASE, late_ms=5_000) == 35_000
    assert lateness_after(gap_ms=None, lease_ms=LEASE, late_ms=5_000) == 5_000
    assert lateness_after(gap_ms=20_000, lease_ms=LEASE, late_ms=-3_600_000) == 20_000


def test_a_restart_is_proved_and_not_bounded() -> None:
    assert after(40_000, age=39_999, late=10**9) is Grace.GIVE
    assert after(40_000, age=40_001, late=10**9) is Grace.FORGET


def test_a_sweep_waits_for_the_grace_that_it_gives_and_for_one_in_force() -> None:
    assert swept(70_000) == Sweep(Grace.GIVE, 0, waits=True)
    assert swept(20_000, late=5_000) == Sweep(Grace.GIVE, 25_000, waits=True)
    assert swept(5_000, in_force=True).waits
    assert swept(20_000, late=10**9, in_force=True) == Sweep(Grace.LEAVE, 10**9 + 20_000, waits=True)
    assert not swept(20_000, late=10**9).waits
    assert not swept(5_000).waits


@pytest.mark.parametrize(("ms", "gap"), [(None, None), (-1, None), (0, 0), (5_000, 5_000)])
def test_a_turn_in_the_future_says_nothing_about_the_gap(ms: int | None, gap: int | None) -> None:
    assert gap_since(ms) == gap
