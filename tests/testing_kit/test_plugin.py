"""The pytest plugin, used as a program would: in a run of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TESTS = """
import asyncio
import pytest
from taskflowmq import TaskFlow
from taskflowmq.testing import assert_enqueued

app = TaskFlow("sqlite:///must-not-be-made.db")

@app.task
async def note(n: int) -> int:
    return n

@pytest.fixture
def taskflow_app_under_test():
    return app

def test_plain(taskflow_app, taskflow_clock, taskflow_drain):
    handle = note.using(delay=60).enqueue(1)
    assert_enqueued(taskflow_app, note, state="scheduled")
    assert taskflow_drain() == 0
    taskflow_clock.advance(60)
    assert taskflow_drain() == 1
    assert handle.result(timeout=30) == 1

def test_each_test_starts_empty(taskflow_app):
    assert taskflow_app.jobs.list().items == []

def test_coroutine(taskflow_app, taskflow_drain):
    async def main():
        handle = await note.aenqueue(2)
        assert await taskflow_drain.a() == 1
        return await handle.aresult(timeout=30)
    assert asyncio.run(main()) == 2

async def test_with_pytest_asyncio(taskflow_app, taskflow_drain):
    handle = await note.aenqueue(3)
    assert await taskflow_drain.a() == 1
    assert await handle.aresult(timeout=30) == 3
"""


@pytest.mark.slow
def test_the_fixtures_give_each_test_an_empty_app(tmp_path: Path) -> None:
    (tmp_path / "test_program.py").write_text(TESTS)
    plugin = ["-p", "taskflowmq.testing.plugin", "-p", "no:cacheprovider"]
    options = ["-W", "error", "-o", "asyncio_mode=auto", "-o", "asyncio_default_fixture_loop_scope=function"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *options, *plugin, "test_program.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert "4 passed" in done.stdout, done.stdout + done.stderr
    assert not list(tmp_path.glob("*.db"))


@pytest.mark.slow
def test_a_run_that_uses_no_fixture_imports_next_to_nothing_of_ours() -> None:
    """Every run of pytest in a project where the package is installed imports the plugin: it took 0.35 s of each."""
    shown = _python(
        "import sys, pytest; before = set(sys.modules); import taskflowmq.testing.plugin;"
        "print(*sorted(set(sys.modules) - before))"
    )
    assert shown.split() == ["taskflowmq", "taskflowmq.testing", "taskflowmq.testing.plugin"]


@pytest.mark.slow
def test_every_public_name_is_found_at_its_first_use() -> None:
    shown = _python(
        "import taskflowmq; print([n for n in taskflowmq.__all__ if getattr(taskflowmq, n, None) is None]);"
        "print(sorted(set(taskflowmq.__all__) - set(dir(taskflowmq)))); print(hasattr(taskflowmq, 'nonsense'))"
    )
    assert shown.splitlines() == ["[]", "[]", "False"]


def _python(program: str) -> str:
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    return said.stdout
