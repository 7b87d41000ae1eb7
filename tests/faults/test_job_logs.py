"""What a body in a process of its own has logged is kept, whatever became of the process."""

from __future__ import annotations

import asyncio
import json
import os
import sys

import pytest
from tests.faults.rig import ROOT
from tests.mortal import mortal

pytestmark = pytest.mark.slow


async def test_a_process_that_fails_hangs_or_crashes_has_lost_no_line(sqlite_url: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *mortal([sys.executable, str(ROOT / "tests" / "faults" / "process_logs.py")]),
        env={**os.environ, "TASKFLOW_DATABASE_URL": sqlite_url},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(100):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, err.decode()
    failed, hung, crashed, fine = json.loads(out)
    assert failed == [["page 3", {"size": 7}], ["slow", {"logger": "some.library"}]]
    assert hung == [["before it hangs", None]]
    assert [message for message, _ in crashed] == [f"attempt {n} before it crashes" for n in (1, 2, 3)]
    assert fine == []
