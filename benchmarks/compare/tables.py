"""``python -m benchmarks.compare.tables FILES``: the tables of docs/benchmarks.md, from files of results.

One row per figure: ours, the best peer's from the same run with the ratio, and what the others reached. Where a figure
is in several files, the last file that holds ours counts, whole: figures of different runs never share a row.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks.compare import peers
from benchmarks.compare.report import CLASSES, NOTHING, REFERENCE, Result, Summary, ratio, read, summary

#: Units of which more is better; of the others (milliseconds, megabytes, processor time) less is.
MORE = frozenset({"jobs/s", "rows/s", "requests/s", "×"})
HEAD = "| figure | unit | TaskFlow | best other | ours ÷ it | the others |\n|---|---|---|---|---|---|"


def tables(files: Sequence[Sequence[Result]]) -> str:
    """Return one Markdown table per class of peers."""
    parts = []
    for kind, name in CLASSES.items():
        ours = REFERENCE[kind]
        theirs = {peer.name for peer in peers.PEERS if peer.kind == kind} - {ours}
        found = _figures(files, theirs, ours)
        # Beside nobody our figures stand in the class that they belong to.
        alone = ours.endswith(kind)
        rows = [_row(figure, results, ours) for figure, results in found if alone or theirs & {r.peer for r in results}]
        if rows:
            parts += [f"### {name}\n", HEAD, *rows, ""]
    return "\n".join(parts)


def _figures(
    files: Sequence[Sequence[Result]], theirs: set[str], ours: str
) -> list[tuple[tuple[str, str], list[Result]]]:
    """Return (title, unit) with the results of the last file that has ours, in the order of first appearance."""
    found: dict[tuple[str, str], list[Result]] = {}
    for results in files:
        of_class = [result for result in results if result.peer in theirs | {ours} and result.unit]
        for figure in dict.fromkeys((r.title, r.unit) for r in of_class if r.peer == ours):
            found[figure] = [r for r in of_class if (r.title, r.unit) == figure]
    return list(found.items())


def _row(figure: tuple[str, str], results: list[Result], ours: str) -> str:
    title, unit = figure
    found = {name: summary(r for r in results if r.peer == name) for name in dict.fromkeys(r.peer for r in results)}
    mine = found.pop(ours)
    others = sorted(((each, name) for name, each in found.items() if each), key=_value, reverse=unit in MORE)
    best = compared = rest = ""
    if others:
        first, name = others[0]
        best, times = f"{name} {first.text()}", ratio(mine, first)
        compared = NOTHING if times is None else f"{times:.2f}"
        rest = ", ".join(f"{name} {each.median:,.{each.digits}f}" for each, name in others[1:])
    return f"| {title} | {unit} | {mine.text() if mine else NOTHING} | {best} | {compared} | {rest} |"


def _value(other: tuple[Summary, str]) -> float:
    return other[0].median


def main() -> None:
    """Print the tables of some files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+")
    print(tables([read(path) for path in parser.parse_args().files]))


if __name__ == "__main__":
    main()
