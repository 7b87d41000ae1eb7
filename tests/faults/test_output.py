"""Where bodies print and log: never a reason to fail, and where the program wants it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from tests.faults import printing
from tests.faults.rig import COMMAND, PATIENCE, ROOT, Rig
from tests.mortal import mortal

from taskflowmq import Handle

pytestmark = pytest.mark.slow


def test_process_tasks_of_an_embedded_worker_log_where_the_program_does(sqlite_url: str) -> None:
    said = subprocess.run(
        mortal([sys.executable, str(ROOT / "tests" / "faults" / "logged.py")]),
        env={**os.environ, "TASKFLOW_DATABASE_URL": sqlite_url},
        capture_output=True,
        text=True,
        timeout=80,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    lines = said.stdout.splitlines()
    own = [line for line in lines if line.startswith("OWN ")]
    (order,) = [line for line in own if "order 7" in line]
    assert "'order': 7" in order
    assert "'odd': '<object object at" in order
    assert sum(line.startswith("OWN shop.orders xxx") for line in own) == 8
    assert any("OWN taskflowmq.job by the context {'task': 'speaks'}" in line for line in own)
    assert any("OWN shop.orders with a traceback" in line for line in own)
    assert any("LookupError: no" in line for line in lines)
    assert any("the last words" in line for line in own)
    assert not any("nobody wants" in line for line in lines)


def started(rig: Rig, writer: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        mortal([sys.executable, "-c", COMMAND, "worker", "tests.faults.printing:app"]),
        cwd=ROOT,
        env={**os.environ, "TASKFLOW_DATABASE_URL": rig.url},
        stdout=writer,
        stderr=writer,
        start_new_session=True,
    )


@pytest.mark.parametrize("where", ["print_on_loop", "print_in_thread", "print_in_process"])
async def test_a_print_does_not_fail_a_job_after_the_reader_of_the_log_has_gone(sqlite_rig: Rig, where: str) -> None:
    printing.app.use_url(sqlite_rig.url)
    reader, writer = os.pipe()
    process = started(sqlite_rig, writer)
    os.close(writer)
    try:
        async with printing.app:
            task = getattr(printing, where)
            read = await task.aenqueue("read by somebody")
            assert await read.aresult(timeout=PATIENCE) == "printed"
            assert b"read by somebody" in os.read(reader, 1_000_000)
            os.close(reader)
            gone: list[Handle[str]] = [await task.aenqueue("x" * 100_000) for _ in range(2)]
            assert [await job.aresult(timeout=PATIENCE) for job in gone] == ["printed"] * 2
            await (await printing.closes.aenqueue()).aresult(timeout=PATIENCE)
            assert await (await task.aenqueue("closed")).aresult(timeout=PATIENCE) == "printed"
    finally:
        process.terminate()
        assert process.wait(timeout=PATIENCE) == 0
