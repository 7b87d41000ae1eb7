"""The quickstart as ``make run`` starts it: real work is done, shown, and ends cleanly on Ctrl-C."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from tests.mortal import mortal

EXAMPLE = Path(__file__).parents[2] / "examples" / "quickstart"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.mark.slow
def test_the_quickstart_does_real_work_and_ends_cleanly(tmp_path: Path, database_url: str) -> None:
    here = tmp_path / "quickstart"
    shutil.copytree(EXAMPLE, here, ignore=shutil.ignore_patterns("output", "*.db*", "__pycache__"))
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TASKFLOW_")}
    program = subprocess.Popen(
        mortal([sys.executable, "-m", "taskflowmq.cli", "dev", "quickstart:app", "--demo", "quickstart:demo"]),
        cwd=here, env={**clean, "DATABASE_URL": database_url, "PORT": "0"}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    lines: list[str] = []
    try:
        assert program.stdout is not None
        for line in program.stdout:
            lines.append(line)
            if line.startswith("Done."):
                break
    finally:
        program.send_signal(signal.SIGINT)
        lines.append(program.communicate(timeout=60)[0])
    shown = "".join(lines)
    assert program.returncode == 0, shown
    assert "Hello, world! (attempt 1)" in shown
    assert "dead after 3 attempts (attempts_exhausted)" in shown
    output = here / "output"
    sizes = []
    for path in output.rglob("sun*-*x*.*"):
        with Image.open(path) as picture:
            sizes.append(picture.size)
    assert sorted(sizes) == [(320, 180), (640, 360)]
    [table] = output.rglob("people.csv")
    assert "'=2+2" in table.read_text()
    [mail] = (output / "mail").glob("*.eml")
    assert "It works" in mail.read_text()
