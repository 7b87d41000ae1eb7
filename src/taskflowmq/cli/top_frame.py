"""What ``taskflow top`` shows: one frame, from facts that were read before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

import click
import msgspec

from taskflowmq.cli.output import duration, rate, rounded, table_lines
from taskflowmq.cli.workers import load_cells
from taskflowmq.core.chart import Summary
from taskflowmq.core.job import JobView, State
from taskflowmq.core.printable import escape_lines
from taskflowmq.core.workers import WorkerState
from taskflowmq.ports.store import QueueView
from taskflowmq.ports.store.workers import WorkerView
from taskflowmq.wire.queue import Activity

#: Lines of a table that are shown before the others have had some.
_FAIR = 4


class Facts(NamedTuple):
    """What was read of a store."""

    at: datetime
    store: str
    workers: Sequence[WorkerView]
    queues: Sequence[tuple[QueueView, Activity]]
    #: All jobs, in the last minutes; None if none ran.
    recent: Summary | None
    #: Tasks of which attempts failed in the last hour, those with the most first.
    failing: Sequence[Summary]
    #: Jobs that run, the oldest first.
    running: Sequence[JobView]


class Part(NamedTuple):
    """A table of the frame."""

    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    empty: str
    optional: Sequence[str] = ()


def frame(facts: Facts, width: int, height: int, problem: str | None = None) -> list[str]:
    """Return the lines of a frame.

    Args:
        facts: what was read.
        width: characters of a line at most.
        height: lines at most.
        problem: why nothing newer could be read.
    """
    head = [_cut(line, width) for line in _head(facts)]
    if problem is not None:
        head.append(click.style(_cut(f"Data of {facts.at:%H:%M:%S}Z: {problem}", width), fg="red"))
    parts = [_queues(facts), _workers(facts), _running(facts), _failing(facts)]
    # Each part has an empty line above it and a heading or a sentence.
    room = max(height - len(head) - 2 * len(parts), 0)
    lines = head
    for part, many in zip(parts, shares([len(part.rows) for part in parts], room), strict=True):
        lines += ["", *_lines(part, many, width)]
    return lines[:height]


def shares(wanted: Sequence[int], room: int) -> list[int]:
    """Divide lines among tables: a few for each first, then to each in turn what it wants of the rest.

    Args:
        wanted: rows of each table.
        room: lines that there are.
    """
    given = [0] * len(wanted)
    for most in (_FAIR, max(wanted, default=0)):
        for at, rows in enumerate(wanted):
            more = min(max(min(rows, most) - given[at], 0), room)
            given[at] += more
            room -= more
    return given


def _lines(part: Part, many: int, width: int) -> list[str]:
    if not part.rows:
        return [click.style(_cut(part.empty, width), dim=True)]
    left = len(part.rows) - many
    shown = part.rows[:many]
    head, *rows = table_lines(part.columns, shown or part.rows[:1], optional=part.optional, width=width)
    lines = [click.style(head, bold=True), *rows[:many]]
    if left and many:
        lines[-1] = click.style(_cut(f"and {left + 1} more", width), dim=True)
    return lines


def _head(facts: Facts) -> Iterable[str]:
    living = [one for one in facts.workers if one.ended_at is None and not one.lease_over]
    slots = sum(_slots(one) for one in living)
    busy = sum(one.running for one in living)
    recent, oldest = facts.recent, [one.oldest_ready_age for one, _ in facts.queues if one.oldest_ready_age is not None]
    yield f"TaskFlow  {escape_lines(facts.store)}  {facts.at:%Y-%m-%d %H:%M:%S}Z"
    ended = rate(recent.ended / recent.seconds) if recent is not None and recent.seconds > 0 else None
    share = None if recent is None or recent.failing is None else f"{rounded(100 * recent.failing, 2)} %"
    wait = None if recent is None else duration(recent.wait["p95"])
    figures = {
        "ended": ended,
        "failing": share,
        "wait p95": wait,
        "oldest ready": duration(max(oldest, default=None)),
        "busy": f"{busy}/{slots} slots of {len(living)} worker{'' if len(living) == 1 else 's'}",
    }
    yield "   ".join(f"{name} {value or '-'}" for name, value in figures.items())


def _queues(facts: Facts) -> Part:
    rows = [
        (
            queue.name,
            "paused" if queue.pause else "open",
            *(queue.states.get(state, 0) for state in (State.PENDING, State.RUNNING, State.RETRYING, State.SCHEDULED)),
            rate(activity.rate_in),
            rate(activity.rate_out),
            duration(queue.oldest_ready_age),
            duration(activity.eta) if activity.eta else None,
            None if queue.pause is None else str(queue.pause),
        )
        for queue, activity in facts.queues
    ]
    columns = ("queue", "claims", "pending", "running", "retrying", "scheduled", "in", "out", "oldest", "empty in")
    return Part((*columns, "paused"), rows, "No queues: the first job creates one.", ("paused",))


def _workers(facts: Facts) -> Part:
    # Of workers that have ended, the list of workers tells; a lost one is news.
    shown = [one for one in facts.workers if one.state is not WorkerState.ENDED]
    rows = [
        (
            one.host,
            one.pid,
            one.state,
            f"{one.running}/{_slots(one)}",
            *load_cells(one),
            _served(one),
            one.id,
        )
        for one in shown
    ]
    columns = ("worker on", "pid", "is", "running", "cpu", "memory", "queues", "id")
    return Part(columns, rows, "No workers: start one with taskflow worker", ("cpu", "memory"))


def _running(facts: Facts) -> Part:
    rows = [
        (
            one.task,
            one.queue,
            duration(max((facts.at - one.started_at).total_seconds(), 0.0)) if one.started_at else None,
            f"{one.attempt}/{one.max_attempts}",
            _progress(one.raw_progress),
            one.id,
        )
        for one in facts.running
    ]
    columns = ("running longest", "queue", "for", "attempt", "progress", "id")
    return Part(columns, rows, "No job is running.", ("progress",))


def _failing(facts: Facts) -> Part:
    rows = [
        (
            one.name,
            one.counts["failed"],
            one.counts["dead"],
            None if one.failing is None else f"{rounded(100 * one.failing, 2)} %",
            one.failed_job,
        )
        for one in facts.failing
    ]
    return Part(
        ("failing in the last hour", "failed", "dead", "share", "last job"), rows, "No failures in the last hour."
    )


def _info(worker: WorkerView) -> dict[str, object]:
    found: dict[str, object] = msgspec.json.decode(worker.info) if worker.info else {}
    return found


def _served(worker: WorkerView) -> str:
    queues = _info(worker).get("queues")
    return ", ".join(queues) if isinstance(queues, list) and queues else "all"


def _slots(worker: WorkerView) -> int:
    slots = _info(worker).get("concurrency", 0)
    return slots if isinstance(slots, int) else 0


def _progress(raw: bytes | None) -> str | None:
    """Return a progress as a share and its text; what a handler made up itself, as it is."""
    if raw is None:
        return None
    given = msgspec.json.decode(raw)
    value, text = (given.get("value"), given.get("text")) if isinstance(given, dict) else (given, None)
    if not isinstance(value, int | float):
        return raw.decode()
    return " ".join(str(part) for part in (f"{100 * value:.0f} %", text) if part)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: max(width - 1, 0)] + "…"
