"""Starting the programs of an example as a user does, and asking them over HTTP."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.mortal import mortal

EXAMPLES = Path(__file__).parents[2] / "examples"


def copied(example: str, to: Path) -> Path:
    """Return a copy of an example that a test may write into."""
    leftovers = shutil.ignore_patterns("__pycache__", "*.db*", "*.sqlite3*")
    return Path(shutil.copytree(EXAMPLES / example, to / example, ignore=leftovers))


def environment(database_url: str, **more: str) -> dict[str, str]:
    """Return variables for a program: nothing of ours but what is said here."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TASKFLOW_", "DJANGO_"))}
    return {**clean, "DATABASE_URL": database_url, "PYTHONUNBUFFERED": "1", **more}


class Program:
    """A running program whose output is read as it comes."""

    def __init__(self, command: list[str], folder: Path, env: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            mortal([sys.executable, *command]),
            cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self.lines: list[str] = []
        self._said = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as output:
            for line in output:
                with self._said:
                    self.lines.append(line)
                    self._said.notify_all()
        with self._said:
            self._said.notify_all()

    def wait_for(self, pattern: str, timeout: float = 60) -> re.Match[str]:
        """Wait until a line says this."""

        def found() -> re.Match[str] | None:
            return next((match for line in self.lines if (match := re.search(pattern, line))), None)

        with self._said:
            self._said.wait_for(lambda: found() or not self._reader.is_alive(), timeout)
            match = found()
        assert match is not None, f"no line matches {pattern!r}:\n{self.shown}"
        return match

    @property
    def shown(self) -> str:
        return "".join(self.lines)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Ask it to end, and return its exit code."""
        self.process.send_signal(number)
        code = self.process.wait(60)
        self._reader.join(10)
        return code


@contextmanager
def running(command: list[str], folder: Path, env: dict[str, str]) -> Iterator[Program]:
    """Run a program until the end of the block."""
    program = Program(command, folder, env)
    try:
        yield program
    finally:
        if program.process.poll() is None:
            program.end(signal.SIGKILL)


def ask(url: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
    """Return the status and the JSON of an answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read() or b"null")
