"""Scan positions: where a claim begins to read in a lane, so that it never reads dead rows again.

Under a snapshot that a session holds open, deleted ready rows stay in the index; a claim that starts at the beginning
of a lane reads them all, every time (PEERS: claims fall to 5 % in two minutes). So claimers remember how far they
came. Three facts make that hard, and each has its answer here:

*Positions commit out of order.* A row with a lower position may appear behind one that was passed. A normal claim
therefore uses a position only after some scan began at least :data:`LAG_S` later than it was passed and still read
below it; a row that commits later than that waits for the next sweep.

*A sweep must not start at zero either.* It starts at the lane's **floor**: a position below which no row is, and none
can appear. Let ``S`` be the last position drawn, read by one statement, and ``X`` an xid that a LATER statement gave
itself. Every transaction that drew a position ≤ S had its xid before it drew (the stores draw positions only on rows
that come out of a data-modifying statement), hence before S was read, hence a lower xid than X; and PostgreSQL
publishes xids in order. When a snapshot's xmin (the oldest running transaction) is ≥ X, all of them have ended: S is
**closed**, nothing can appear at or below it. The snapshot's xmax must not stand in for X: it is the latest
*completed* xid + 1, and a transaction that draws may have an xid beyond it. A snapshot that is merely held open has no
xid and delays nothing.

*Locked rows look absent to SKIP LOCKED.* A floor is therefore min(closed S, first row of the lane − 1), where the first
row is seen by a plain read in a snapshot no older than the one that closed S; rows locked by a claim that may still
roll back count as present.

*A sweep reads dead rows once.* It peeks at the first row of each lane above its floor, and its claim begins just below
that row: rows that the peek did not see are left to the next sweep. A claimer that knows nothing yet closes what was
drawn so far before its first peek, so that only this peek reads from the beginning.

Positions that a crash lost can be drawn again, so everything is forgotten when a connection breaks. Behind a pooler a
broken connection may go unnoticed; hence :data:`RESCAN_S`: floors are forgotten at intervals and read again from zero.

Everything here is arithmetic: no clock, no database. Times are seconds of the caller's monotonic clock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

LAG_S = 0.1
SWEEP_S = 1.0
#: A sweep may take at most one part in this many of a claimer's time.
SWEEP_SHARE = 20
RESCAN_S = 60.0
RESCAN_SHARE = 200
_GRAIN_S = 0.01
_MAX_PENDING = 64


class Horizon:
    """Finds the last position below which no transaction can still add a row."""

    def __init__(self) -> None:
        self.closed = 0
        self._last_drawn = 0
        self._pending: deque[tuple[int, int | None]] = deque()

    @property
    def wants_xid(self) -> bool:
        """Whether the next sample should give itself an xid, to close what was read before."""
        return any(bound is None for _, bound in self._pending)

    def add(self, last_drawn: int, own_xid: int | None, oldest_xid: int) -> bool:
        """Take one sample into account.

        Args:
            last_drawn: the last position drawn, read by this sample.
            own_xid: the xid of this sample, assigned in it, or None.
            oldest_xid: xmin of this sample's snapshot.

        Returns:
            False when positions went back: the database was restored, and nothing known before holds.
        """
        if last_drawn < self._last_drawn:
            return False
        self._last_drawn = last_drawn
        if own_xid is not None:
            self._pending = deque((s, own_xid if bound is None else bound) for s, bound in self._pending)
        while self._pending and self._pending[0][1] is not None and oldest_xid >= self._pending[0][1]:
            self.closed = max(self.closed, self._pending.popleft()[0])
        newest = self._pending[-1][0] if self._pending else self.closed
        if last_drawn > newest and len(self._pending) < _MAX_PENDING:
            self._pending.append((last_drawn, None))
        return True


class _Lane:
    __slots__ = ("floor", "passed", "scanned_at")

    def __init__(self) -> None:
        self.floor = 0
        #: (when passed, position), oldest first; times and positions grow.
        self.passed: deque[tuple[float, int]] = deque()
        #: When the latest scan of this lane began.
        self.scanned_at = float("-inf")

    def position(self) -> int:
        """Return the highest position that an ended scan has confirmed, forgetting those below it."""
        while len(self.passed) > 1 and self.passed[1][0] + LAG_S <= self.scanned_at:
            self.passed.popleft()
        if self.passed and self.passed[0][0] + LAG_S <= self.scanned_at:
            return max(self.floor, self.passed[0][1])
        return self.floor

    def passes(self, at: float, position: int) -> None:
        if self.passed:
            last_at, last = self.passed[-1]
            if position <= last or at - last_at < _GRAIN_S:
                return
        self.passed.append((at, position))

    def falls_back(self, position: int) -> None:
        """Record that a scan stopped at ``position``: rows above it were not read, whatever was passed there before."""
        self.passed = deque((at, min(known, position)) for at, known in self.passed)


class Scan:
    """The positions of one worker in all its lanes."""

    def __init__(self) -> None:
        self._lanes: dict[int, _Lane] = {}
        self._horizon = Horizon()
        self._sweep_at = float("-inf")
        self._rescan_at: float | None = None
        #: Until when the next sweep needs no peek of its own: a recent one saw something.
        self._fresh_until = float("-inf")
        #: What the latest peek saw: lane → the position below its first row, and when that peek began.
        self._starts: dict[int, int] = {}
        self.looked_at = float("-inf")

    @property
    def wants_xid(self) -> bool:
        """Whether the next sample should give itself an xid."""
        return self._horizon.wants_xid

    @property
    def is_new(self) -> bool:
        """Whether no sample has been taken yet."""
        return self.looked_at == float("-inf")

    @property
    def closed(self) -> int:
        """The last position below which nothing can appear."""
        return self._horizon.closed

    def enter(self, lanes: Sequence[int]) -> None:
        """Set the lanes of the next scans. A lane that was missing (paused) is read from its beginning again."""
        if len(lanes) != len(self._lanes) or any(lane not in self._lanes for lane in lanes):
            self._lanes = {lane: self._lanes.get(lane) or _Lane() for lane in lanes}

    def sweeps(self, at: float) -> bool:
        """Tell whether the next claim should read behind its positions."""
        return at >= self._sweep_at

    def looks(self, at: float) -> bool:
        """Tell whether a peek behind the positions may replace the next claim, perhaps a little early."""
        return at >= self._sweep_at - SWEEP_S / 5

    def floors(self, at: float, lanes: Sequence[int]) -> list[int]:
        """Return the floors of lanes; once per :data:`RESCAN_S` they are forgotten first."""
        if self._rescan_at is None:
            self._rescan_at = at + RESCAN_S
        elif at >= self._rescan_at:
            self._rescan_at = at + RESCAN_S
            self._starts = {}
            for lane in self._lanes.values():
                lane.floor = 0
        return [self._lanes[lane].floor for lane in lanes]

    def starts(self, lanes: Sequence[int]) -> list[int]:
        """Return where the claim of a sweep begins in each lane: nothing that the latest peek saw is below."""
        return [max(self._lanes[lane].floor, self._starts.get(lane, 0)) for lane in lanes]

    def known_floors(self, at: float) -> tuple[list[int], list[int]]:
        """Return all lanes that are known here, and their floors."""
        lanes = list(self._lanes)
        return lanes, self.floors(at, lanes)

    def raise_floors(
        self, at: float, lanes: Sequence[int], first_rows: Sequence[int | None], sample: tuple[int, int | None, int]
    ) -> bool:
        """Take a sample and the first rows above the floors, read in the same snapshot.

        Args:
            at: when its statement was sent.
            lanes: the lanes that were read.
            first_rows: the position of the first row of each, or None.
            sample: the arguments of :meth:`Horizon.add`.

        Returns:
            False when everything must be forgotten.
        """
        if not self._horizon.add(*sample):
            return False
        closed = self._horizon.closed
        self._starts = {lane: first - 1 for lane, first in zip(lanes, first_rows, strict=True) if first is not None}
        self.looked_at = at
        for lane, first in zip(lanes, first_rows, strict=True):
            bound = closed if first is None else min(closed, first - 1)
            self._lanes[lane].floor = max(self._lanes[lane].floor, bound)
        return True

    def swept(self, began: float, ended: float) -> None:
        """Record that a sweep took this long."""
        took = ended - began
        self._sweep_at = ended + max(SWEEP_S, SWEEP_SHARE * took)
        self._fresh_until, self._starts = float("-inf"), {}
        if self._rescan_at is not None and RESCAN_SHARE * took > RESCAN_S:
            self._rescan_at = max(self._rescan_at, ended + RESCAN_SHARE * took)

    def sweep_next(self, at: float) -> None:
        """Have the next claim read behind its positions, from what a peek that ended now has seen."""
        self._sweep_at = float("-inf")
        self._fresh_until = at + LAG_S

    def knows_starts(self, at: float) -> bool:
        """Tell whether a sweep may begin from what the latest peek saw; an older one may have missed more."""
        return at <= self._fresh_until

    def positions(self, lanes: Sequence[int]) -> list[int]:
        """Return where a normal claim begins in each lane."""
        return [self._lanes[lane].position() for lane in lanes]

    def scanned(
        self, began: float, ended: float, lanes: Sequence[int], taken: Mapping[int, int], *, full: bool
    ) -> None:
        """Record a scan.

        Args:
            began: when its statement was sent; for a sweep, when its peek began.
            ended: when its answer came.
            lanes: the lanes in the order of the scan.
            taken: lane → highest position claimed in it.
            full: whether the scan stopped because it had enough; the last lane with rows is where it stopped.
        """
        stop = max((index for index, lane in enumerate(lanes) if lane in taken), default=-1) if full else len(lanes)
        for index, lane_id in enumerate(lanes):
            if index > stop:
                break
            lane = self._lanes.get(lane_id)
            if lane is None:
                continue
            lane.scanned_at = max(lane.scanned_at, began)
            highest = taken.get(lane_id, 0)
            if index == stop:
                lane.falls_back(highest)
            else:
                # Read to its end: nothing visible is left at or below the last position known before.
                highest = max(highest, self._horizon.closed)
            lane.passes(ended, highest)
