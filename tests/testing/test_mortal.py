"""What a killed run of tests leaves behind: nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress

import psutil
import pytest
from tests.mortal import mortal

from taskflowmq.testing.waiting import wait_until_sync

OWNER = """
import subprocess, sys
from tests.mortal import mortal
program = subprocess.Popen(mortal(["sleep", "60"]), start_new_session=True)
print(program.pid, flush=True)
sys.stdin.read()
"""


@pytest.mark.slow
@pytest.mark.skipif(
    sys.platform != "linux", reason="NOT RUN: only Linux ends programs with the tests that started them"
)
def test_a_program_ends_with_its_tests_even_when_those_are_killed() -> None:
    path = {"PYTHONPATH": os.pathsep.join(sys.path)}
    owner = subprocess.Popen(
        mortal([sys.executable, "-c", OWNER]),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, **path},
    )
    assert owner.stdout is not None
    program = int(owner.stdout.readline())
    # Before it is the program itself it may not have asked the kernel yet.
    wait_until_sync(lambda: psutil.Process(program).name() == "sleep", what="the start of the program")
    # In a session of its own, and deaf to anything but the kernel.
    os.kill(program, signal.SIGSTOP)
    owner.kill()
    owner.communicate()

    def over() -> bool:
        with suppress(psutil.NoSuchProcess):
            return psutil.Process(program).status() == psutil.STATUS_ZOMBIE
        return True

    wait_until_sync(over, what="the end of the program")
