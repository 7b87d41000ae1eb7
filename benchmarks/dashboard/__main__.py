"""``make bench-dashboard``: how soon the dashboard is there and shows what happened, and what its pages ask for.

A real Chromium beside a real server on a store with a million ended jobs, all on this machine: on a busy one the times
are those of the machine.

    python -m benchmarks.dashboard --store postgres --jobs 1000000
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import datetime as dt
import json
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from playwright.async_api import Browser, BrowserContext, Page, expect
from tests.browser.launching import launched
from tests.browser.looking import settled

from benchmarks.compare import counters
from benchmarks.compare.measures.lists import preload
from benchmarks.dashboard.counted import QUESTIONS, STREAMS
from taskflowmq import Handle, TaskFlow
from taskflowmq.testing.postgres import PostgresServer
from tools import chromium

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PAGES = ("/", "/jobs", "/jobs?state=dead", "/queues")
WINDOW = {"width": 1440, "height": 900}
#: A phone of the middle is about four times slower than the machine of a developer.
SLOWED = 4
SAMPLES = 60
PATIENCE_S = 60.0
TABS = 8
FRAMES = 600
#: Rows of the list that change while many others are stored, and how far apart they do.
WATCHED, EVERY_S = 30, 0.4
WATCHED_WORD = "Cancelled"
TASK = "bench.paint"


class Line(NamedTuple):
    """A figure, as it is printed."""

    what: str
    value: str
    target: str


class Served:
    """The server, its address and its counts."""

    def __init__(self, process: asyncio.subprocess.Process, url: str) -> None:
        self._process = process
        self.url = url

    async def counts(self) -> dict[str, int]:
        """Return how many streams were opened and how many other questions were asked."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(b"\n")
        await self._process.stdin.drain()
        told: dict[str, int] = json.loads(await self._process.stdout.readline())
        return told


@contextlib.asynccontextmanager
async def served(url: str) -> AsyncIterator[Served]:
    """Run the server in a process of its own."""
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-m", "benchmarks.dashboard.counted", url)
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, cwd=ROOT)
    try:
        assert process.stdout is not None
        address = (await process.stdout.readline()).decode().strip()
        if not address:
            raise SystemExit("The server did not start: what it said is above.")
        yield Served(process, address)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


def percentile(values: list[float], part: float) -> float:
    """Return a percentile of values in any order."""
    return counters.percentile(sorted(values), part)


@contextlib.asynccontextmanager
async def opened(browser: Browser, slowed: int = 1) -> AsyncIterator[Page]:
    """Open a page in a context of its own: nothing of it is cached."""
    context = await browser.new_context(viewport=WINDOW, locale="en-US")
    try:
        await context.add_init_script(path=HERE / "paint.js")
        page = await context.new_page()
        if slowed > 1:
            session = await context.new_cdp_session(page)
            await session.send("Emulation.setCPUThrottlingRate", {"rate": slowed})
        yield page
    finally:
        await context.close()


async def paints(browser: Browser, served: Served, runs: int) -> list[Line]:
    """Open each page cold, and say when it was painted."""
    lines = []
    for slowed in (1, SLOWED):
        for path in PAGES:
            taken: list[dict[str, float]] = []
            for _ in range(runs):
                async with opened(browser, slowed) as page:
                    await page.goto(served.url + path)
                    await settled(page)
                    taken.append(await page.evaluate("paint"))
            first, largest, shift = (
                statistics.median(one[key] for one in taken) for key in ("first", "largest", "shift")
            )
            name = f"{path}, processor slowed {slowed}×" if slowed > 1 else path
            targets = ("≤ 600 ms", "≤ 1,200 ms") if slowed == 1 else ("", "≤ 2,500 ms")
            lines += [
                Line(f"{name}: first paint", f"{first:,.0f} ms", targets[0]),
                Line(f"{name}: largest paint", f"{largest:,.0f} ms", targets[1]),
                Line(f"{name}: layout shift", f"{shift:.4f}", "≤ 0.02"),
            ]
    return lines


async def answers(served: Served) -> list[Line]:
    """Ask for what the list shows, and say how long the answers take."""
    hour = (dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)).isoformat()
    asked = (
        ("a page of the list", "/api/v1/jobs", {"view": "row", "limit": 50}, 100),
        ("a page of dead jobs", "/api/v1/jobs", {"view": "row", "limit": 50, "state": "dead"}, 100),
        ("a page of the last hour", "/api/v1/jobs", {"view": "row", "limit": 50, "created_after": hour}, 100),
        ("counts", "/api/v1/jobs/stats", {}, 50),
        ("an argument that no job has", "/api/v1/jobs", {"view": "row", "limit": 50, "q": "args.nothing:1"}, 300),
    )
    lines = []
    async with httpx.AsyncClient(base_url=served.url, timeout=60) as client:
        for name, path, query, target in asked:
            taken, cursor = [], None
            for _ in range(SAMPLES):
                begin = time.perf_counter()
                answer = await client.get(path, params={**query, **({"cursor": cursor} if cursor else {})})
                taken.append(1e3 * (time.perf_counter() - begin))
                body = answer.raise_for_status().json()
                cursor = body.get("next")
            lines.append(Line(f"{name}: p95", f"{percentile(taken, 0.95):,.0f} ms", f"≤ {target} ms"))
    return lines


async def scrolled(browser: Browser, served: Served) -> list[Line]:
    """Scroll through the list."""
    async with opened(browser) as page:
        await page.goto(f"{served.url}/jobs")
        await settled(page)
        told = await page.evaluate((HERE / "scroll.js").read_text(), FRAMES)
    return [
        Line("scrolling the list: frames", f"{told['fps']:.0f} per second, over {told['scrolled']:,.0f} px", "≥ 50"),
        Line("scrolling the list: rows in the document", f"{told['rows']}", "≤ 80"),
    ]


async def latency(browser: Browser, served: Served, app: TaskFlow, rate: int) -> Line:
    """Cancel jobs that a page shows while others are stored, and say how long after the commit the page says so."""
    handles: list[Handle[Any]] = [await app.asend(TASK, {"number": n}, delay=86_400) for n in range(WATCHED)]

    async def others() -> None:
        part = rate // 10
        while True:
            begin = time.monotonic()
            await app.aenqueue_many([app.tasks[TASK].using(delay=86_400).job(number) for number in range(part)])
            await asyncio.sleep(max(0.0, begin + 0.1 - time.monotonic()))

    committed = {}
    async with opened(browser) as page:
        await page.goto(f"{served.url}/jobs")
        await settled(page)
        await page.evaluate((HERE / "changes.js").read_text(), WATCHED_WORD)
        writing = asyncio.create_task(others())
        try:
            # The newest are on the first screen.
            for handle in handles[-(WATCHED // 2) :]:
                await handle.acancel()
                committed[str(handle.id)] = 1e3 * time.time()
                await asyncio.sleep(EVERY_S)
            await asyncio.sleep(2)
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
        seen: dict[str, float] = await page.evaluate("changed")
    late = [seen[key] - at for key, at in committed.items() if key in seen]
    said = f"{percentile(late, 0.95):,.0f} ms, {len(late)} of {len(committed)} seen" if late else "never seen"
    return Line(f"commit to page at {rate:,} new jobs/s: p95", said, "≤ 1,000 ms" if rate <= 200 else "≤ 2,000 ms")


async def questions(browser: Browser, served: Served, seconds: float) -> list[Line]:
    """Leave a page open, then hide it, and count what it asks for."""
    lines = []
    async with opened(browser) as page:
        await page.goto(f"{served.url}/jobs")
        await settled(page)
        await asyncio.sleep(2)
        for name, target in (("a live page", "≤ 1 in 5 s"), ("a hidden page", "0")):
            if name == "a hidden page":
                await page.evaluate((HERE / "hide.js").read_text())
                await asyncio.sleep(2)
            before = await served.counts()
            await asyncio.sleep(seconds)
            after = await served.counts()
            asked, streams = after[QUESTIONS] - before[QUESTIONS], after[STREAMS] - before[STREAMS]
            lines.append(Line(f"{name}: requests in {seconds:.0f} s", f"{asked}, and {streams} streams opened", target))
    return lines


async def tabs(browser: Browser, served: Served) -> list[Line]:
    """Open many tabs of one browser at once."""
    context: BrowserContext = await browser.new_context(viewport=WINDOW, locale="en-US")
    try:
        first = await context.new_page()
        await first.goto(f"{served.url}/jobs")
        await settled(first)
        before = await served.counts()

        async def one() -> float:
            page = await context.new_page()
            begin = time.perf_counter()
            await page.goto(f"{served.url}/jobs")
            await settled(page)
            return 1e3 * (time.perf_counter() - begin)

        taken = await asyncio.gather(*(one() for _ in range(TABS - 1)))
        after = await served.counts()
    finally:
        await context.close()
    return [
        Line(f"{TABS} tabs at once: the slowest is complete", f"{max(taken):,.0f} ms", "≤ 1,000 ms"),
        Line(
            f"{TABS} tabs: streams opened by all but the first", f"{after[STREAMS] - before[STREAMS]}", "≤ 7 reopenings"
        ),
    ]


async def run(url: str, runs: int, seconds: float) -> list[Line]:
    """Measure everything."""
    app = TaskFlow(url)

    @app.task(name=TASK)
    async def paint(number: int) -> None: ...

    # A page that is late is a figure, and no failure.
    expect.set_options(timeout=1e3 * PATIENCE_S)
    found = chromium.find()
    async with app, served(url) as server, launched(found) as browser:
        lines = await paints(browser, server, runs)
        lines += await answers(server)
        lines += await scrolled(browser, server)
        lines += await questions(browser, server, seconds)
        lines += await tabs(browser, server)
        for rate in (200, 2_000):
            lines.append(await latency(browser, server, app, rate))
    return lines


@contextlib.contextmanager
def database(store: str) -> Iterator[str]:
    """Give an empty database."""
    if store == "sqlite":
        with tempfile.TemporaryDirectory(prefix="taskflow-dashboard-") as folder:
            yield f"sqlite:///{Path(folder) / 'jobs.db'}"
        return
    server = PostgresServer.start()
    try:
        yield server.url(server.create_database())
    finally:
        server.stop()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", choices=("postgres", "sqlite"), default="postgres")
    parser.add_argument("--jobs", type=int, default=1_000_000, help="ended jobs in the store")
    parser.add_argument("--runs", type=int, default=5, help="cold starts of each page")
    parser.add_argument("--seconds", type=float, default=20, help="how long a page is left open")
    given = parser.parse_args()
    with database(given.store) as url:
        preload(url, given.jobs)
        lines = asyncio.run(run(url, given.runs, given.seconds))
    print(f"\n{given.store}, {given.jobs:,} ended jobs\n\n| what | figure | target |\n|---|---|---|")
    for line in lines:
        print(f"| {line.what} | {line.value} | {line.target} |")


if __name__ == "__main__":
    main()
