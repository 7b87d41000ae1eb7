"""What is measured: one module per kind of measure, one function per measure, and the table of them all."""

from __future__ import annotations

from benchmarks.compare.measures import drain, enqueue, idle, lists, pickup, rerun, rest
from benchmarks.compare.measures.figures import Measure

MEASURES: tuple[Measure, ...] = (
    Measure("enqueue_one", "enqueue one by one", enqueue.one),
    Measure("enqueue_together", "enqueue, 64 at once", enqueue.together),
    Measure("enqueue_bulk", "enqueue in bulk, 1,000 a call", enqueue.bulk),
    Measure("drain_1", "drain, 1 process", lambda bench: drain.noop(bench, children=1)),
    Measure("drain_2", "drain, 2 processes", lambda bench: drain.noop(bench, children=2)),
    Measure("pickup", "pick-up", pickup.pickup),
    Measure("sleep_100", "jobs of 10 ms, 100 at once", lambda bench: drain.sleeping(bench, 100)),
    Measure("sleep_1000", "jobs of 10 ms, 1,000 at once", lambda bench: drain.sleeping(bench, 1_000)),
    Measure("thread", "no-ops in threads", lambda bench: drain.elsewhere(bench, "thread")),
    Measure("process", "no-ops in processes", lambda bench: drain.elsewhere(bench, "process")),
    Measure("idle", "idle worker", idle.idle),
    Measure("rerun", "re-run after kill -9", rerun.rerun),
    Measure("rest", "POST /jobs, 64 connections", rest.rest, ("taskflow", "express")),
    Measure("lists", "GET /jobs", lists.lists, ("taskflow",)),
)


def chosen(names: str | None) -> list[Measure]:
    """Return the measures named in a comma-separated list, or all; "drain" also means "drain_1" and "drain_2".

    Raises:
        ValueError: a name is not known.
    """
    if not names:
        return list(MEASURES)
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    for name in wanted:
        if not any(_matches(measure.name, name) for measure in MEASURES):
            known = ", ".join(measure.name for measure in MEASURES)
            raise ValueError(f"there is no measure {name!r}; known: {known}")
    return [measure for measure in MEASURES if any(_matches(measure.name, name) for name in wanted)]


def _matches(measure: str, wanted: str) -> bool:
    return measure == wanted or measure.startswith(f"{wanted}_")
