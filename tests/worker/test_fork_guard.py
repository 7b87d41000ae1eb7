"""A copy of a worker's process that comes back from its handler ends, whoever made it."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

COPY = """
    import ctypes, os
    from taskflowmq.worker.running.fork_guard import guard_forks, leave_if_copied
    guard_forks()
    leave_if_copied()
    fork = {fork}
    child = fork()
    if child == 0:
        leave_if_copied()
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("fork", ["os.fork", "ctypes.PyDLL(None).fork"])
def test_a_copy_ends_where_the_handler_gives_back(fork: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(COPY.format(fork=fork))],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "70\n", done.stderr
