"""Standard streams that are closed, full, or of another encoding: exit codes stay true, and nothing is a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.mortal import mortal

pytestmark = pytest.mark.slow

MAIN = [sys.executable, "-c", "from taskflowmq.cli import main; main()"]


def shell(folder: Path, line: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a line of the shell in which "$@" is ``taskflow``."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("TASKFLOW_", "DATABASE"))}
    return subprocess.run(
        mortal(["sh", "-c", line, "sh", *MAIN]),
        cwd=folder,
        env={**env, "TASKFLOW_DATABASE_URL": "sqlite:///jobs.db", **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('"$@" db migrate 2>&-', 0),
        ('"$@" db migrate >&- 2>&- <&-', 0),
        ('"$@" jobs shew 2>&-', 2),
        ('"$@" jobs show 01a22913-8883-7ac8-9871-9523bd7ff0a7 2>/dev/full', 3),
    ],
)
def test_closed_or_full_streams_change_no_exit_code(tmp_path: Path, line: str, code: int) -> None:
    done = shell(tmp_path, line)
    assert (done.returncode, done.stderr) == (code, "")


@pytest.mark.parametrize("arguments", ["db migrate", "version"])
def test_output_that_finds_no_room_is_said_in_a_sentence(tmp_path: Path, arguments: str) -> None:
    done = shell(tmp_path, f'"$@" {arguments} >/dev/full')
    assert (done.returncode, done.stderr) == (1, "Error: cannot write the output: No space left on device\n")


def test_no_file_of_the_store_gets_the_number_of_a_closed_stream(tmp_path: Path) -> None:
    look = "import os; print(sorted(os.readlink(f'/proc/self/fd/{n}') for n in (0, 1, 2)), file=open('seen', 'w'))"
    start = f"from taskflowmq.cli.root import _open_missing; _open_missing(); {look}"
    shell(tmp_path, f'{sys.executable} -c "$0" >&- 2>&- <&-'.replace("$0", start))
    assert (tmp_path / "seen").read_text() == f"{['/dev/null'] * 3}\n"


def test_arguments_are_taken_as_the_bytes_that_were_typed(tmp_path: Path) -> None:
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    (tmp_path / "app.py").write_text(
        "from taskflowmq import TaskFlow\napp = TaskFlow()\n@app.task\ndef f(x: str): ...\n"
    )
    done = shell(tmp_path, """"$@" enqueue f '{"x": "né"}' --app app:app && "$@" jobs list --json""", **ascii_only)
    assert done.returncode == 0, done.stderr
    assert '"né"' in done.stdout or '"n\\u00e9"' in done.stdout
    done = shell(tmp_path, """"$@" enqueue f "$(printf '{"x": "\\377"}')" --app app:app""")
    assert done.returncode == 2
    assert "the arguments: not UTF-8" in done.stderr
