"""What docs/handlers.md shows is run, and what it says about each kind of body is tried."""

from __future__ import annotations

import asyncio
import hashlib
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from taskflowmq import Context, JobFailed, State, TaskFlow, current_context
from taskflowmq.testing.waiting import wait_until
from taskflowmq.worker.options import MAX_THREADS, WorkerOptions
from taskflowmq.worker.running import lifecycle, process_pool, reports
from taskflowmq.worker.running.process_pool import RECYCLE_AFTER

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGE = (DOCS / "handlers.md").read_text()
PYTHON = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def shown() -> dict[str, Any]:
    """The names of the first two blocks."""
    names: dict[str, Any] = {"__name__": "handlers"}
    for block in PYTHON[:2]:
        exec(compile(block, "handlers.md", "exec"), names)
    return names


async def test_the_three_kinds_do_what_their_comments_say(shown: dict[str, Any], sqlite_url: str) -> None:
    app = shown["app"]
    app.use_url(sqlite_url)
    async with app:
        asked = await shown["poll_supplier"].aenqueue(7)
        rows = await shown["import_rows"].aenqueue(1_000)
        digest = await shown["hash_often"].aenqueue("a", 2)
        await app.worker().arun_until_idle()
        assert await asked.aresult() == "asked 7"
        assert await rows.aresult() == 1_000
        assert await digest.aresult() == hashlib.sha256(hashlib.sha256(b"a").hexdigest().encode()).hexdigest()


@pytest.mark.postgres
async def test_the_payment_and_its_completion_commit_together(shown: dict[str, Any], postgres_url: str) -> None:
    app = shown["app"]
    app.use_url(postgres_url)
    conn = await asyncpg.connect(postgres_url)
    await conn.execute("CREATE TABLE orders (id int PRIMARY KEY, paid int NOT NULL); INSERT INTO orders VALUES (7, 0)")
    async with app:
        paid = await shown["pay"].aenqueue(7)
        await app.worker().arun_until_idle()
        assert await paid.aresult() == "paid"
    assert await conn.fetchval("SELECT paid FROM orders") == 1
    await conn.close()


@pytest.mark.slow
def test_the_program_with_a_worker_inside_prints_its_result(tmp_path: Path) -> None:
    (tmp_path / "service.py").write_text(PYTHON[2])
    said = subprocess.run(
        [sys.executable, "service.py"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert (said.returncode, said.stdout) == (0, "6\n"), said.stderr


async def test_the_hooks_do_what_the_page_says(sqlite_url: str) -> None:
    names: dict[str, Any] = {"__name__": "hooks"}
    exec(compile(PYTHON[3], "handlers.md", "exec"), names)
    app, seen = names["app"], names["seen"]
    app.use_url(sqlite_url)
    async with app:
        greeted = await names["greet"].aenqueue()
        await names["fail"].aenqueue()
        async with app.worker():
            assert await greeted.aresult(timeout=30) == "a client for nobody"
            await wait_until(lambda: len(seen) == 3, what="the report of the failure")
    said = sorted(re.sub(r"\d+ s$", "N s", line) for line in seen)
    assert said == ["closed a client", "fail took N s", "fail: not there, again", "greet took N s"]


@pytest.mark.slow
async def test_a_thread_that_is_cancelled_looks_and_what_it_returns_completes_its_job(sqlite_url: str) -> None:
    app = TaskFlow(sqlite_url)

    begun: set[str] = set()

    @app.task
    def looks(ctx: Context) -> str:
        begun.add("looks")
        while not ctx.cancelled:
            threading.Event().wait(0.01)
        return "half"

    @app.task
    async def waits() -> None:
        begun.add("waits")
        await asyncio.sleep(600)

    async with app, app.worker(concurrency=4):
        thread, coroutine = await looks.aenqueue(), await waits.aenqueue()
        await wait_until(lambda: begun == {"looks", "waits"}, 20, what="the bodies")
        await thread.acancel()
        await coroutine.acancel()
        assert await thread.aresult(timeout=20) == "half"
        await wait_until(lambda: _is(coroutine, State.CANCELLED), 20, what="the end of the coroutine")


async def test_a_worker_that_ends_gives_the_job_back_at_no_cost(sqlite_url: str) -> None:
    app = TaskFlow(sqlite_url)
    seen: list[str] = []
    begun = asyncio.Event()

    @app.task
    async def waits() -> None:
        begun.set()
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            seen.append(f"cancelled is {current_context().cancelled}")
            raise

    async with app:
        async with app.worker(drain_timeout=0):
            handle = await waits.aenqueue()
            await begun.wait()
        view = await handle.ajob()
    assert seen == ["cancelled is True"]
    assert (view.state, view.counters.attempt) == (State.PENDING, 0)


async def test_an_exit_is_a_failure_and_the_key_outlives_attempts(sqlite_url: str) -> None:
    from taskflowmq import Retry

    app = TaskFlow(sqlite_url)
    keys: list[tuple[str, int]] = []

    @app.task(retry=Retry(max_attempts=2, initial=0, jitter=0))
    async def exits(ctx: Context) -> None:
        keys.append((ctx.idempotency_key, ctx.lease_no))
        raise SystemExit(3)

    async with app:
        handle = await exits.aenqueue()
        await app.worker().arun_until_idle()
        with pytest.raises(JobFailed, match="SystemExit"):
            await handle.aresult()
    (first, second) = keys
    assert first[0] == second[0] == f"{handle.id}:1"
    assert second[1] > first[1]


async def test_a_completion_that_is_not_committed_fails_the_attempt(sqlite_url: str) -> None:
    app = TaskFlow(sqlite_url)

    @app.task
    async def forgets(ctx: Context) -> None:
        try:
            async with ctx.transaction() as conn:
                await ctx.complete("done", conn=conn)
                raise LookupError
        except LookupError:
            return

    async with app:
        handle = await forgets.aenqueue()
        async with app.worker():
            await wait_until(lambda: _is(handle, State.RETRYING), 20, what="the failure")
        assert "NotCommitted" in str((await handle.ajob()).error)


def test_the_figures_are_those_of_the_code() -> None:
    options = WorkerOptions()
    assert (options.concurrency, options.drain_timeout, options.lease, options.grace) == (50, 30, 30, 1)
    assert (MAX_THREADS, RECYCLE_AFTER) == (32, 1_000)
    assert (lifecycle.STOP_SECONDS, process_pool.STOP_SECONDS) == (3, 3)
    assert (reports.CALL_SECONDS, reports.MAX_WAITING) == (10, 200)


@pytest.mark.parametrize("page", ["handlers.md", "transactions.md"])
def test_every_page_it_links_to_exists(page: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", (DOCS / page).read_text()):
        assert (DOCS / target).exists(), target


async def _is(handle: Any, state: State) -> bool:
    return bool(await handle.astate() is state)
