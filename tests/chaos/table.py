"""The one table of a chaos run, and the violations below it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tests.chaos.checker import Report, unknowns
from tests.chaos.recovery import quantile

#: Violations shown; the others are in the evidence.
SHOWN = 20


def table(report: Report) -> str:
    """Return it as text."""
    evidence = report.case.evidence
    title = f"chaos  {evidence.store}, seed {evidence.seed}, {evidence.seconds:g} s"
    rows = [*_faults(report), *_jobs(report), *_promises(report), *_times(report)]
    width = max(len(name) for name, _ in rows)
    return "\n".join([title, *(f"  {name:<{width}}  {value}" for name, value in rows)])


def violations(report: Report) -> str:
    """Return what contradicts the promises, one line each."""
    lines = [f"  {one.rule}: {one.what} {one.text}" for one in report.violations[:SHOWN]]
    if len(report.violations) > SHOWN:
        lines.append(f"  … and {len(report.violations) - SHOWN} more")
    return "\n".join(lines)


def _faults(report: Report) -> Iterator[tuple[str, str]]:
    evidence = report.case.evidence
    kinds = Counter(
        f"{fault.kind} of all" if fault.target == "all" and fault.kind != "freeze" else fault.kind
        for fault in evidence.faults
    )
    shown = [f"{kind} {count}" for kind, count in sorted(kinds.items())]
    yield "faults", f"{len(evidence.faults)}: {', '.join(shown[:7])}"
    for first in range(7, len(shown), 7):
        yield "", ", ".join(shown[first : first + 7])
    for kind in evidence.not_run:
        yield "NOT RUN", kind


def _jobs(report: Report) -> Iterator[tuple[str, str]]:
    case = report.case
    states = Counter(job.state for job in case.evidence.jobs)
    acknowledged = {job_id for request in case.evidence.requests for job_id in request.ids}
    unknown = [key for request in unknowns(case.evidence) for key in request.keys]
    stored = sum(key in case.by_key for key in unknown)
    refused = sum(request.answer == "refused" for request in case.evidence.requests)
    repeated = sum(request.tries > 1 for request in case.evidence.requests)
    yield "jobs", f"{len(case.jobs)} stored: {', '.join(f'{state} {count}' for state, count in sorted(states.items()))}"
    yield "requests", f"{len(case.evidence.requests)}, {repeated} of them repeated, {refused} rolled back"
    yield "acknowledged", f"{len(acknowledged)} jobs"
    yield "unknown", f"{len(unknown)} jobs, {stored} of them stored"


def _promises(report: Report) -> Iterator[tuple[str, str]]:
    case = report.case
    runs = sum(len(lines) for lines in case.starts.values())
    explained = sum(run.explained for run in case.duplicates)
    words = Counter(word for _, word in case.evidence.endings)
    crashes = sum(job.crashes for job in case.evidence.jobs)
    losses = sum(job.losses for job in case.evidence.jobs)
    yield "lost", str(report.of("lost", "unfinished"))
    yield "phantom", str(report.of("phantom", "twice", "torn"))
    yield "runs", f"{runs}, {crashes} crashes, {losses} losses"
    yield "duplicates", f"{explained} explained, {len(case.duplicates) - explained} unexplained"
    yield "stale writes", f"{words['stale']} refused, {report.of('stale', 'moved', 'ended twice', 'effects')} applied"
    yield "other violations", str(len(report.violations) - report.of(*_COUNTED))


_COUNTED = ("lost", "unfinished", "phantom", "twice", "torn", "stale", "moved", "ended twice", "effects")


def _times(report: Report) -> Iterator[tuple[str, str]]:
    found = report.case.recoveries
    store = [one.to_store for one in found if one.to_store is not None]
    start = [one.to_start for one in found if one.to_start is not None]
    yield "recovered", f"next job stored: {_spread(store)}; next body began: {_spread(start)}"
    yield "all ended", f"{report.case.evidence.settled_in:.1f} s after the load and the last fault"


def _spread(seconds: list[float]) -> str:
    middle, most = quantile(seconds, 0.5), quantile(seconds, 1.0)
    return "never" if middle is None or most is None else f"p50 {middle:.2f} s, max {most:.2f} s"
