"""How far a worker claims ahead: a tenth of a second of work, never more than what its process can be charged for."""

from __future__ import annotations

from taskflowmq.ports.store import MAX_BATCH
from taskflowmq.worker.claiming.throughput import AHEAD_SECONDS, MOST_AHEAD, Throughput
from taskflowmq.worker.settling.completer import HIGH_WATER
from taskflowmq.worker.slots import RING

SLOTS = 50


def ahead_at(rate: float, *, seconds: float = 3.0) -> int:
    """Return the prefetch after some seconds at so many jobs per second."""
    pace, now, ended = Throughput(0.0, SLOTS), 0.0, 0.0
    while now < seconds:
        now, ended = now + 0.1, ended + rate * 0.1
        pace.measure(int(ended), now, busy=True)
    return pace.prefetch


def test_the_prefetch_is_a_tenth_of_a_second_of_work() -> None:
    assert abs(ahead_at(5_000) - 5_000 * AHEAD_SECONDS) <= 5


def test_jobs_that_take_longer_than_that_are_not_claimed_ahead() -> None:
    assert ahead_at(SLOTS / AHEAD_SECONDS - 10) == 0


def test_a_fast_worker_has_a_full_claim_to_work_on_while_the_next_is_under_way() -> None:
    assert ahead_at(100_000) == MOST_AHEAD == 2 * MAX_BATCH


def test_idle_time_forgets() -> None:
    pace = Throughput(0.0, SLOTS)
    for turn in range(1, 30):
        pace.measure(1_000 * turn, 0.1 * turn, busy=True)
    assert pace.prefetch > 0
    pace.measure(29_000, 4.0, busy=False)
    assert pace.prefetch == 0


def test_everything_that_can_have_ended_unstored_fits_into_the_ring_of_the_ended() -> None:
    """What has left the ring is taken for prefetched after a death, and would go back without a charge."""
    most_slots_of_a_busy_child = 1_000
    assert HIGH_WATER + MOST_AHEAD + MAX_BATCH + most_slots_of_a_busy_child < RING
