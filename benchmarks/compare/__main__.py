"""``python -m benchmarks.compare``: measures TaskFlow and its peers and prints one table."""

from __future__ import annotations

import argparse
import datetime as dt
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.compare import environments, measures, peers, report, runner, services
from benchmarks.compare.environments import ROOT, Environment
from benchmarks.compare.measures.figures import Measure, Sizes
from benchmarks.compare.peer import Peer
from taskflowmq.bench import machine

RESULTS = ROOT / "benchmarks" / "results"


def main() -> int:
    """Run the command line."""
    options = _parser().parse_args()
    # Whoever ends the comparison ends its databases and workers too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        wanted, taken = peers.chosen(options.peers), measures.chosen(options.measures)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    if options.list:
        _list(wanted, taken)
        return 0
    sizes = Sizes(bound_s=options.bound, rerun_bound_s=options.bound, finished=options.finished).capped(options.jobs)
    results = _compare(wanted, taken, options.runs, sizes, options.results or _results_path())
    return 1 if report.ours_failed(results) else 0


def _compare(
    wanted: Sequence[Peer], taken: Sequence[Measure], runs: int, sizes: Sizes, path: Path
) -> list[report.Result]:
    prepared, absent = _prepare(wanted)
    present = [peer for peer in wanted if peer.name in prepared]
    planned = list(runner.turns(present, taken, runs))
    results: list[report.Result] = []
    with services.Services({peer.kind for peer in present}) as running:
        head = {**_head(present, prepared, running.versions, sizes), "absent": absent}
        for of_turn in runner.all_turns(planned, prepared, running, sizes, say=_say):
            results += of_turn
            report.write(path, head, results)  # after each turn: an interrupted comparison keeps what it has
    _say(f"every run is in {path}")
    print(report.table(present, results))
    print("".join(f"{name} did not run: {why}\n" for name, why in absent.items()), end="")
    return results


def _prepare(wanted: Sequence[Peer]) -> tuple[dict[str, Environment], dict[str, str]]:
    """Prepare every peer; return the environments, and why there is none for the others."""
    prepared, absent = {}, {}
    for peer in wanted:
        _say(f"preparing {peer.name}")
        try:
            if peer.kind == "redis":
                services.redis_program()
            prepared[peer.name] = environments.prepare(peer)
        except environments.Unavailable as error:
            absent[peer.name] = " ".join(str(error).split())[:500]
            _say(f"    {peer.name} DOES NOT RUN: {error}")
    return prepared, absent


def _head(
    wanted: Sequence[Peer], prepared: Mapping[str, Environment], servers: Mapping[str, str], sizes: Sizes
) -> dict[str, Any]:
    return {
        "at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "machine": msgspec.to_builtins(machine.describe()),
        "servers": dict(servers),
        "settings": {"postgres": services.POSTGRES, "redis": services.REDIS, "sizes": asdict(sizes)},
        "peers": {
            peer.name: {
                "settings": peer.settings,
                "cannot": dict(peer.cannot),
                "versions": prepared[peer.name].versions,
            }
            for peer in wanted
        },
    }


def _commit() -> str:
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip()


def _results_path() -> Path:
    now = dt.datetime.now(dt.UTC)
    return RESULTS / f"compare-{now:%Y%m%d-%H%M%S}.json"


def _list(wanted: Sequence[Peer], taken: Sequence[Measure]) -> None:
    for peer in wanted:
        print(f"{peer.name} ({', '.join(peer.requirements) or 'this environment'})")
        print("".join(f"    {line}\n" for line in peer.settings), end="")
        print("".join(f"    no {measure}: {why}\n" for measure, why in peer.cannot.items()), end="")
    print("measures:", ", ".join(measure.name for measure in taken))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare", description=__doc__)
    parser.add_argument("--peers", help="names, separated by commas; default all")
    parser.add_argument("--measures", help="names, separated by commas; default all")
    parser.add_argument("--runs", type=int, default=5, help="runs of every peer; default 5")
    parser.add_argument("--jobs", type=int, help="at most so many jobs in a measure, to try things out")
    parser.add_argument("--bound", type=float, default=120.0, help="seconds for a drain or a re-run; default 120")
    parser.add_argument("--finished", type=int, default=Sizes.finished, help="finished rows below lists; default 1 M")
    parser.add_argument("--results", type=Path, help="where the JSON goes; default benchmarks/results/")
    parser.add_argument("--list", action="store_true", help="show the peers, their settings and the measures")
    return parser


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
