"""How long an app stays open: nobody closes it for others, and the last one closes it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import warnings
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fastapi import APIRouter, FastAPI

from taskflowmq import TaskFlow, WrongContext
from taskflowmq.testing.waiting import wait_until


def with_tasks(app: TaskFlow) -> TaskFlow:
    @app.task
    async def note(n: int) -> int:
        return n

    @app.task
    async def opens_and_closes(n: int) -> int:
        async with app:
            await app.tasks["note"].aenqueue(n)
        await app.aclose()  # one too many, as in a careless helper
        return n

    @app.task
    def in_a_thread(n: int) -> int:
        with app:
            app.tasks["note"].enqueue(n)
        app.close()
        return n

    @app.task
    def with_a_loop_of_its_own(n: int) -> int:
        async def work() -> None:
            async with app:
                await app.tasks["note"].aenqueue(n)

        asyncio.run(work())
        return n

    return app


def is_open(app: TaskFlow) -> bool:
    return app.hub.open_session() is not None


@pytest.mark.parametrize("task", ["opens_and_closes", "in_a_thread", "with_a_loop_of_its_own"])
async def test_a_handler_that_closes_the_app_closes_it_for_nobody_else(database_url: str, task: str) -> None:
    async with with_tasks(TaskFlow(database_url)) as app, app.worker(concurrency=2):
        store = app.store
        assert await (await app.tasks[task].aenqueue(1)).aresult(timeout=20) == 1
        assert await (await app.tasks["note"].aenqueue(2)).aresult(timeout=20) == 2
        assert app.store is store


async def test_each_opening_is_given_back_by_one_closing(sqlite_url: str) -> None:
    app = with_tasks(TaskFlow(sqlite_url))
    async with app:
        store = app.store
        async with app:  # a library's, or the lifespan of an included router
            assert app.store is store
        assert app.store is store
    assert not is_open(app)
    await app.aclose()
    assert not is_open(app)


async def test_a_closing_without_an_opening_ends_what_was_opened_by_use(sqlite_url: str) -> None:
    app = with_tasks(TaskFlow(sqlite_url))
    await app.tasks["note"].aenqueue(1)
    assert is_open(app)
    await app.aclose()
    assert not is_open(app)


async def test_whoever_waits_for_a_result_does_so_through_a_closing(sqlite_url: str) -> None:
    app = with_tasks(TaskFlow(sqlite_url))
    handle = await app.tasks["note"].aenqueue(7)
    waiting = asyncio.create_task(handle.aresult(timeout=20))
    await asyncio.sleep(0)
    async with app:
        pass
    assert is_open(app)  # somebody uses it
    async with app.worker(concurrency=1):
        assert await waiting == 7
    assert not is_open(app)


async def test_jobs_that_were_accepted_are_stored_before_a_closing_returns(sqlite_url: str) -> None:
    app = with_tasks(TaskFlow(sqlite_url))
    async with app:
        storing = asyncio.create_task(app.tasks["note"].aenqueue(1))
        await asyncio.sleep(0)
    await asyncio.wait([storing], timeout=30)
    assert (await storing).created
    await app.aclose()


async def test_a_worker_outlives_the_opening_that_it_was_started_in(sqlite_url: str) -> None:
    app = with_tasks(TaskFlow(sqlite_url))
    worker = app.worker(concurrency=1)
    async with app:
        await worker.start()
    handle = await app.tasks["note"].aenqueue(3)
    assert await handle.aresult(timeout=20) == 3
    await worker.drain()
    assert not is_open(app)


async def test_a_worker_opens_a_store_again_that_was_closed_under_it(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with with_tasks(TaskFlow(database_url)) as app, app.worker(concurrency=1, poll=0.05):
        await app.store.close()
        await wait_until(lambda: "the store was reopened" in caplog.text, what="the store to be open again")
        assert await (await app.tasks["note"].aenqueue(4)).aresult(timeout=20) == 4


def test_with_is_the_blocking_twin(database_url: str) -> None:
    app = with_tasks(TaskFlow(database_url))
    with app as opened, opened:
        assert opened is app
        handle = app.tasks["note"].enqueue(1)
    assert not is_open(app)
    with app:
        assert handle.state() == "pending"


async def test_with_inside_a_loop_is_refused(sqlite_url: str) -> None:
    with pytest.raises(WrongContext, match="write `async with app:`"), TaskFlow(sqlite_url):
        pass


async def test_a_thread_prefers_the_session_that_stays(sqlite_url: str) -> None:
    """The loop of an asyncio.run in some thread must not carry the calls of others: it may end during them."""
    app = with_tasks(TaskFlow(sqlite_url))
    opened, leave = threading.Event(), threading.Event()

    async def brief() -> None:
        async with app:
            opened.set()
            await asyncio.to_thread(leave.wait, 20)

    thread = threading.Thread(target=lambda: asyncio.run(brief()))
    thread.start()
    assert await asyncio.to_thread(opened.wait, 20)
    async with app.hub.kept() as mine:
        assert await asyncio.to_thread(app.hub.open_session) is mine
    leave.set()
    await asyncio.to_thread(thread.join)


async def test_a_call_goes_on_elsewhere_when_the_loop_that_had_it_ends(sqlite_url: str) -> None:
    app = with_tasks(TaskFlow(sqlite_url))
    opened, leave, begun = threading.Event(), threading.Event(), threading.Event()

    async def brief() -> None:
        async with app:
            opened.set()
            await asyncio.to_thread(leave.wait, 20)

    thread = threading.Thread(target=lambda: asyncio.run(brief()))
    thread.start()
    assert await asyncio.to_thread(opened.wait, 20)
    seen: list[object] = []

    async def call(session: object) -> str:
        seen.append(session)
        if len(seen) == 1:
            begun.set()
            await asyncio.sleep(60)
        return "done"

    calling = asyncio.create_task(app.hub.call(call))
    assert await asyncio.to_thread(begun.wait, 20)
    leave.set()
    assert await asyncio.wait_for(calling, 20) == "done"
    assert seen[0] is not seen[1]
    thread.join()
    await app.aclose()


async def test_lifespans_that_fastapi_merges_open_and_close_it_once_each(sqlite_url: str) -> None:
    app = with_tasks(TaskFlow(sqlite_url))
    seen: list[bool] = []

    @contextlib.asynccontextmanager
    async def opened(_api: object) -> AsyncIterator[None]:
        async with app:
            yield
        seen.append(is_open(app))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of FastAPI and Starlette about each other
        api, router = FastAPI(lifespan=opened), APIRouter(lifespan=opened)
        api.include_router(router)
    async with api.router.lifespan_context(api):
        store = app.store
        assert (await app.tasks["note"].aenqueue(1)).created
        assert app.store is store
    assert seen == [True, False]


COPY = """
    import ctypes, os, sys, time
    from taskflowmq import TaskFlow
    app = TaskFlow("sqlite:///{folder}/jobs.db")

    @app.task
    async def note(n: int) -> int:
        return n

    note.enqueue(0)
    # A thread that has asked for the lock at the moment of the copy is not there in it, and the copy would wait for
    # ever for its turn. A thread asks when it has waited for this long, which an opened store makes short; those that
    # wait already have it while this one sleeps.
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1000)
    time.sleep(1)
    libc = ctypes.PyDLL(None)   # keeps the interpreter's lock, as the server that embeds it does; no hook runs
    child = libc.fork()
    sys.setswitchinterval(interval)
    if child == 0:
        import threading
        code = 1
        def work():
            note.enqueue(1)
            import asyncio
            async def again():
                async with app:
                    return await note.aenqueue(2)
            asyncio.run(again())
            global code
            code = 0
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        thread.join(20)
        os._exit(code)
    _, status = os.waitpid(child, 0)
    print(status, len(app.jobs.list().items))
"""


@pytest.mark.slow
def test_a_copy_made_without_hooks_starts_with_nothing_of_its_parents(tmp_path: Path) -> None:
    """uWSGI forks in C: threads and sockets of the parent are there in name only."""
    import subprocess
    import sys
    import textwrap

    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(COPY.format(folder=tmp_path))],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "0 3\n", done.stderr
