"""Stacks and profiles of running jobs: a real worker on a real store, bodies of every kind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.worker import inspected

from taskflowmq import Handle, State, TaskFlow
from taskflowmq.core.errors import InvalidJob, JobNotFound, NotRunning
from taskflowmq.core.inspection import BodyKind, Inspection, InspectionState, Stack
from taskflowmq.testing.waiting import wait_until
from taskflowmq.worker.watches import cancel

SECRET = "hunter2-of-a-variable"


@pytest.fixture
async def app(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[TaskFlow]:
    """An app whose worker runs, and reads requests ten times a second."""
    monkeypatch.setattr(cancel, "INTERVAL", 0.1)
    inspected.go.clear()
    app = TaskFlow(sqlite_url)
    app.include(inspected)
    async with app:
        worker = app.worker(concurrency=4, poll=0.05, grace=0.5)
        await worker.start()
        yield app
        inspected.go.set()
        await worker.drain(0)


async def running(app: TaskFlow, task: str, **arguments: Any) -> Handle[Any]:
    handle = await app.asend(task, arguments)

    async def runs() -> bool:
        return (await app.jobs.aget(handle.id)).state is State.RUNNING

    await wait_until(runs, what=f"{task} to run")
    return handle


async def look(app: TaskFlow, handle: Handle[Any], function: str) -> list[Stack]:
    """Look until the body is in a function: it may not have begun yet."""
    found: list[Stack] = []

    async def is_there() -> bool:
        nonlocal found
        seen = await app.jobs.astack(handle.id)
        assert seen.state is InspectionState.ANSWERED
        assert seen.stack is not None
        assert SECRET not in str(seen.raw_answer)
        found = seen.stack.stacks
        return any(frame.function == function for stack in found for frame in stack.frames)

    await wait_until(is_there, what=function)
    return found


def functions(stack: Stack) -> list[str]:
    return [frame.function for frame in stack.frames]


async def test_a_coroutine_that_waits_is_seen_with_all_that_it_awaits(app: TaskFlow) -> None:
    handle = await running(app, "waits", secret=SECRET)
    (stack,) = await look(app, handle, "inner_wait")
    assert functions(stack) == ["waits", "outer_wait", "inner_wait", "Event.wait"]
    assert (stack.kind, stack.name, stack.waits) == ("task", "waits", True)
    frame = stack.frames[1]
    assert frame.file.endswith("tests/worker/inspected.py")
    assert frame.code == "await inner_wait(secret)"


async def test_tasks_that_a_body_waits_for_are_seen_as_well(app: TaskFlow) -> None:
    first, second = await running(app, "gathers"), await running(app, "groups")
    own, *others = await look(app, first, "inner_wait")
    assert functions(own) == ["gathers"]
    assert [functions(one) for one in others] == [["inner_wait", "Event.wait"]] * 2
    assert "left" in {one.name for one in others}
    own, member = await look(app, second, "inner_wait")
    assert functions(own)[0] == "groups"
    assert (member.name, functions(member)) == ("member", ["inner_wait", "Event.wait"])


async def test_a_body_in_a_thread_is_seen_without_what_is_around_it(app: TaskFlow) -> None:
    handle = await running(app, "blocks_in_thread", secret=SECRET)
    (stack,) = await look(app, handle, "deep_in_thread")
    assert functions(stack)[:2] == ["blocks_in_thread", "deep_in_thread"]
    assert (stack.kind, stack.waits) == ("thread", False)


@pytest.mark.slow
async def test_a_body_in_a_process_answers_itself(app: TaskFlow, tmp_path: Path) -> None:
    end = tmp_path / "end"
    plain = await running(app, "works_in_process", path=str(end))
    coroutine = await running(app, "awaits_in_process", path=str(end))
    (stack,) = await look(app, plain, "until_there")
    assert functions(stack)[:2] == ["works_in_process", "until_there"]
    (stack,) = await look(app, coroutine, "awaits_in_process")
    assert functions(stack)[0] == "awaits_in_process"
    seen = await app.jobs.astack(plain.id)
    assert seen.stack is not None
    assert seen.stack.body is BodyKind.PROCESS
    assert seen.stack.age is not None
    assert seen.stack.age > 0
    end.touch()
    assert await plain.aresult(timeout=60) is None
    assert await coroutine.aresult(timeout=60) is None


async def test_only_a_job_that_runs_is_looked_at(app: TaskFlow) -> None:
    later = await app.asend("waits", {"secret": ""}, delay=3600)
    with pytest.raises(NotRunning, match="does not run"):
        await app.jobs.astack(later.id)
    with pytest.raises(JobNotFound):
        await app.jobs.astack("01a2b3c4-0000-7000-8000-000000000000")
    for wrong in (0, 61, 1.5, True):
        with pytest.raises(InvalidJob, match="1…60"):
            await app.jobs.aprofile(later.id, wrong)  # type: ignore[arg-type]


def share(seen: Inspection, function: str) -> float:
    """Return the share of the samples that went through a function."""
    profile = seen.profile
    assert profile is not None
    names = [frame.function for frame in profile.frames]
    assert profile.samples == sum(path.samples for path in profile.paths) + profile.left_out
    inside = sum(path.samples for path in profile.paths if function in [names[n] for n in path.frames])
    return inside / max(profile.samples, 1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "function"), [("spins", "busy_part"), ("blocks_in_thread", "busy_part"), ("works_in_process", "busy_part")]
)
async def test_a_profile_says_where_the_time_goes(app: TaskFlow, tmp_path: Path, task: str, function: str) -> None:
    end = tmp_path / "end"
    arguments = {"spins": {}, "blocks_in_thread": {"secret": SECRET}, "works_in_process": {"path": str(end)}}[task]
    handle = await running(app, task, **arguments)
    await look(app, handle, function) if task == "works_in_process" else None
    seen = await app.jobs.aprofile(handle.id, 1)
    assert seen.state is InspectionState.ANSWERED
    assert share(seen, task) == 1
    assert share(seen, function) > 0
    assert SECRET not in str(seen.raw_answer)
    profile = seen.profile
    assert profile is not None
    assert not profile.ended
    assert profile.seconds >= 1
    assert 0 < profile.overhead < 1
    end.touch()


@pytest.mark.slow
@pytest.mark.parametrize("task", ["ends_profiled_on_loop", "ends_profiled_in_thread", "ends_profiled_in_process"])
async def test_a_profile_ends_with_its_job(app: TaskFlow, task: str) -> None:
    handle = await running(app, task)
    seen = await app.jobs.aprofile(handle.id, 60)
    assert seen.state is InspectionState.ANSWERED
    profile = seen.profile
    assert profile is not None
    assert profile.ended
    assert profile.seconds < 60
    assert await handle.aresult(timeout=60) is None
