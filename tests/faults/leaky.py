"""Tasks that keep what they allocate, for supervisors that watch memory."""

from __future__ import annotations

import asyncio

from tests.faults import tasks

from taskflowmq import TaskFlow, task

_kept: list[bytearray] = []


@task
async def keep(megabytes: int) -> int:
    """Leak, and work a little, so that the job outlives the moment of its claim."""
    tasks.note("start")
    _kept.append(bytearray(b"x") * (megabytes << 20))
    await asyncio.sleep(0.05)
    tasks.note("end", kept=len(_kept))
    return len(_kept)


app = TaskFlow()
app.include(tasks)
app.include(keep)
