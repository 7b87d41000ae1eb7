"""One child that runs very many jobs, some of which fail: what it holds after each portion (RELIABILITY F48)."""

from __future__ import annotations

from pathlib import Path

import httpx
from tests.soak import tasks
from tests.soak.programs import Programs, Usage
from tests.soak.verdicts import Point, Verdict, flat

from taskflowmq.testing.waiting import wait_until

#: One in so many jobs fails: 2,000 beside 100,000.
ONE_FAILS_IN = 51
#: Growth of memory over ten thousand jobs that is still none.
MB_PER_10K = 1.0
#: Share of the jobs after which the process counts as warm.
WARM = 0.3


async def run(url: str, jobs: int, folder: Path, *, portions: int = 20) -> list[tuple[int, Usage]]:
    """Run jobs in portions and return (jobs so far, what the processes hold) after each."""
    tasks.app.use_url(url)
    seen: list[tuple[int, Usage]] = []
    async with tasks.app as app, httpx.AsyncClient(timeout=60) as http:
        programs = Programs(url, folder, 1)
        try:
            await programs.ready(http)
            sent = 0
            for _ in range(portions):
                for _ in range(max(jobs // portions // 1_000, 1)):
                    await app.aenqueue_many([_job(n) for n in range(min(1_000, jobs // portions))])
                    sent += min(1_000, jobs // portions)
                await wait_until(lambda: _ran(programs, http, sent), 120, what="a portion of jobs")  # noqa: B023
                seen.append((sent, programs.usage()))
            await programs.stop()
        finally:
            programs.close()
    return seen


def _job(number: int) -> object:
    if number % ONE_FAILS_IN == 0:
        return tasks.fail.job(number)
    return tasks.tick.job(number, "x" * 60, ["a", "b"])


async def _ran(programs: Programs, http: httpx.AsyncClient, count: int) -> bool:
    return (await programs.counters(http)).processed >= count


def judge(seen: list[tuple[int, Usage]], *, mb_per_10k: float = MB_PER_10K) -> list[Verdict]:
    """Return the verdicts; seconds on the axis are jobs here."""
    warm = [(jobs, usage) for jobs, usage in seen if jobs >= WARM * seen[-1][0]]
    span = (warm[-1][0] - warm[0][0]) / 10_000

    def points(name: str) -> list[Point]:
        return [(float(jobs), float(getattr(usage, name))) for jobs, usage in warm]

    return [
        # Half a megabyte is what an allocator takes or leaves at any time.
        flat("memory (PSS)", points("memory_mb"), most=max(mb_per_10k * span, 0.5), unit=" MB"),
        flat("file descriptors", points("descriptors"), most=2),
        flat("threads", points("threads"), most=2),
    ]
