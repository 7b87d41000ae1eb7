"""Blocking twins, several event loops, threads and forks: who reaches the store, and how."""

from __future__ import annotations

import asyncio
import functools
import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from taskflowmq import State, TaskFlow, WrongContext
from taskflowmq.client import sync
from taskflowmq.testing import drain


def with_task(app: TaskFlow) -> TaskFlow:
    @app.task
    async def note(n: int) -> int:
        return n

    @app.task
    def relay(n: int) -> str:
        return str(app.tasks["note"].enqueue(n).id)

    return app


def test_everything_works_without_a_loop(idle_app: TaskFlow) -> None:
    note = with_task(idle_app).tasks["note"]
    handle = note.using(priority=1).enqueue(3)
    assert handle.state() is State.PENDING
    assert [job.id for job in idle_app.jobs.list().items] == [handle.id]
    many = idle_app.enqueue_many([note.job(n) for n in range(5)])
    assert idle_app.send("note", {"n": 9}).created
    idle_app.queues.pause("default")
    idle_app.queues.resume("default")
    assert drain(idle_app) == 7
    assert [one.result(timeout=30) for one in many] == list(range(5))
    assert handle.job().state is State.COMPLETED
    assert handle.cancel() == "final"
    idle_app.jobs.delete(handle.id)
    assert idle_app.jobs.stats().states["completed"] == 6


async def test_a_blocking_call_inside_a_loop_is_refused(sqlite_url: str) -> None:
    app = with_task(TaskFlow(sqlite_url))
    with pytest.raises(WrongContext, match=r"enqueue\(\) would block .* `await …aenqueue\(…\)`"):
        app.tasks["note"].enqueue(1)
    with pytest.raises(WrongContext, match="aget"):
        app.jobs.get("x")


async def test_a_thread_reaches_the_store_of_the_loop_that_opened_it(database_url: str) -> None:
    async with with_task(TaskFlow(database_url)) as app:
        handle = await asyncio.to_thread(app.tasks["note"].enqueue, 1)
        assert await handle.astate() is State.PENDING
        assert await asyncio.to_thread(handle.state) is State.PENDING


async def test_a_handler_in_a_thread_enqueues_through_its_worker(database_url: str) -> None:
    async with with_task(TaskFlow(database_url)) as app, app.worker(concurrency=2):
        handle = await app.tasks["relay"].aenqueue(7)
        inner = await handle.aresult(timeout=20)
        assert await app.job(inner).aresult(timeout=20) == 7


def test_one_app_serves_several_loops(database_url: str) -> None:
    app = with_task(TaskFlow(database_url))
    note = app.tasks["note"]
    ids = [asyncio.run(_enqueue(note, n)) for n in range(3)]
    ids.append(note.enqueue(3).id)
    ids.append(asyncio.run(_enqueue(note, 4)))

    def other_thread() -> None:
        ids.append(asyncio.run(_enqueue(note, 5)))

    thread = threading.Thread(target=other_thread)
    thread.start()
    thread.join()
    assert [job.id for job in app.jobs.list().items] == sorted(ids, reverse=True)
    app.close()


async def _enqueue(note, n):  # type: ignore[no-untyped-def]
    return (await note.aenqueue(n)).id


async def test_a_closed_app_opens_again(database_url: str) -> None:
    app = with_task(TaskFlow(database_url))
    async with app:
        first = await app.tasks["note"].aenqueue(1)
    with pytest.raises(WrongContext, match="not open"):
        _ = app.store
    second = await app.tasks["note"].aenqueue(2)
    assert [job.id for job in (await app.jobs.alist()).items] == [second.id, first.id]
    with pytest.raises(WrongContext, match="is open"):
        app.use_url("sqlite:///other.db")
    await app.aclose()
    await app.aclose()


def test_a_forked_child_gets_connections_of_its_own(idle_app: TaskFlow) -> None:
    note = with_task(idle_app).tasks["note"]
    note.enqueue(1)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            note.enqueue(2)
            code = 0
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    note.enqueue(3)
    assert len(idle_app.jobs.list().items) == 3


SCRIPT = """
    import asyncio
    from taskflowmq import TaskFlow
    app = TaskFlow("sqlite:///jobs.db")

    @app.task
    async def note(n: int) -> int:
        return n

    async def main():
        return (await note.aenqueue(1)).id

    note.enqueue(0)
    asyncio.run(main())
    print(len(app.jobs.list().items))
"""


@pytest.mark.slow
def test_a_script_that_closes_nothing_ends_cleanly(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(SCRIPT)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "2\n", "")


def test_importing_and_declaring_touches_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    app = with_task(TaskFlow())
    app.tasks["note"].job(1)
    app.job("01a201e9-42cf-792f-a853-bf220f4c2167")
    assert list(tmp_path.iterdir()) == []


def test_an_answer_that_came_with_the_look_at_the_loop_is_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    """The wait of two seconds is over, and the call has just ended: it was no time-out."""

    class JustDone(Future[int]):
        def result(self, timeout: float | None = None) -> int:
            if not self.done():
                self.set_result(7)
                raise TimeoutError
            return super().result(timeout)

    def just_done(call: Coroutine[Any, Any, int], _loop: object) -> JustDone:
        call.close()
        return JustDone()

    monkeypatch.setattr(asyncio, "run_coroutine_threadsafe", just_done)
    loop = asyncio.new_event_loop()
    assert sync.wait_for_loop(functools.partial(asyncio.sleep, 0, 7), loop) == 7
    loop.close()


NO_DESCRIPTOR = """
    import contextlib, os, resource
    from taskflowmq import StoreUnavailable, TaskFlow
    app = TaskFlow("sqlite:///jobs.db")

    @app.task
    async def note(n: int) -> int:
        return n

    def refused():
        kept = []
        with contextlib.suppress(OSError):
            while True:
                kept.append(os.open("/dev/null", os.O_RDONLY))
        try:
            note.enqueue(1)
        except StoreUnavailable:
            print("refused")
        for number in kept:
            os.close(number)

    note.job(1)
    import taskflowmq.stores.sqlite, taskflowmq.bootstrap.stores
    resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))
    refused()
    note.enqueue(2)
    app.close()
    refused()
    note.enqueue(3)
    print(len(app.jobs.list().items))
"""


@pytest.mark.slow
def test_without_a_descriptor_the_store_is_unavailable_and_later_there_again(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(NO_DESCRIPTOR)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "refused\nrefused\n2\n"), done.stderr


POOLED = """
    import copy, multiprocessing
    from taskflowmq import TaskFlow
    app = TaskFlow("sqlite:///jobs.db")

    @app.task
    async def note(n: int) -> int:
        return n

    def send(n):
        return note.enqueue(n).created

    if __name__ == "__main__":
        assert copy.deepcopy({"task": note})["task"] is note
        for method in ("fork", "spawn"):
            with multiprocessing.get_context(method).Pool(1) as pool:
                assert pool.map(send, [1, 2]) == [True, True]
                assert pool.apply(getattr, [note, "name"]) == "note"
        print(len(app.jobs.list().items))
"""


@pytest.mark.slow
def test_a_task_reaches_the_processes_of_a_pool(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(textwrap.dedent(POOLED))
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, "4\n"), done.stderr
