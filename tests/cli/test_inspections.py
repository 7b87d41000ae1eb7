"""Stack and profile on the command line, of a job that runs in another thread of this process."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from tests.cli.conftest import Cli
from tests.worker import inspected

from taskflowmq import State, TaskFlow
from taskflowmq.cli.inspections import stack_lines
from taskflowmq.cli.profile_text import collapsed, speedscope, tree
from taskflowmq.core.inspection import BodyKind, Calls, Frame, ProfileAnswer, Stack, StackAnswer
from taskflowmq.testing.waiting import wait_until

AROUND: dict[str, Any] = {
    "host": "one",
    "pid": 42,
    "body": BodyKind.THREAD,
    "age": 3.5,
    "rss": 2**21,
    "cpu_seconds": 1.25,
}
FRAMES = [Frame("/app/tasks.py", 3, "report", "load()"), Frame("/app/tasks.py", 9, "load")]
PROFILE = ProfileAnswer(
    **AROUND,
    seconds=2.0,
    samples=200,
    interval_ms=10.0,
    overhead=0.01,
    frames=FRAMES,
    paths=[Calls((0, 1), 150, waits=True), Calls((0,), 49), Calls((1,), 1)],
    ended=True,
)


@pytest.fixture
def running(url: str) -> Iterator[str]:
    """The id of a job that runs until the test ends."""
    inspected.go.clear()
    ready, over = threading.Event(), threading.Event()
    found: list[str] = []

    async def work() -> None:
        app = TaskFlow(url)
        app.include(inspected)
        async with app, app.worker(poll=0.05, grace=0.5):
            handle = await app.asend("blocks_in_thread", {"secret": "hunter2"})

            async def runs() -> bool:
                return (await handle.astate()) is State.RUNNING

            await wait_until(runs, what="the job")
            found.append(str(handle.id))
            ready.set()
            await asyncio.to_thread(over.wait)
            inspected.go.set()

    thread = threading.Thread(target=asyncio.run, args=(work(),))
    thread.start()
    try:
        assert ready.wait(60)
        yield found[0]
    finally:
        over.set()
        inspected.go.set()
        thread.join(60)


@pytest.mark.slow
def test_a_running_job_is_looked_into(cli: Cli, running: str) -> None:
    shown = cli("jobs", "stack", running, "--reason", "slow")
    assert shown.code == 0, shown.err
    assert "runs (most recent call last):" in shown.out
    assert f', in blocks_in_thread\n    deep_in_thread(secret)\n  File "{inspected.__file__}", line ' in shown.out
    assert "hunter2" not in shown.out
    assert "in a thread of process" in shown.out
    assert cli("jobs", "stack", running, "--json").json["answer"]["body"] == "thread"
    profile = cli("jobs", "profile", running, "--seconds", "1", "--format", "collapsed")
    assert profile.code == 0, profile.err
    assert all(line.startswith("blocks_in_thread (") for line in profile.out.splitlines())
    assert "in a thread of process" in profile.err
    assert cli("jobs", "profile", running, "--seconds", "61").code == 2


def test_a_job_that_does_not_run_has_none(cli: Cli) -> None:
    job_id = cli("enqueue", "test", '{"message": "hi"}').out.strip()
    for kind in ("stack", "profile"):
        refused = cli("jobs", kind, job_id)
        assert (refused.code, "does not run" in refused.err) == (5, True)
        assert cli("jobs", kind, "01a2b3c4-0000-7000-8000-000000000000").code == 4


def test_a_stack_is_printed_as_python_prints_a_traceback() -> None:
    long = Stack(name="t", kind="task", frames=[*(FRAMES[:1] * 20), FRAMES[1]], waits=True, left_out=3)
    answer = StackAnswer(**AROUND, note="it is so", stacks=[Stack(name="x", kind="thread", frames=FRAMES), long])
    lines = stack_lines(answer)
    assert lines[:5] == [
        "Thread x runs (most recent call last):",
        '  File "/app/tasks.py", line 3, in report',
        "    load()",
        '  File "/app/tasks.py", line 9, in load',
        "",
    ]
    assert lines[5] == "Task t waits (most recent call last):"
    assert lines[-4:-1] == ["  ... 3 frames are left out", '  File "/app/tasks.py", line 9, in load', ""]
    assert lines[-1] == (
        "It has run for 3.5 s, in a thread of process 42 on one; 2 MB of memory; "
        "1.2 s of processor time since the process started.\nNote: it is so."
    )


def test_a_profile_is_a_tree_collapsed_stacks_or_a_file_of_speedscope() -> None:
    heading, first, second, *rest = tree(PROFILE)
    assert heading.split() == ["total", "self", "calls"]
    assert first.split() == ["99.5", "%", "24.5", "%", "report", "(tasks.py:3)"]
    assert second.split() == ["75.0", "%", "75.0", "%", "load", "(tasks.py:9)", "(waits)"]
    assert rest[-1] == (
        "200 samples in 2.0 s, one each 10.0 ms; 75.0 % of them while it waited; "
        "sampling used 1.0 % of a processor; the job ended before the time was over."
    )
    assert collapsed(PROFILE)[0] == "report (tasks.py:3);load (tasks.py:9) 150"
    file = json.loads(json.dumps(speedscope(PROFILE, "job 7")))
    assert file["profiles"][0]["samples"] == [[0, 1], [0], [1]]
    assert file["profiles"][0]["weights"] == [1.5, 0.49, 0.01]
    assert file["shared"]["frames"][1] == {"name": "load", "file": "/app/tasks.py", "line": 9}
