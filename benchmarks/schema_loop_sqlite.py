"""The bare loop on the store's real statements: bulk enqueue → claim → one asyncio task per job → settle.

It measures what the schema and the store allow, without a worker around them: history is kept, commits are durable,
the arguments are decoded, fetching and settling overlap with running. Figures are medians of several runs.

    python benchmarks/schema_loop_sqlite.py --jobs 50000 --batch 500 --args-bytes 100
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import os
import pstats
import random
import sqlite3
import statistics
import tempfile
import time
from contextlib import closing
from pathlib import Path
from uuid import UUID, uuid4

import msgspec
import uvloop

from taskflowmq.bootstrap.child import tune_interpreter
from taskflowmq.core.ids import uuid7
from taskflowmq.core.job import ClaimedJob, NewJob
from taskflowmq.core.transitions import Succeeded, Transition, decide
from taskflowmq.ports.store import MAX_BATCH, ClaimRequest, Settled
from taskflowmq.ports.store.workers import NewWorker
from taskflowmq.stores.sqlite import SqliteStore

TASK = "bench"
FINISHED = [Path(__file__).with_name(f"finished_sqlite_{what}.sql") for what in ("jobs", "outcomes")]
_bits = random.SystemRandom().getrandbits(62)


def new_id() -> UUID:
    """Return a fresh id; counting up is cheaper than drawing and as good here."""
    global _bits
    _bits = (_bits + 1) & (2**62 - 1)
    return uuid7(time.time_ns() // 1000, _bits)


def make_jobs(count: int, args_bytes: int, queue: str = "default") -> list[NewJob]:
    """Return jobs with arguments of about that size."""
    args = msgspec.json.encode({"text": "x" * max(args_bytes - 11, 0)})
    return [NewJob(id=new_id(), task=TASK, args=args, queue=queue) for _ in range(count)]


async def fill(store: SqliteStore, jobs: list[NewJob]) -> None:
    """Enqueue in full batches."""
    for start in range(0, len(jobs), MAX_BATCH):
        await store.intake.enqueue(jobs[start : start + MAX_BATCH])


async def handler(job: ClaimedJob, done: list[Transition]) -> None:
    """Do what the smallest job does: decode the arguments, end."""
    msgspec.json.decode(job.args)
    done.append(decide(job, Succeeded(b"null"), rand=0.5))


async def drain(store: SqliteStore, worker_id: UUID, count: int, batch: int) -> None:
    """Claim, run and settle until ``count`` jobs are done; the next claim and the last flush overlap with running."""
    request = ClaimRequest(worker_id=worker_id, tenants=("default",), queues=("default",), tasks=(TASK,), limit=batch)
    flushes: set[asyncio.Task[list[Settled]]] = set()
    claim = asyncio.ensure_future(store.claims.claim(request))
    left = count
    while left > 0:
        jobs = await claim
        left -= len(jobs)
        if left > 0:
            claim = asyncio.ensure_future(store.claims.claim(request))
        done: list[Transition] = []
        # Tasks of one loop start in order and these bodies never wait: with the last one all are through.
        bodies = [asyncio.create_task(handler(job, done)) for job in jobs]
        await bodies[-1]
        if len(flushes) >= 2:
            _, flushes = await asyncio.wait(flushes, return_when=asyncio.FIRST_COMPLETED)
        flushes.add(asyncio.ensure_future(store.claims.settle(done)))
    if flushes:
        await asyncio.wait(flushes)


async def single_enqueues(store: SqliteStore, jobs: list[NewJob], callers: int) -> float:
    """Enqueue one by one from many callers at once and return jobs per second."""
    waiting = iter(jobs)

    async def caller() -> None:
        for job in waiting:
            await store.intake.enqueue([job])

    began = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(callers)))
    return len(jobs) / (time.perf_counter() - began)


def preload_finished(file: Path, count: int) -> None:
    """Store finished jobs of the last 20 hours in the order of their ids, past the store.

    One in 50 died, one in 50 was cancelled, and lately all died; one in 1,000 is of the queue and the task
    ``seldom``, if there are such.
    """
    now_us, step_us = time.time_ns() // 1000, 72_000_000_000 / count
    with closing(sqlite3.connect(file, isolation_level=None)) as conn:
        conn.execute("PRAGMA cache_size = -200000")
        for start in range(0, count, 100_000):
            times = [int(now_us - 72e9 + index * step_us) for index in range(start, min(start + 100_000, count))]
            # The last bits count up: several of one millisecond stay in order.
            rows = [
                {
                    "id": uuid7(at, n).bytes,
                    "at": at,
                    "seldom": n % 1000 == 0,
                    "state": _end(n, count),
                }
                for n, at in enumerate(times, start)
            ]
            conn.execute("BEGIN IMMEDIATE")
            for statement in FINISHED:
                conn.executemany(statement.read_text(), rows)
            conn.execute("COMMIT")
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _end(n: int, count: int) -> str:
    return "dead" if n >= 0.98 * count else {1: "dead", 2: "cancelled"}.get(n % 50, "completed")


async def run_once(options: argparse.Namespace, folder: Path) -> dict[str, float]:
    """Measure a fresh file once."""
    name = f"{uuid4().hex}.db"
    store = SqliteStore(folder / name)
    await store.open()
    worker_id = uuid4()
    await store.workers.register(
        NewWorker(
            id=worker_id,
            supervisor=uuid4(),
            host="bench",
            boot_id="bench",
            pid=os.getpid(),
            version="0",
            lease_ms=600_000,
            info=b"{}",
        )
    )
    if options.preload_finished:
        await fill(store, make_jobs(1, options.args_bytes))
        await drain(store, worker_id, 1, 1)
        await asyncio.to_thread(preload_finished, folder / name, options.preload_finished)
    await fill(store, make_jobs(options.preload_ready, options.args_bytes))
    with closing(sqlite3.connect(folder / name, isolation_level=None)) as reader:
        if options.held_snapshot:
            # The log cannot start over while somebody reads an old state of the file.
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM taskflow_job").fetchone()
        rates = await measure(store, worker_id, options)
    if options.check:
        violations = await store.upkeep.check()
        if violations:
            raise SystemExit(f"the store is inconsistent: {violations}")
    await store.close()
    return rates


async def measure(store: SqliteStore, worker_id: UUID, options: argparse.Namespace) -> dict[str, float]:
    """Measure an open store once."""
    rates: dict[str, float] = {}
    for callers in (1, 64):
        jobs = make_jobs(options.jobs // (20 if callers == 1 else 5), options.args_bytes, queue="other")
        rates[f"enqueue, {callers} at once"] = await single_enqueues(store, jobs, callers)
    jobs = make_jobs(options.jobs, options.args_bytes)
    cpu_s, loop_s = time.process_time(), time.thread_time()
    began = time.perf_counter()
    await fill(store, jobs)
    filled = time.perf_counter()
    await drain(store, worker_id, options.jobs, options.batch)
    drained = time.perf_counter()
    # A busy machine stretches the wall clock, not these: they tell what the two threads cost.
    rates["CPU µs per job, both threads"] = (time.process_time() - cpu_s) / options.jobs * 1e6
    rates["CPU µs per job, event loop"] = (time.thread_time() - loop_s) / options.jobs * 1e6
    rates["bulk enqueue"] = options.jobs / (filled - began)
    rates["drain"] = options.jobs / (drained - filled)
    rates["whole life, one after the other"] = options.jobs / (drained - began)
    jobs = make_jobs(options.jobs, options.args_bytes)
    began = time.perf_counter()
    await asyncio.gather(fill(store, jobs), drain(store, worker_id, options.jobs, options.batch))
    rates["whole life, overlapped"] = options.jobs / (time.perf_counter() - began)
    return rates


def main() -> None:
    """Read the options, measure, print medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=50_000)
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--args-bytes", type=int, default=100)
    parser.add_argument("--preload-ready", type=int, default=0)
    parser.add_argument("--preload-finished", type=int, default=0)
    parser.add_argument("--held-snapshot", action="store_true", help="another connection reads in one transaction")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=None, help="where the files go (default: a temporary folder)")
    parser.add_argument("--check", action="store_true", help="verify the store's invariants at the end")
    parser.add_argument("--profile", action="store_true", help="profile the event loop's thread")
    options = parser.parse_args()
    profile = cProfile.Profile() if options.profile else None
    found: list[dict[str, float]] = []
    tune_interpreter()  # as a worker's child does
    for _ in range(options.runs):
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            if profile:
                profile.enable()
            found.append(uvloop.run(run_once(options, Path(folder))))
            if profile:
                profile.disable()
    for name in found[0]:
        rates = [rates[name] for rates in found]
        unit = "      " if name.startswith("CPU") else "jobs/s"
        print(f"{name:34} {statistics.median(rates):9,.0f} {unit}   ({min(rates):,.0f} … {max(rates):,.0f})")
    if profile:
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)


if __name__ == "__main__":
    main()
