"""Does the drain stay as fast when the tables are large, and while somebody holds an old snapshot?

Two databases of one server take turns: one as good as empty, one with millions of finished, scheduled and ready rows,
a thousand queues and a hundred priorities. Then, on the empty one, drains take turns with drains at the end of a
minute in which another session held a REPEATABLE READ snapshot, so that no vacuum could remove what the claims left
behind. The worker is the ``taskflow worker`` command, one child.

    python -m benchmarks.flat_postgres --pairs 7 --results benchmarks/results/flat.json
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import json
import statistics
import time
from pathlib import Path

import asyncpg
import msgspec

from taskflowmq.bench import machine, measures, tasks
from taskflowmq.testing.postgres import PostgresServer

HERE = Path(__file__).parent
CHUNK = 100_000
LOAD_S = 3_600.0


async def drain(url: str, jobs: int) -> float:
    """Return jobs per second of one child on this database."""
    tasks.app.use_url(url)
    async with tasks.app as app:
        return await measures.drain(app, url, jobs, processes=1)


async def load(url: str, options: argparse.Namespace) -> None:
    """Fill a database as the options say."""
    conn = await asyncpg.connect(url)
    # Rows that are only there to be in the way need no durable commit each.
    await conn.execute("SET synchronous_commit = off")
    await conn.execute((HERE / "lanes_postgres.sql").read_text(), options.queues, tasks.QUEUE, options.priorities)
    for name, count in (("ready", options.ready), ("scheduled", options.scheduled)):
        statement = (HERE / f"{name}_postgres.sql").read_text()
        for stored in range(0, count, CHUNK):
            await conn.execute(statement, min(CHUNK, count - stored), timeout=LOAD_S)
    statement = (HERE / "finished_postgres.sql").read_text()
    for stored in range(0, options.finished, CHUNK):
        part = min(CHUNK, options.finished - stored)
        await conn.execute(statement, stored / options.finished, 1 / options.finished, part, timeout=LOAD_S)
    await conn.execute("VACUUM (ANALYZE)", timeout=LOAD_S)
    await conn.close()


async def drain_below_snapshot(url: str, jobs: int, seconds: float) -> float:
    """Drain again and again while a snapshot is held; return the rate of the drain that began after so long."""
    holder = await asyncpg.connect(url)
    try:
        async with holder.transaction(isolation="repeatable_read"):
            await holder.fetchval("SELECT count(*) FROM taskflow.queue")
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                await drain(url, jobs)
            return await drain(url, jobs)
    finally:
        await holder.close()


async def vacuum(url: str) -> None:
    """Remove what is dead, so that the next pair begins as the one before."""
    conn = await asyncpg.connect(url)
    await conn.execute("VACUUM", timeout=LOAD_S)
    await conn.close()


async def large(server: PostgresServer, options: argparse.Namespace) -> list[tuple[float, float]]:
    """Return pairs of rates: small database, large database."""
    small, big = (server.url(server.create_database()) for _ in range(2))
    for url in (small, big):
        await drain(url, options.jobs)  # makes the tables, warms up
    began = time.monotonic()
    await load(big, options)
    print(f"loaded in {time.monotonic() - began:.0f} s", flush=True)
    pairs = []
    for _ in range(options.pairs):
        pairs.append((await drain(small, options.jobs), await drain(big, options.jobs)))
        print(f"small {pairs[-1][0]:,.0f}, large {pairs[-1][1]:,.0f} jobs/s", flush=True)
    return pairs


async def snapshot(server: PostgresServer, options: argparse.Namespace) -> list[tuple[float, float]]:
    """Return pairs of rates: without a snapshot, at the end of a held one."""
    url = server.url(server.create_database())
    await drain(url, options.jobs)
    pairs = []
    for _ in range(options.pairs):
        plain = await drain(url, options.jobs)
        pairs.append((plain, await drain_below_snapshot(url, options.jobs, options.hold)))
        await vacuum(url)
        print(f"without {pairs[-1][0]:,.0f}, with a snapshot {pairs[-1][1]:,.0f} jobs/s", flush=True)
    return pairs


def summary(pairs: list[tuple[float, float]]) -> dict[str, object]:
    """Return medians and the median of the ratios of pairs."""
    first, second = zip(*pairs, strict=True)
    ratios = [after / before for before, after in pairs]
    return {
        "pairs": pairs,
        "medians": [statistics.median(first), statistics.median(second)],
        "ratio": statistics.median(ratios),
    }


def main() -> None:
    """Measure and print the medians of the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--jobs", type=int, default=60_000, help="jobs per drain")
    parser.add_argument("--finished", type=int, default=10_000_000)
    parser.add_argument("--scheduled", type=int, default=1_000_000)
    parser.add_argument("--ready", type=int, default=1_000_000)
    parser.add_argument("--queues", type=int, default=1_000)
    parser.add_argument("--priorities", type=int, default=100)
    parser.add_argument("--hold", type=float, default=60.0, help="seconds for which the snapshot is held")
    parser.add_argument("--only", choices=("large", "snapshot"))
    parser.add_argument("--results", type=Path, help="write the figures there, too, as JSON")
    options = parser.parse_args()
    asked = {name: value for name, value in vars(options).items() if name not in ("results", "only")}
    here = msgspec.structs.asdict(machine.describe())
    found: dict[str, object] = {"at": dt.datetime.now(dt.UTC).isoformat(), "machine": here, **asked}
    server = PostgresServer.start()
    try:
        for name, measure in (("large", large), ("snapshot", snapshot)):
            if options.only in (None, name):
                found[name] = shown = summary(asyncio.run(measure(server, options)))
                print(f"{name}: {shown['ratio']:.2f} ×", flush=True)
    finally:
        server.stop()
    if options.results:
        options.results.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
