"""How long attempts had waited: from the end before them, unless that is not kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from taskflowmq.core.attempts import Attempts, AttemptView

NOON = datetime(2031, 5, 6, 12, 0, tzinfo=UTC)


def attempt(lease_no: int, began: float, ended: float | None, **fields: object) -> AttemptView:
    """One attempt, by seconds since noon."""
    given = {
        "round": 1,
        "attempt": lease_no,
        "lease_no": lease_no,
        "worker": None,
        "host": None,
        "pid": None,
        "started_at": NOON + timedelta(seconds=began),
        "finished_at": None if ended is None else NOON + timedelta(seconds=ended),
        "outcome": "failed",
        "raw_error": None,
    }
    return AttemptView(**(given | fields))  # type: ignore[arg-type]


def waits(*views: AttemptView, due_at: datetime | None = NOON) -> list[float | None]:
    return [view.waited for view in Attempts(views, due_at)]


def test_from_the_due_time_then_from_the_end_before() -> None:
    assert waits(attempt(1, 2, 5), attempt(2, 6.5, 7), attempt(4, 10, None)) == [2.0, 1.5, 3.0]


def test_a_clock_that_stepped_back_makes_no_negative_wait() -> None:
    assert waits(attempt(1, -1, 5), attempt(2, 4, 7)) == [0.0, 0.0]


def test_since_when_a_round_waited_is_not_known() -> None:
    assert waits(attempt(1, 2, 5), attempt(2, 60, 61, round=2), attempt(3, 63, 64, round=2)) == [2.0, None, 2.0]
    assert waits(attempt(3, 2, 5, round=2)) == [None]


def test_behind_a_gap_the_end_before_is_not_known() -> None:
    untold = attempt(0, 0, 0, raw_error=b'{"failed":7}')
    found = Attempts([untold, attempt(9, 1, 2), attempt(10, 3, 4), attempt(95, 50, 51), attempt(96, 52, None)], NOON)
    assert [view.waited for view in found] == [1.0, 1.0, None, 1.0]
    assert (found.total, found.gap, found.counts["failed"]) == (11, 7, 11)
    # Without attempts that are not kept, claims in between were handed back.
    assert waits(attempt(10, 3, 4), attempt(95, 50, 51)) == [3.0, 46.0]


def test_a_job_whose_due_time_is_unknown() -> None:
    assert waits(attempt(1, 2, 5), due_at=None) == [None]
    assert (list(Attempts()), Attempts().total) == ([], 0)
