"""What nobody catches is a log line like all others: one line, without secrets."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

PROGRAM = """
import threading
from taskflowmq.telemetry.logs import configure_logging
from taskflowmq.telemetry.uncaught import log_uncaught
configure_logging("json", "info")
log_uncaught()
class Broken:
    def __del__(self): raise ValueError("in a finalizer: token=hunter2")
    def __repr__(self): return "hunter2"
def fail(): raise LookupError("no postgresql://u:hun/ter2@host here")
Broken()
thread = threading.Thread(target=fail, name="mine")
thread.start()
thread.join()
fail()
"""


def test_three_exceptions_are_three_lines() -> None:
    ran = subprocess.run([sys.executable, "-"], input=PROGRAM, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 1
    lines = [json.loads(line) for line in ran.stderr.splitlines()]
    assert [(line["level"], line["error"]["type"]) for line in lines] == [
        ("error", "ValueError"),
        ("error", "LookupError"),
        ("critical", "LookupError"),
    ]
    assert "thread mine ended" in lines[1]["message"]
    assert lines[2]["error"]["message"] == "no postgresql://u:[redacted]@host here"
    assert "hunter2" not in ran.stderr
    assert "ter2@" not in ran.stderr
