"""Medians, spreads and ratios of all runs; the table, and the JSON with every single run."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.compare.peer import Peer
from benchmarks.compare.peers import OURS

NOTHING = "–"
#: How the note of a measure begins that failed.
FAILED = "failed: "
#: We keep no jobs in Redis: peers that do are set against our figures on PostgreSQL.
REFERENCE = {"postgres": f"{OURS}-postgres", "sqlite": f"{OURS}-sqlite", "redis": f"{OURS}-postgres"}
CLASSES = {"postgres": "PostgreSQL", "sqlite": "SQLite", "redis": "Redis"}


@dataclass(frozen=True)
class Result:
    """One figure of one run of one peer."""

    run: int
    peer: str
    measure: str
    #: What the table calls it: the measure's title and the figure's name.
    title: str
    #: None, with a note, where there is no figure; without a unit if the measure was not taken at all.
    value: float | None
    unit: str
    digits: int = 0
    note: str = ""


@dataclass(frozen=True)
class Summary:
    """A figure of a peer over all runs."""

    median: float
    low: float
    high: float
    digits: int
    runs: int

    def text(self) -> str:
        """Return "median (min–max)"."""
        median, low, high = (f"{value:,.{self.digits}f}" for value in (self.median, self.low, self.high))
        return f"{median} ({low}–{high})"


def summary(results: Iterable[Result]) -> Summary | None:
    """Summarise the runs that have a value, or return None if none has."""
    measured = [(result.value, result.digits) for result in results if result.value is not None]
    if not measured:
        return None
    values = [value for value, _ in measured]
    return Summary(statistics.median(values), min(values), max(values), measured[0][1], len(values))


def ratio(ours: Summary | None, theirs: Summary | None) -> float | None:
    """Return our median divided by a peer's, or None where one is missing."""
    if ours is None or theirs is None or theirs.median == 0:
        return None
    return ours.median / theirs.median


def table(peers: Sequence[Peer], results: Sequence[Result]) -> str:
    """Return one Markdown table per class: a row per figure and peer."""
    parts = []
    for kind, name in CLASSES.items():
        of_class = [peer for peer in peers if peer.kind == kind]
        if not of_class:
            continue
        parts.append(f"### {name}\n")
        parts.append("| figure | unit | peer | median (min–max) | ours ÷ it | notes |\n|---|---|---|---|---|---|")
        parts += [
            _row(figure, peer, results)
            for figure in _figures(of_class, results)
            for peer in of_class
            if _own(figure, peer, results)
        ]
        parts.append("")
    return "\n".join(parts)


def _figures(peers: Sequence[Peer], results: Sequence[Result]) -> list[tuple[str, str, str]]:
    """Return (measure, title, unit) as they first appear; refusals only where nobody has a figure."""
    names = {peer.name for peer in peers}
    of_class = [result for result in results if result.peer in names]
    measured = {result.measure for result in of_class if result.unit}
    seen = [(r.measure, r.title, r.unit) for r in of_class if r.unit or r.measure not in measured]
    return list(dict.fromkeys(seen))


def _own(figure: tuple[str, str, str], peer: Peer, results: Sequence[Result]) -> list[Result]:
    """Return a peer's results for a figure, or the refusals of its measure; nothing if it never had that figure."""
    measure, title, _ = figure
    return [r for r in results if r.peer == peer.name and r.measure == measure and (r.title == title or not r.unit)]


def _row(figure: tuple[str, str, str], peer: Peer, results: Sequence[Result]) -> str:
    measure, title, unit = figure
    own = _own(figure, peer, results)
    reference = [r for r in results if r.peer == REFERENCE[peer.kind] and r.measure == measure and r.title == title]
    of_peer = summary(own)
    compared = None if peer.name == REFERENCE[peer.kind] else ratio(summary(reference), of_peer)
    notes = "; ".join(dict.fromkeys(r.note for r in own if r.note))
    shown = NOTHING if of_peer is None else of_peer.text()
    return f"| {title} | {unit} | {peer.name} | {shown} | {'' if compared is None else f'{compared:.2f}'} | {notes} |"


def ours_failed(results: Iterable[Result]) -> bool:
    """Return whether one of our own measures failed."""
    return any(result.peer.startswith(OURS) and result.note.startswith(FAILED) for result in results)


def write(path: Path, head: dict[str, Any], results: Sequence[Result]) -> None:
    """Write everything that was measured, with what it was measured on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({**head, "results": [asdict(result) for result in results]}, indent=1, ensure_ascii=False)
    path.write_text(f"{text}\n", encoding="utf-8")


def read(path: Path) -> list[Result]:
    """Return the results of a file."""
    return [Result(**result) for result in json.loads(path.read_text(encoding="utf-8"))["results"]]
