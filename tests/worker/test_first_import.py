"""A process below a supervisor that is still importing ignores Ctrl-C, which reaches the whole group."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
from tests.mortal import mortal

#: Runs a module as a program, but holds it at one of its imports until a line comes.
HELD = """
import importlib.abc, runpy, sys

class Hold(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "msgspec":
            sys.meta_path.remove(self)
            print("importing", flush=True)
            sys.stdin.readline()
        return None

sys.meta_path.insert(0, Hold())
module = sys.argv.pop(1)
runpy.run_module(module, run_name="__main__")
"""


@pytest.mark.parametrize("module", ["taskflowmq.bootstrap.child", "taskflowmq.bootstrap.body"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.slow
def test_a_signal_to_the_group_does_not_end_a_process_that_is_starting(module: str, number: signal.Signals) -> None:
    process = subprocess.Popen(
        mortal([sys.executable, "-P", "-c", HELD, module, "no configuration"]),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "importing\n"
    process.send_signal(number)
    _, errors = process.communicate("go on\n", timeout=60)
    # It goes on to read its configuration, which is none.
    assert "DecodeError" in errors, errors
    assert "KeyboardInterrupt" not in errors
    assert process.returncode == 1
