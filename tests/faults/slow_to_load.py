"""The app, in a module that takes longer to import than its task may run."""

from __future__ import annotations

import time

from tests.faults import tasks

from taskflowmq import Retry, TaskFlow, task


@task(process=True, timeout=1, retry=Retry(max_attempts=1))
def prompt(n: int) -> int:
    tasks.note("start")
    return n


time.sleep(1.5)

app = TaskFlow()
app.include(prompt)
