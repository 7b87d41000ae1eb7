"""Scan positions, without a database: transactions that commit in any order, claims that roll back, a model of xids."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from taskflowmq.stores.postgres.cursors import LAG_S, RESCAN_S, SWEEP_S, Horizon, Scan

LANE = 7


class Positions(RuleBasedStateMachine):
    """One lane. Whatever happens, no row is at or below the floor, and a sweep takes all that nobody holds."""

    def __init__(self) -> None:
        super().__init__()
        self.scan = Scan()
        self.scan.enter([LANE])
        self.now = 0.0
        self.seq = 0
        self.xid = 100
        self.writing: dict[int, list[int]] = {}
        self.ready: set[int] = set()
        self.locked: set[int] = set()

    @rule(rows=st.integers(1, 4))
    def draw(self, rows: int) -> None:
        """A transaction gets its xid, then draws positions; it stays open."""
        self.xid += 1
        self.writing[self.xid] = list(range(self.seq + 1, self.seq + rows + 1))
        self.seq += rows

    @precondition(lambda self: self.writing)
    @rule(pick=st.integers(0, 99), commits=st.booleans())
    def end(self, pick: int, commits: bool) -> None:
        """Any open transaction ends, not the oldest first."""
        xid = sorted(self.writing)[pick % len(self.writing)]
        rows = self.writing.pop(xid)
        if commits:
            self.ready.update(rows)

    @precondition(lambda self: self.ready)
    @rule(pick=st.integers(0, 99))
    def lock(self, pick: int) -> None:
        """Another claim holds a row, and may roll back."""
        self.locked.add(sorted(self.ready)[pick % len(self.ready)])

    @rule(commits=st.booleans())
    def unlock(self, commits: bool) -> None:
        """That claim ends."""
        if commits:
            self.ready -= self.locked
        self.locked.clear()

    @rule(seconds=st.floats(0, 0.3))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.now += seconds

    @rule(limit=st.integers(1, 5))
    def claim(self, limit: int) -> None:
        """A normal claim."""
        self.scan_from(self.scan.positions([LANE])[0], limit)

    @rule(limit=st.integers(1, 5), commits_between=st.booleans())
    def sweep(self, limit: int, commits_between: bool) -> None:
        """A sweep: one look, then a claim from just below what it saw; somebody may commit between the two."""
        seen = self.ready - self.locked
        [start] = self.sample()
        if commits_between and self.writing:
            self.end(0, commits=True)
        rows = self.scan_from(start, limit)
        left = seen & self.ready
        assert not left or (len(rows) == limit and min(left) > rows[-1])

    def sample(self) -> list[int]:
        [floor] = self.scan.floors(self.now, [LANE])
        oldest = min(self.writing, default=self.xid + 1)
        own = None
        if self.scan.wants_xid:
            self.xid += 1
            own = self.xid
        above = [row for row in self.ready if row > floor]
        sample = (self.seq, own, oldest)
        assert self.scan.raise_floors(self.now, [LANE], [min(above, default=None)], sample)
        return self.scan.starts([LANE])

    def scan_from(self, after: int, limit: int) -> list[int]:
        rows = [row for row in sorted(self.ready - self.locked) if row > after][:limit]
        self.ready.difference_update(rows)
        taken = {LANE: rows[-1]} if rows else {}
        self.scan.scanned(self.now, self.now, [LANE], taken, full=len(rows) >= limit)
        return rows

    @invariant()
    def nothing_is_below_the_floor(self) -> None:
        [floor] = self.scan.floors(0.0, [LANE])
        assert all(row > floor for row in self.ready)
        assert all(row > floor for rows in self.writing.values() for row in rows)


Positions.TestCase.settings = settings(
    max_examples=min(60, settings().max_examples), stateful_step_count=40, deadline=None
)
TestPositions = Positions.TestCase


def test_the_floor_rises_to_the_end_when_nothing_is_left() -> None:
    scan = Scan()
    scan.enter([LANE])
    scan.raise_floors(0.0, [LANE], [None], (50, None, 200))
    assert scan.floors(0.0, [LANE]) == [0], "one sample closes nothing"
    assert scan.wants_xid
    scan.raise_floors(0.0, [LANE], [None], (50, 201, 200))
    scan.raise_floors(0.0, [LANE], [None], (50, None, 202))
    assert scan.floors(0.0, [LANE]) == [50]
    assert not scan.wants_xid, "an idle store costs no xids"


def test_a_transaction_whose_xid_lies_beyond_the_snapshot_keeps_the_floor_down() -> None:
    """xmax is the latest completed xid + 1: a writer may have a higher xid, so xmax would close too early."""
    horizon = Horizon()
    # The writer has xid 105, drew position 9, and goes on; 101 … 104 are under way too; 100 ended last (xmax 101).
    horizon.add(9, None, 101)
    horizon.add(9, 106, 101)
    horizon.add(9, None, 105)
    assert horizon.closed == 0
    horizon.add(9, None, 106)
    assert horizon.closed == 9


def test_a_claim_skips_what_was_passed_only_after_a_scan_confirmed_it() -> None:
    scan = Scan()
    scan.enter([LANE])
    scan.scanned(0.0, 0.01, [LANE], {LANE: 500}, full=True)
    assert scan.positions([LANE]) == [0]
    scan.scanned(0.05, 0.06, [LANE], {LANE: 600}, full=True)
    assert scan.positions([LANE]) == [0], "no scan began a lag later yet"
    scan.scanned(0.02 + LAG_S, 0.13, [LANE], {LANE: 700}, full=True)
    assert scan.positions([LANE]) == [500]


def test_a_claim_that_stopped_early_proves_nothing_beyond() -> None:
    scan = Scan()
    scan.enter([LANE])
    scan.scanned(0.0, 0.0, [LANE], {LANE: 900}, full=True)
    scan.scanned(1.0, 1.0, [LANE], {LANE: 40}, full=True)
    assert scan.positions([LANE]) == [40]


def test_lanes_behind_the_one_where_a_claim_stopped_were_not_looked_at() -> None:
    scan = Scan()
    scan.enter([1, 2])
    scan.scanned(0.0, 0.0, [1, 2], {2: 80}, full=False)
    scan.scanned(1.0, 1.0, [1, 2], {1: 5}, full=True)
    scan.scanned(1.2, 1.2, [1, 2], {1: 6}, full=True)
    assert scan.positions([1, 2])[1] == 0


def test_a_lane_that_was_away_is_read_from_its_beginning() -> None:
    scan = Scan()
    scan.enter([1, 2])
    scan.scanned(0.0, 0.0, [1, 2], {1: 80, 2: 90}, full=False)
    scan.scanned(1.0, 1.0, [1, 2], {}, full=False)
    assert scan.positions([1, 2]) == [80, 90]
    scan.enter([1])
    scan.enter([1, 2])
    assert scan.positions([1, 2]) == [80, 0]


def test_sweeps_are_spaced_by_what_they_cost() -> None:
    scan = Scan()
    assert scan.sweeps(10.0)
    scan.swept(10.0, 10.001)
    assert not scan.sweeps(10.9)
    assert scan.sweeps(10.1 + SWEEP_S)
    scan.swept(20.0, 20.5)
    assert not scan.sweeps(29.0)
    assert scan.sweeps(30.6)


def test_floors_are_read_again_now_and_then() -> None:
    scan = Scan()
    scan.enter([LANE])
    scan.floors(0.0, [LANE])
    scan.raise_floors(0.0, [LANE], [None], (50, None, 200))
    scan.raise_floors(0.0, [LANE], [None], (50, 201, 201))
    assert scan.floors(1.0, [LANE]) == [50]
    assert scan.floors(RESCAN_S, [LANE]) == [0]


def test_the_claim_of_a_sweep_begins_below_what_its_look_saw() -> None:
    scan = Scan()
    scan.enter([1, 2])
    scan.raise_floors(3.0, [1, 2], [41, None], (50, None, 200))
    assert (scan.starts([1, 2]), scan.floors(3.0, [1, 2]), scan.looked_at) == ([40, 0], [0, 0], 3.0)
    scan.swept(3.0, 3.1)
    assert scan.starts([1, 2]) == [0, 0], "a look serves one sweep"


def test_floors_that_are_forgotten_take_what_was_seen_above_them_along() -> None:
    scan = Scan()
    scan.enter([LANE])
    scan.floors(0.0, [LANE])
    scan.raise_floors(0.0, [LANE], [41], (50, None, 200))
    scan.floors(RESCAN_S, [LANE])
    assert scan.starts([LANE]) == [0]


def test_a_look_serves_the_sweep_that_follows_at_once() -> None:
    scan = Scan()
    scan.enter([LANE])
    scan.swept(0.0, 0.01)
    assert not scan.knows_starts(0.5)
    scan.raise_floors(0.5, [LANE], [41], (50, None, 200))
    scan.sweep_next(2.5)
    assert scan.sweeps(2.5)
    assert scan.knows_starts(2.5 + LAG_S), "however long the look took"
    assert not scan.knows_starts(2.6 + LAG_S), "what was committed since then may be below what it saw"
    scan.swept(scan.looked_at, 2.6)
    assert not scan.knows_starts(2.6)
    assert not scan.sweeps(2.6 + 20 * 2.0), "the look counts as part of the sweep"


def test_positions_that_went_back_mean_another_database() -> None:
    horizon = Horizon()
    assert horizon.add(100, None, 5)
    assert not horizon.add(40, None, 6)
