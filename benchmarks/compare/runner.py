"""Takes turns: run 1 of every peer, then run 2 of every peer, …; each on an empty database in a folder of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.compare.adapter import Adapter
from benchmarks.compare.environments import Environment
from benchmarks.compare.measures.figures import Bench, Measure, Sizes
from benchmarks.compare.peer import Peer
from benchmarks.compare.report import FAILED, Result
from benchmarks.compare.services import Services


@dataclass(frozen=True)
class Turn:
    """One measure of one peer in one run."""

    run: int
    measure: Measure
    peer: Peer


def turns(peers: Sequence[Peer], measures: Sequence[Measure], runs: int) -> Iterator[Turn]:
    """Yield what is done, in order: within a run, all peers take a measure one right after the other."""
    for run in range(1, runs + 1):
        for measure in measures:
            for peer in filter(measure.takes, peers):
                yield Turn(run, measure, peer)


def take(turn: Turn, environment: Environment, services: Services, sizes: Sizes) -> list[Result]:
    """Take one measure of one peer. A peer that fails has a note instead of figures."""
    refused = turn.peer.why_not(turn.measure.name)
    if refused is not None:
        return [_without_value(turn, refused)]
    try:
        with services.database(turn.peer.kind) as database, tempfile.TemporaryDirectory(prefix="compare-") as folder:
            adapter = Adapter(turn.peer, environment, database, Path(folder))
            adapter.prepare()
            figures = turn.measure.run(Bench(adapter, sizes))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is one peer's, and the others go on
        lines = str(error).splitlines() or [type(error).__name__]
        return [_without_value(turn, f"{FAILED}{lines[-1][:200]}")]
    titles = [f"{turn.measure.title}: {figure.name}" if figure.name else turn.measure.title for figure in figures]
    return [
        Result(turn.run, turn.peer.name, turn.measure.name, title, f.value, f.unit, f.digits, f.note)
        for title, f in zip(titles, figures, strict=True)
    ]


def all_turns(
    planned: Sequence[Turn],
    environments: Mapping[str, Environment],
    services: Services,
    sizes: Sizes,
    *,
    say: Callable[[str], None],
) -> Iterator[list[Result]]:
    """Take the turns and yield the results of each."""
    for number, turn in enumerate(planned, 1):
        say(f"[{number}/{len(planned)}] run {turn.run}: {turn.measure.name} of {turn.peer.name}")
        results = take(turn, environments[turn.peer.name], services, sizes)
        for result in results:
            value = "–" if result.value is None else f"{result.value:,.{result.digits}f} {result.unit}"
            say(f"    {result.title}: {value} {result.note}".rstrip())
        yield results


def _without_value(turn: Turn, why: str) -> Result:
    return Result(turn.run, turn.peer.name, turn.measure.name, turn.measure.title, None, "", 0, why)
