"""A bare worker loop on the PostgreSQL store's real statements: what the schema allows before any worker exists.

Enqueues in bulk, then claims, runs one asyncio task per job and settles, all overlapped in one process; history is
kept. Prints jobs per second of each phase, and the time of one commit, which is what the disk costs.

    python benchmarks/schema_loop_postgres.py postgresql://… --jobs 100000 --batch 500
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import time
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import uvloop

from taskflowmq.bootstrap.child import tune_interpreter
from taskflowmq.core.ids import uuid7
from taskflowmq.core.job import ClaimedJob, Counters, NewJob, State
from taskflowmq.core.transitions import Transition
from taskflowmq.ports.store import ClaimRequest
from taskflowmq.ports.store.workers import NewWorker
from taskflowmq.stores.postgres import PostgresStore

TASK = "noop"
#: While one claim's rows are read, the server works on the next: it need not wait for Python.
CLAIMS_AT_ONCE = 2
FINISHED = Path(__file__).with_name("finished_postgres.sql")


def make_jobs(count: int, args: bytes) -> list[NewJob]:
    """Make jobs with ids of this moment."""
    now = time.time_ns() // 1000
    return [NewJob(id=uuid7(now, random.getrandbits(62)), task=TASK, args=args) for _ in range(count)]


async def fill(store: PostgresStore, count: int, args: bytes, batch: int) -> float:
    """Enqueue jobs in bulk, two batches under way; return jobs per second."""
    began = time.perf_counter()
    left = count

    async def feed() -> None:
        nonlocal left
        while left > 0:
            size = min(batch, left)
            left -= size
            await store.intake.enqueue(make_jobs(size, args))

    await asyncio.gather(feed(), feed())
    return count / (time.perf_counter() - began)


async def body(job: ClaimedJob, done: list[Transition]) -> None:
    """What a worker does per job at the very least: a task of its own, and a decided transition."""
    counters = Counters(job.round, job.attempt, job.crashes, job.losses, job.lease_no)
    done.append(Transition(job_id=job.id, counters=counters, to=State.COMPLETED))


async def settle_all(store: PostgresStore, flushes: asyncio.Queue[list[Transition]]) -> list[float]:
    """Settle until there is nothing more to come; return jobs/s in windows of 10 s."""
    windows: list[float] = []
    ended, window_at = 0, time.perf_counter()
    while changes := await flushes.get():
        await store.claims.settle(changes)
        ended += len(changes)
        now = time.perf_counter()
        if now - window_at >= 10:
            windows.append(ended / (now - window_at))
            ended, window_at = 0, now
    if not windows or time.perf_counter() - window_at > 3:
        windows.append(ended / (time.perf_counter() - window_at))
    return windows


async def drain(store: PostgresStore, worker_id: UUID, count: int, batch: int, seconds: float | None) -> list[float]:
    """Claim, run and settle until ``count`` jobs are done or ``seconds`` are over; return jobs/s in windows of 10 s."""
    request = ClaimRequest(worker_id=worker_id, tenants=("default",), queues=(), tasks=(TASK,), limit=batch)
    claimed: asyncio.Queue[list[ClaimedJob]] = asyncio.Queue(maxsize=2)
    flushes: asyncio.Queue[list[Transition]] = asyncio.Queue(maxsize=2)
    began = time.perf_counter()
    taken = 0

    async def fetch() -> None:
        nonlocal taken
        while taken < count if seconds is None else time.perf_counter() - began < seconds:
            found = await store.claims.claim(request)
            taken += len(found)
            if found:
                await claimed.put(found)
            elif seconds is None:
                break

    async def fetch_all() -> None:
        await asyncio.gather(*(fetch() for _ in range(CLAIMS_AT_ONCE)))
        await claimed.put([])

    async def run() -> None:
        while jobs := await claimed.get():
            done: list[Transition] = []
            last = [asyncio.create_task(body(job, done)) for job in jobs][-1]
            # Tasks of one loop start in order and these bodies never wait: with the last one all are through.
            await last
            await flushes.put(done)
        await flushes.put([])

    _, _, windows = await asyncio.gather(fetch_all(), run(), settle_all(store, flushes))
    return windows


async def register(store: PostgresStore) -> UUID:
    """Register a worker whose lease outlives the run."""
    worker_id = uuid4()
    await store.workers.register(
        NewWorker(
            id=worker_id,
            supervisor=uuid4(),
            host="bench",
            boot_id="bench",
            pid=1,
            version="0",
            lease_ms=86_400_000,
            info=b"{}",
        )
    )
    return worker_id


async def preload_finished(store: PostgresStore, url: str, count: int, seconds: float) -> int:
    """Store finished jobs of the last 20 hours, made by the server; return how many fitted into the time."""
    until = time.perf_counter() + seconds
    stored = 0
    await store.intake.enqueue(make_jobs(1, b"{}"))
    conn = await asyncpg.connect(url)
    await conn.execute("SET statement_timeout = 0; SET session_replication_role = replica")
    while stored < count and time.perf_counter() < until:
        chunk = min(100_000, count - stored)
        await conn.execute(FINISHED.read_text(), stored / count, 1 / count, chunk, timeout=600)
        stored += chunk
    await conn.execute("ANALYZE taskflow.job", timeout=600)
    await conn.execute("ANALYZE taskflow.outcome", timeout=600)
    await conn.execute("CHECKPOINT", timeout=600)
    await conn.close()
    return stored


async def main(options: argparse.Namespace) -> None:
    store = PostgresStore(options.url)
    await store.open()
    worker_id = await register(store)
    args = b'{"x":"%s"}' % (b"a" * max(options.args_bytes - 8, 0))
    commits = [await store.ping() for _ in range(50)]
    print(f"one commit: {statistics.median(commits) * 1e3:.2f} ms")
    if options.preload_finished:
        stored = await preload_finished(store, options.url, options.preload_finished, options.preload_seconds)
        print(f"finished jobs stored before: {stored}")
    if options.preload_ready:
        rate = await fill(store, options.preload_ready, args, 1000)
        print(f"ready jobs stored before: {options.preload_ready} ({rate:,.0f}/s)")
    holder = None
    if options.held_snapshot:
        holder = await asyncpg.connect(options.url)
        await holder.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        await holder.fetchval("SELECT count(*) FROM taskflow.store")
        print("a REPEATABLE READ snapshot is held")
    for _ in range(options.runs):
        if options.seconds is None:
            print(f"enqueue in bulk: {await fill(store, options.jobs, args, options.batch):,.0f} jobs/s", end="; ")
            rates = await drain(store, worker_id, options.jobs, options.batch, None)
        else:
            feeding = asyncio.create_task(feed_for(store, args, options.batch, options.seconds))
            rates = await drain(store, worker_id, 0, options.batch, options.seconds)
            await feeding
        print("claim, run, settle: " + ", ".join(f"{rate:,.0f}" for rate in rates) + " jobs/s")
    if holder is not None:
        await holder.close()
    await store.close()


async def feed_for(store: PostgresStore, args: bytes, batch: int, seconds: float) -> None:
    """Enqueue as fast as the store takes it."""
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        await store.intake.enqueue(make_jobs(batch, args))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", help="an empty PostgreSQL database")
    parser.add_argument("--jobs", type=int, default=50_000)
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--args-bytes", type=int, default=100)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, help="whole lives for this long, enqueue included, instead of phases")
    parser.add_argument("--held-snapshot", action="store_true", help="hold a REPEATABLE READ snapshot meanwhile")
    parser.add_argument("--preload-ready", type=int, default=0)
    parser.add_argument("--preload-finished", type=int, default=0)
    parser.add_argument("--preload-seconds", type=float, default=180, help="stop storing finished jobs after this long")
    return parser.parse_args()


if __name__ == "__main__":
    tune_interpreter()  # as a worker's child does
    uvloop.run(main(parse()))
