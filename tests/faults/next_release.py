"""The app with one task more: a rolling deploy in which the enqueuers are ahead of the workers."""

from __future__ import annotations

from tests.faults import tasks

from taskflowmq import TaskFlow, task


@task
async def tomorrow() -> str:
    tasks.note("start")
    return "here"


app = TaskFlow()
app.include(tasks)
app.include(tomorrow)
