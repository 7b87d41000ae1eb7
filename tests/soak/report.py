"""From a record to verdicts, and to the table that a person reads."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from tests.soak import verdicts
from tests.soak.harness import Record, Sample
from tests.soak.verdicts import Histogram, Point, Verdict


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """What still counts as flat, as fast, as back."""

    #: Growth of the process trees over the measured time; the first fifth is warm-up and does not count.
    memory_mb: float = 6.0
    descriptors: float = 3.0
    threads: float = 3.0
    connections: float = 2.0
    end_ratio: float = 1.5
    held_ratio: float = 3.0
    back_within_s: float = 60.0
    #: Differences of latency that are the machine's own noise.
    noise_s: float = 0.003
    transactions: float = 3.0
    #: Share of the wanted rate that must have been offered.
    offered: float = 0.9
    #: Of the median; a stall of the disk ends up in the last percent, whoever caused it.
    pick_up_s: float = 0.25


#: For seconds instead of minutes on a machine that does other things, too, which stall a process for half a second:
#: what is wrong by a factor is still seen.
QUICK = Bounds(memory_mb=20, end_ratio=4, held_ratio=6, noise_s=1, offered=0.5, pick_up_s=2)

WARM = 0.2
START, END = (0.2, 0.4), (0.8, 1.0)


def judge(record: Record, bounds: Bounds) -> list[Verdict]:
    """Return every verdict on a run."""
    found = [*_flatness(record, bounds), *_latencies(record, bounds)]
    if record.unbatched.jobs:
        found += _postgres(record, bounds)
    rate = record.plan.share * record.capacity
    offered = f"{record.offered:,.0f} jobs/s of {rate:,.0f} wanted, capacity {record.capacity:,.0f}"
    found += [
        Verdict("offered", record.offered >= bounds.offered * rate, offered, f"≥ {bounds.offered:.0%}"),
        verdicts.at_most("requests refused", record.refused, 0),
        verdicts.at_most("errors in the programs' logs", len(record.complaints), 0),
        Verdict("exit codes", record.exit_codes == [0, 0], str(record.exit_codes), "clean drains"),
        verdicts.nothing_lost(
            record.acknowledged, record.unknown, record.completed, record.elsewhere, len(record.violations)
        ),
    ]
    return found


def _flatness(record: Record, bounds: Bounds) -> list[Verdict]:
    warm = [sample for sample in record.samples if sample.at >= WARM * record.plan.seconds]

    def points(value: Callable[[Sample], float]) -> list[Point]:
        return [(sample.at, value(sample)) for sample in warm]

    found = [
        verdicts.flat("memory (PSS)", points(lambda s: s.usage.memory_mb), most=bounds.memory_mb, unit=" MB"),
        verdicts.flat("file descriptors", points(lambda s: s.usage.descriptors), most=bounds.descriptors),
        verdicts.flat("threads", points(lambda s: s.usage.threads), most=bounds.threads),
    ]
    if record.unbatched.jobs:
        connections = points(lambda s: s.database.connections)
        found.append(verdicts.flat("connections", connections, most=bounds.connections))
    return found


def _latencies(record: Record, bounds: Bounds) -> list[Verdict]:
    seconds = record.plan.seconds
    base = _claims(record, START[0] * seconds, START[1] * seconds).quantile(0.99)
    end = _claims(record, END[0] * seconds, END[1] * seconds).quantile(0.99)
    held_from, held_until = record.held
    held = _claims(record, held_from, held_until).quantile(0.99)
    noise = bounds.noise_s
    back = max(bounds.end_ratio * base, base + noise)
    after = [point for point in claim_p99s(record) if point[0] > held_until]
    waits = _between(record, START[0] * seconds, seconds, lambda s: s.counters.wait)
    pick_up = waits.quantile(0.5)
    return [
        verdicts.within_ratio("claim p99, end / start", end, base, most=bounds.end_ratio, noise_s=noise),
        verdicts.within_ratio(
            f"claim p99, snapshot held {held_until - held_from:.0f} s / start",
            held,
            base,
            most=bounds.held_ratio,
            noise_s=noise,
        ),
        verdicts.recovered(
            "claim p99 back after the release", after, held_until, below=back, within_s=bounds.back_within_s
        ),
        Verdict(
            "pick-up (ready → claimed) p50",
            0 < pick_up <= bounds.pick_up_s,
            f"p50 {pick_up * 1e3:.1f} ms, p99 {waits.quantile(0.99) * 1e3:.1f} ms",
            f"≤ {bounds.pick_up_s:g} s",
        ),
    ]


def _postgres(record: Record, bounds: Bounds) -> list[Verdict]:
    one, first, last = record.unbatched, record.samples[0].database, record.samples[-1].database
    jobs = record.samples[-1].acknowledged - record.samples[0].acknowledged
    return [
        verdicts.transactions_per_job(
            one.xids, one.wake_ups, one.idle_xids, one.jobs, bounds.transactions, looks=one.looks
        ),
        Verdict(
            "write transactions per job under load",
            last.xids > first.xids,
            f"{(last.xids - first.xids) / max(jobs, 1):.3f}; age(datfrozenxid) {last.xid_age:,}",
            "shown",
        ),
        verdicts.at_most("deadlocks", last.deadlocks, 0),
    ]


def claim_p99s(record: Record) -> list[Point]:
    """Return (seconds, p99 of claims) for each two neighbouring windows between samples."""
    samples = record.samples
    return [
        (later.at, later.counters.claim.since(earlier.counters.claim).quantile(0.99))
        for earlier, later in zip(samples, samples[2:], strict=False)
    ]


def _claims(record: Record, start: float, end: float) -> Histogram:
    return _between(record, start, end, lambda sample: sample.counters.claim)


def _between(record: Record, start: float, end: float, pick: Callable[[Sample], Histogram]) -> Histogram:
    inside = [sample for sample in record.samples if start <= sample.at <= end]
    return pick(inside[-1]).since(pick(inside[0])) if len(inside) > 1 else Histogram()


def table(record: Record, found: list[Verdict]) -> str:
    """Return the report."""
    loads = [sample.load_average for sample in record.samples]
    head = (
        f"{record.acknowledged:,} jobs; load {record.plan.seconds:g} s beside {record.plan.finished:,} finished and"
        f" {record.plan.scheduled:,} scheduled jobs; load average {min(loads):.1f}…{max(loads):.1f};"
        f" most dead tuples {max(s.database.dead_tuples for s in record.samples):,};"
        f" longest log of SQLite {max(s.database.log_mb for s in record.samples):.0f} MB"
    )
    return f"{head}\n{rows(found)}"


def rows(found: list[Verdict]) -> str:
    """Return verdicts as the rows of a table."""
    cells = [("", "measure", "figure", "bound")]
    cells += [("ok" if one.ok else "FAIL", one.name, one.figure, one.bound) for one in found]
    widths = [max(len(row[column]) for row in cells) for column in range(4)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    )


def series(record: Record) -> str:
    """Return the samples as tab-separated lines, for a closer look."""
    columns = ("at", "PSS MB", "fds", "threads", "connections", "claim p50 ms", "claim p99 ms", "pick-up p99 ms",
               "jobs/s", "dead tuples", "log MB", "load")  # fmt: skip
    lines = ["\t".join(columns)]
    for earlier, later in zip(record.samples, record.samples[1:], strict=False):
        claim = later.counters.claim.since(earlier.counters.claim)
        wait = later.counters.wait.since(earlier.counters.wait)
        rate = (later.counters.processed - earlier.counters.processed) / (later.at - earlier.at)
        values = (
            later.at, later.usage.memory_mb, later.usage.descriptors, later.usage.threads, later.database.connections,
            claim.quantile(0.5) * 1e3, claim.quantile(0.99) * 1e3, wait.quantile(0.99) * 1e3, rate,
            later.database.dead_tuples, later.database.log_mb, later.load_average,
        )  # fmt: skip
        lines.append("\t".join(f"{value:.1f}" for value in values))
    return "\n".join(lines)
