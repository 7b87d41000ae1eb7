"""``python -m tests.faults.forking N JOBS``: opens its connections, forks N times, and enqueues from every process.

It prints one JSON object: the exit code of each child, and how many jobs the parent stored before and after.
"""

from __future__ import annotations

import json
import os
import sys

from tests.faults.tasks import app

BATCH = 50


def send(count: int) -> None:
    """Enqueue in batches, and once alone."""
    for first in range(0, count - 1, BATCH):
        app.enqueue_many([app.tasks["quick"].job(n=n) for n in range(first, min(first + BATCH, count - 1))])
    app.send("quick", {"n": count})


def main(children: int, jobs: int) -> None:
    """Open, fork, and wait."""
    app.send("quick", {"n": -1})
    pids = []
    for _ in range(children):
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                send(jobs)
                app.close()
                code = 0
            finally:
                os._exit(code)
        pids.append(pid)
    codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
    app.send("quick", {"n": -2})
    app.close()
    print(json.dumps({"children": codes, "parent": 2}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
