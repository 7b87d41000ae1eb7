"""``python -m tests.soak --minutes 10 --store postgres``: soak this tree and say whether it held."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from tests.soak import harness, leaks, report

from taskflowmq.testing.postgres import PostgresServer


@contextmanager
def database(store: str, folder: Path) -> Iterator[str]:
    """Yield the address of an empty database: the one that was named, a new file, or a new server's."""
    if "://" in store:
        yield store
    elif store == "sqlite":
        yield f"sqlite:///{folder / 'soak.db'}"
    else:
        server = PostgresServer.start()
        try:
            yield server.url(server.create_database())
        finally:
            server.stop()


def look_for_leaks(url: str, jobs: int, folder: Path) -> int:
    """Run many jobs in one child; 0 if nothing grew."""
    seen = asyncio.run(leaks.run(url, jobs, folder))
    for count, usage in seen:
        print(f"{count:>9,} jobs  {usage.memory_mb:6.1f} MB  {usage.descriptors} descriptors  {usage.threads} threads")
    found = leaks.judge(seen)
    print(report.rows(found))
    return 0 if all(one.ok for one in found) else 1


def main() -> int:
    """Run it; 0 if every verdict is good."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--store", default="postgres", help="postgres, sqlite, or the URL of an empty database")
    parser.add_argument("--processes", type=int, default=1, help="children of the worker")
    parser.add_argument("--finished", type=int, default=1_000_000)
    parser.add_argument("--scheduled", type=int, default=200_000)
    parser.add_argument(
        "--leaks", type=int, metavar="JOBS", help="instead: so many jobs in one child, and what it holds"
    )
    parser.add_argument("--series", type=Path, help="write the samples here, tab-separated")
    parser.add_argument("--record", type=Path, help="write everything here, as JSON")
    options = parser.parse_args()
    seconds = 60 * options.minutes
    plan = harness.Plan(
        seconds=seconds,
        finished=options.finished,
        scheduled=options.scheduled,
        processes=options.processes,
        every=min(5.0, seconds / 60),
        capacity_seconds=min(20.0, seconds / 6),
    )
    with tempfile.TemporaryDirectory(prefix="taskflow-soak-") as name, database(options.store, Path(name)) as url:
        if options.leaks:
            return look_for_leaks(url, options.leaks, Path(name))
        record = asyncio.run(harness.run(url, plan, Path(name), lambda text: print(text, file=sys.stderr, flush=True)))
    found = report.judge(record, report.Bounds())
    print(report.table(record, found))
    if options.series:
        options.series.write_text(report.series(record) + "\n")
    if options.record:
        options.record.write_bytes(msgspec.json.encode(record))
    for line in [*record.complaints[:10], *record.violations[:10]]:
        print(line, file=sys.stderr)
    return 0 if all(one.ok for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
