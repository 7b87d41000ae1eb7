"""What a series of samples says: pure functions from numbers to verdicts, so that each can be shown to fail."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

import msgspec

Point = tuple[float, float]


class Verdict(msgspec.Struct, frozen=True):
    """One line of the report."""

    name: str
    ok: bool
    figure: str
    bound: str


class Histogram(msgspec.Struct, frozen=True):
    """Counts of a Prometheus histogram at one moment, cumulative: (upper bound in seconds, how many so far)."""

    buckets: tuple[tuple[float, float], ...] = ()
    total_s: float = 0.0

    @property
    def count(self) -> float:
        return self.buckets[-1][1] if self.buckets else 0.0

    def since(self, earlier: Histogram) -> Histogram:
        """Return what was observed after an earlier moment."""
        before = dict(earlier.buckets)
        buckets = tuple((bound, seen - before.get(bound, 0.0)) for bound, seen in self.buckets)
        return Histogram(buckets, self.total_s - earlier.total_s)

    def quantile(self, share: float) -> float:
        """Return the value below which this share of the observations lies, linear inside a bucket; 0 if none."""
        if not self.count:
            return 0.0
        wanted, low, seen = share * self.count, 0.0, 0.0
        for bound, until in self.buckets:
            if until >= wanted and until > seen:
                inside = (wanted - seen) / (until - seen)
                return low + (bound - low) * inside if bound != float("inf") else low
            low, seen = bound if bound != float("inf") else low, until
        return low

    def mean(self) -> float:
        """Return the mean in seconds, which needs no bucket; 0 if nothing was observed."""
        return self.total_s / self.count if self.count else 0.0


def slope(points: Sequence[Point]) -> float:
    """Return the median of the slopes between all pairs (Theil–Sen): a few odd samples do not tilt it."""
    rises = [
        (later[1] - earlier[1]) / (later[0] - earlier[0])
        for index, earlier in enumerate(points)
        for later in points[index + 1 :]
        if later[0] > earlier[0]
    ]
    return statistics.median(rises) if rises else 0.0


def flat(name: str, points: Sequence[Point], *, most: float, unit: str = "") -> Verdict:
    """Judge that a series does not grow.

    Two looks, because either alone can be fooled: the trend over the whole series, and the last fifth against the
    first (a step halfway has hardly any median slope).

    Args:
        name: what it is a series of.
        points: (seconds, value), in order.
        most: growth over the whole series that is still flat, in the unit of the values.
        unit: for the report.
    """
    if len(points) < 5:
        return Verdict(name, False, f"{len(points)} samples", "at least 5 samples")
    trend = slope(points) * (points[-1][0] - points[0][0])
    fifth = max(len(points) // 5, 1)
    step = statistics.median(value for _, value in points[-fifth:]) - statistics.median(
        value for _, value in points[:fifth]
    )
    grown = max(trend, step)
    values = [value for _, value in points]
    return Verdict(
        name,
        grown <= most,
        f"{values[0]:.4g} → {values[-1]:.4g}{unit}, highest {max(values):.4g}, grown {grown:+.3g}",
        f"grows ≤ {most:.3g}{unit}",
    )


def within_ratio(name: str, value: float, base: float, *, most: float, noise_s: float) -> Verdict:
    """Judge a latency against its base.

    Args:
        name: what is compared.
        value, base: seconds; a base of zero means that nothing was measured.
        most: the highest ratio.
        noise_s: a difference below this is the machine's, not ours.
    """
    figure = f"{value * 1e3:.1f} ms, base {base * 1e3:.1f} ms" + (f", {value / base:.2f} ×" if base else "")
    ok = base > 0 and value > 0 and (value <= most * base or value - base <= noise_s)
    return Verdict(name, ok, figure, f"≤ {most:g} ×, or + {noise_s * 1e3:g} ms")


def recovered(name: str, points: Sequence[Point], released_at: float, *, below: float, within_s: float) -> Verdict:
    """Judge that a latency came back after a moment, and that it did so in time.

    Args:
        name: what came back.
        points: (seconds, latency) of the time after, in order.
        released_at: the moment.
        below: what counts as back.
        within_s: how long it may take.
    """
    bound = f"≤ {below * 1e3:.1f} ms within {within_s:g} s"
    for at, value in points:
        if at > released_at and 0 < value <= below:
            return Verdict(name, at - released_at <= within_s, f"after {at - released_at:.0f} s", bound)
    return Verdict(name, False, "not seen", bound)


def at_most(name: str, value: float, most: float, unit: str = "") -> Verdict:
    """Judge a count or a rate."""
    return Verdict(name, value <= most, f"{value:,.6g}{unit}", f"≤ {most:g}{unit}")


def nothing_lost(acknowledged: int, unknown: int, completed: int, elsewhere: int, violations: int) -> Verdict:
    """Judge the books: every acknowledged job completed, once, and no other job did.

    Args:
        acknowledged: jobs that the server answered with a 2xx.
        unknown: jobs of requests without an answer: stored or not.
        completed: jobs of the load that the store says are completed.
        elsewhere: jobs of the load in any other state.
        violations: sentences of the store's own check.
    """
    ok = acknowledged <= completed <= acknowledged + unknown and elsewhere == 0 and violations == 0 and completed > 0
    figure = f"{acknowledged:,} acknowledged, {completed:,} completed, {elsewhere} elsewhere, {violations} violations"
    return Verdict("nothing lost", ok, figure, f"all completed ({unknown} without an answer)")


def transactions_per_job(
    xids: int, wake_ups: int, idle_xids: float, jobs: int, most: float, *, looks: int = 0
) -> Verdict:
    """Judge the write transactions of jobs that nothing batches.

    A wake-up costs a transaction id too, but at most one per queue and 10…100 ms, not one per job; duties and
    heartbeats cost the same while nothing happens, and the looks of a busy worker at its positions are one a second,
    however many jobs there are. All three are taken off and shown.

    Args:
        xids: transaction ids that were given out meanwhile.
        wake_ups: notifications among them.
        idle_xids: what an idle worker and server would have taken in the same time.
        jobs: how many jobs ran.
        most: the bound.
        looks: how many looks at the positions there may have been.
    """
    each = (xids - wake_ups - idle_xids - looks) / jobs if jobs else float("inf")
    beside = f"{wake_ups} wake-ups, {idle_xids:.0f} of an idle program and {looks} looks at positions"
    figure = f"{each:.2f} ({xids / max(jobs, 1):.2f} with {beside})"
    return Verdict("write transactions per unbatched job", each <= most, figure, f"≤ {most:g}")
