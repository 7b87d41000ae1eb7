"""What the processes of a worker take over from where it was started: no modules of that folder, no keys of the API."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.mortal import mortal

from taskflowmq import TaskFlow
from taskflowmq.bootstrap.spawn import Program
from taskflowmq.tasks import registry

TASKFLOW = str(Path(sys.executable).with_name("taskflow"))
ENV_APP = """
import os, subprocess, sys
from taskflowmq import TaskFlow

app = TaskFlow()
PRINT = "import json, os; print(json.dumps(sorted(os.environ)))"

@app.task(name="in_a_thread")
def in_a_thread() -> str:
    return subprocess.run([sys.executable, "-c", PRINT], capture_output=True, text=True).stdout

@app.task(name="in_a_process", process=True)
def in_a_process() -> str:
    return subprocess.run([sys.executable, "-c", PRINT], capture_output=True, text=True).stdout
"""


def environment(folder: Path, **more: str) -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("TASKFLOW_", "DATABASE", "PYTHON"))
    }
    return {**kept, "TASKFLOW_DATABASE_URL": f"sqlite:///{folder / 'jobs.db'}", **more}


def _declared() -> str:
    return ""


def ended(worker: subprocess.Popen[bytes]) -> int:
    worker.send_signal(signal.SIGTERM)
    return worker.wait(30)


def test_the_keys_of_the_api_stay_with_the_supervisor() -> None:
    variables = {
        "TASKFLOW_API_KEYS": "k",
        "TASKFLOW_API_KEYS_FILE": "/k",
        "TASKFLOW_SMTP_URL": "smtp://x",
        "PATH": "/bin",
    }
    program = Program(spec=None, url="sqlite:///x.db", variables=variables)
    assert sorted(program.environment) == ["PATH", "TASKFLOW_CHILD_URL", "TASKFLOW_SMTP_URL"]


@pytest.mark.slow
@pytest.mark.parametrize("task", ["in_a_thread", "in_a_process"])
def test_what_a_handler_starts_sees_no_key_of_the_api(tmp_path: Path, task: str) -> None:
    (tmp_path / "app.py").write_text(ENV_APP)
    env = environment(tmp_path, TASKFLOW_API_KEYS="k" * 40)
    worker = subprocess.Popen(mortal([TASKFLOW, "worker", "app:app"]), cwd=tmp_path, env=env)
    try:
        app = TaskFlow(env["TASKFLOW_DATABASE_URL"])
        app.task(name=task)(_declared)
        names = json.loads(app.send(task).result(timeout=30))
        app.close()
    finally:
        assert ended(worker) == 0
    assert "PATH" in names
    assert "TASKFLOW_API_KEYS" not in names


@pytest.mark.slow
def test_a_worker_of_the_built_in_tasks_imports_nothing_from_the_folder_it_is_started_in(tmp_path: Path) -> None:
    for name in ("msgspec", "json", "asyncio", "taskflowmq"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'HIJACKED')!r}, 'w')\nraise SystemExit(3)\n")
    env = environment(tmp_path)
    worker = subprocess.Popen(mortal([TASKFLOW, "worker"]), cwd=tmp_path, env=env)
    try:
        app = TaskFlow(env["TASKFLOW_DATABASE_URL"])
        app.include(registry)
        with_process = app.send("image-resize", {"source": "x", "width": 1}, max_attempts=1)
        assert app.send("test", {"message": "hi", "seconds": 0}).result(timeout=30)["message"] == "hi"
        with pytest.raises(Exception, match="TASKFLOW_FILES_DIR"):
            with_process.result(timeout=30)
        app.close()
    finally:
        assert ended(worker) == 0
    assert not (tmp_path / "HIJACKED").exists()
