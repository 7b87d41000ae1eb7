"""``app.jobs.move``."""

from __future__ import annotations

from taskflowmq import TaskFlow


def test_a_job_is_moved_from_blocking_code(idle_app: TaskFlow) -> None:
    @idle_app.task
    async def anything() -> None: ...

    handle = anything.using(delay=60).enqueue()
    assert idle_app.jobs.move(handle.id, priority=-5) == "moved"
    assert idle_app.jobs.get(handle.id).priority == -5
