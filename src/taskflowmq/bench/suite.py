"""The order of the measures, and the figures that come of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from taskflowmq.bench import measures, tasks

#: Callers in the measure of concurrent single enqueues.
CROWD = 64
IDLE_SECONDS = 10.0
PICK_UPS = 300


class Figure(msgspec.Struct, frozen=True):
    """One measured number."""

    name: str
    value: float
    unit: str
    digits: int = 0


async def run(url: str, *, jobs: int, rounds: int, only: Sequence[str], say: Callable[[str], None]) -> list[Figure]:
    """Run the chosen measures against one database.

    Args:
        url: the database.
        jobs: jobs per bulk enqueue and per drain.
        rounds: rounds per measure; medians are returned.
        only: which measures: "enqueue", "drain", "pickup", "idle".
        say: shows what is measured now.
    """
    app = tasks.app
    app.use_url(url)
    figures: list[Figure] = []
    async with app:
        if "enqueue" in only:
            figures += await _enqueue(jobs, rounds, say)
            say("running what was enqueued …")
            await measures.run_all(url)
        if "drain" in only:
            say("drain, 1 child …")
            rate = await measures.median_of(rounds, lambda: measures.drain(app, url, jobs, processes=1))
            figures.append(Figure("drain, 1 child", rate, "jobs/s"))
            say("drain, 2 children …")
            rate = await measures.median_of(rounds, lambda: measures.drain(app, url, jobs, processes=2))
            figures.append(Figure("drain, 2 children", rate, "jobs/s"))
        if "pickup" in only:
            say("idle pick-up …")
            p50, p99 = await measures.pick_up(url, PICK_UPS)
            figures += [Figure("idle pick-up p50", p50, "ms", 1), Figure("idle pick-up p99", p99, "ms", 1)]
        if "idle" in only:
            say("memory and idle cost …")
            memory, share = await measures.idle_cost(url, IDLE_SECONDS)
            figures.append(Figure("worker memory (PSS of supervisor and one child)", memory, "MB", 1))
            figures.append(Figure("idle worker", share, "% of a core", 2))
    return figures


async def _enqueue(jobs: int, rounds: int, say: Callable[[str], None]) -> list[Figure]:
    say("enqueue …")
    single = await measures.median_of(rounds, lambda: measures.enqueue_single(max(jobs // 30, 500), 1))
    crowd = await measures.median_of(rounds, lambda: measures.enqueue_single(max(jobs // 3, 6_400), CROWD))
    bulk = await measures.median_of(rounds, lambda: measures.enqueue_bulk(tasks.app, jobs))
    return [
        Figure("enqueue one by one", single, "jobs/s"),
        Figure(f"enqueue, {CROWD} at once", crowd, "jobs/s"),
        Figure("enqueue in bulk (1,000 a call)", bulk, "jobs/s"),
    ]
