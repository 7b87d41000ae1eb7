"""Many claimers on one PostgreSQL: do they stand in each other's way?

Each claimer is a worker of its own that claims and settles without running anything, in batches; a few processes share
them, because one Python would be the limit. The two numbers of claimers take turns.

    python -m benchmarks.claimers_postgres --claimers 4 32
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import random
import statistics
import time
from multiprocessing.synchronize import Barrier
from uuid import UUID

import uvloop

from benchmarks.schema_loop_postgres import TASK, fill, register
from taskflowmq.bootstrap.child import tune_interpreter
from taskflowmq.core.transitions import Succeeded, decide
from taskflowmq.ports.store import ClaimRequest
from taskflowmq.stores.postgres import PostgresOptions, PostgresStore
from taskflowmq.testing.postgres import PostgresServer

ARGS = b'{"x":"%s"}' % (b"a" * 92)
#: A claimer that finds nothing looks again so often: others may still put back what they hold.
EMPTY_LOOKS = 3


async def work(store: PostgresStore, worker_id: UUID, batch: int) -> int:
    """Claim and settle until nothing is left; return how many jobs."""
    request = ClaimRequest(worker_id=worker_id, tenants=("default",), queues=(), tasks=(TASK,), limit=batch)
    count = empty = 0
    while empty < EMPTY_LOOKS:
        jobs = await store.claims.claim(request)
        empty = 0 if jobs else empty + 1
        if jobs:
            await store.claims.settle([decide(job, Succeeded(), rand=random.random()) for job in jobs])
            count += len(jobs)
    return count


async def play(url: str, claimers: int, batch: int, begin: Barrier) -> tuple[int, float]:
    """Be one process of several; return the jobs it settled and when it had done so (monotonic)."""
    store = PostgresStore(url, PostgresOptions(pool_size=claimers))
    await store.open()
    workers = [await register(store) for _ in range(claimers)]
    await asyncio.to_thread(begin.wait)
    done = await asyncio.gather(*(work(store, worker_id, batch) for worker_id in workers))
    ended = time.monotonic()
    await store.close()
    return sum(done), ended


def process(url: str, claimers: int, batch: int, begin: Barrier, answers: multiprocessing.SimpleQueue[object]) -> None:
    """Run :func:`play` in a process of its own."""
    tune_interpreter()
    answers.put(uvloop.run(play(url, claimers, batch, begin)))


async def prepare(url: str, jobs: int) -> None:
    """Store the jobs of one round."""
    store = PostgresStore(url)
    await store.open()
    await fill(store, jobs, ARGS, 1_000)
    await store.close()


def measure(options: argparse.Namespace, claimers: int) -> float:
    """Return the jobs per second that so many claimers settle together."""
    uvloop.run(prepare(options.url, options.jobs))
    spawn = multiprocessing.get_context("spawn")
    processes = min(options.processes, claimers)
    begin, answers = spawn.Barrier(processes + 1), spawn.SimpleQueue()
    shares = [claimers // processes + (index < claimers % processes) for index in range(processes)]
    started = [
        spawn.Process(target=process, args=(options.url, share, options.batch, begin, answers)) for share in shares
    ]
    for each in started:
        each.start()
    begin.wait()
    began = time.monotonic()
    ended = [answers.get() for _ in started]
    for each in started:
        each.join()
    settled = sum(count for count, _ in ended)
    if settled != options.jobs:
        raise SystemExit(f"{settled} of {options.jobs} jobs were settled: is somebody else at work on this database?")
    return float(settled / (max(at for _, at in ended) - began))


def main() -> None:
    """Measure on the database that was named, or on one of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", help="an empty database; default: a server of its own")
    parser.add_argument("--claimers", type=int, nargs=2, default=(4, 32))
    parser.add_argument("--processes", type=int, default=4, help="at most so many share the claimers")
    parser.add_argument(
        "--jobs", type=int, default=240_000, help="enough for some seconds: the first one belongs to starting"
    )
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    server = None if options.url else PostgresServer.start()
    try:
        if server:
            options.url = server.url(server.create_database())
        compare(options)
    finally:
        if server:
            server.stop()


def compare(options: argparse.Namespace) -> None:
    """Measure the two numbers of claimers in turns and print the medians and their ratio."""
    few, many = options.claimers
    rates: dict[int, list[float]] = {few: [], many: []}
    for _ in range(options.runs):
        for claimers in (few, many):
            rates[claimers].append(measure(options, claimers))
            print(f"{claimers} claimers: {rates[claimers][-1]:,.0f} jobs/s", flush=True)
    medians = {claimers: statistics.median(found) for claimers, found in rates.items()}
    print(f"medians {medians[few]:,.0f} and {medians[many]:,.0f} jobs/s: {medians[many] / medians[few]:.2f} ×")


if __name__ == "__main__":
    main()
