"""A program ends while its threads, the rest of a pool, and its exit hooks still enqueue."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

SCRIPT = """
    import atexit
    import sys
    import threading
    import time
    from concurrent.futures import ThreadPoolExecutor

    from taskflowmq import StoreUnavailable, TaskFlow

    app = TaskFlow("sqlite:///jobs.db")

    @app.task
    async def note(n: int) -> int:
        return n

    def later(n):
        # Set once the main thread has ended, before pools and threads are waited for.
        while not getattr(sys.modules["concurrent.futures.thread"], "_shutdown"):
            time.sleep(0.001)
        note.enqueue(n)

    class Finalized:
        def __del__(self, began=time.monotonic, refused=StoreUnavailable, enqueue=note.enqueue, say=print):
            start = began()
            try:
                enqueue(6)
            except refused as error:
                say("the interpreter is shutting down" in str(error), began() - start < 5)

    if sys.argv[1:] != ["unopened"]:
        note.enqueue(0)
    pool = ThreadPoolExecutor(1)
    pool.submit(later, 1)
    pool.submit(later, 2)
    threading.Thread(target=later, args=(3,)).start()
    atexit.register(note.enqueue, 4)
    kept = Finalized()
"""


@pytest.mark.slow
@pytest.mark.parametrize("opened", [True, False])
def test_what_outlives_the_main_thread_enqueues_as_before(tmp_path: Path, opened: bool) -> None:
    from taskflowmq import TaskFlow

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(SCRIPT), *([] if opened else ["unopened"])],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "True True\n", "")
    with TaskFlow(f"sqlite:///{tmp_path}/jobs.db") as app:
        stored = sorted(job.args["n"] for job in app.jobs.list().items)
    assert stored == ([0, 1, 2, 3, 4] if opened else [1, 2, 3, 4])
