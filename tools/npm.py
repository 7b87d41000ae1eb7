"""Install what a package-lock.json pins, once.

npm writes what it has installed into node_modules/.package-lock.json when it is done, and not before: that file, held
against the lock, tells whether anything has to be done. So a node_modules that was interrupted, or that belongs to
another lock, is replaced.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tools.node import Node, Unavailable, alone

#: npm's first attempt may fail for a busy registry; more than two seldom help.
ATTEMPTS = 2
#: Without one answer in this time the registry is unreachable: npm itself would try each package for minutes.
FIRST_ANSWER_S = 60.0
ATTEMPT_S = 600.0
#: At this level npm tells of every answer.
QUIET = ("--no-audit", "--no-fund", "--no-update-notifier", "--no-progress", "--loglevel=http")
PATIENCE = ("--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-timeout=60000")
ANSWER = re.compile(r"npm http (?:fetch \S+ [23]\d\d |cache )")
ADVICE = "Check that npm reaches its registry (npm config get registry, npm ping), then run the command again."

Packages = dict[str, dict[str, Any]]


def ensure(folder: Path, find_node: Callable[[], Node], *, dev: bool) -> None:
    """Install the packages of a folder unless they are there.

    Args:
        folder: holds package.json, package-lock.json and .npmrc.
        find_node: called only if something has to be installed.
        dev: with what only tests and checks need.

    Raises:
        Unavailable: npm could not install them.
    """
    if missing(folder, dev=dev) is None:
        return
    with alone(folder.name):
        why = missing(folder, dev=dev)
        if why is not None:
            # Who has installed everything keeps everything: the next check would only fetch it again.
            _install(folder, find_node(), dev=dev or _has_dev(folder))


def missing(folder: Path, *, dev: bool) -> str | None:
    """Return the first package that is not installed as the lock says, or None."""
    locked = _packages(folder / "package-lock.json")
    installed = _packages(folder / "node_modules/.package-lock.json")
    for name, entry in locked.items():
        # Optional ones are those of other systems, as far as they are missing; npm fails without one of this system.
        if not name or entry.get("optional") or entry.get("devOptional") or (entry.get("dev") and not dev):
            continue
        if installed.get(name, {}).get("integrity", "") != entry.get("integrity", ""):
            return name
    # A package that the lock has dropped may still be imported by mistake.
    return next((name for name in installed if name not in locked), None)


def _has_dev(folder: Path) -> bool:
    return any(entry.get("dev") for entry in _packages(folder / "node_modules/.package-lock.json").values())


def _packages(path: Path) -> Packages:
    try:
        packages: Packages = json.loads(path.read_text(encoding="utf-8"))["packages"]
    except (OSError, ValueError, KeyError):
        return {}
    return packages


def _install(folder: Path, node: Node, *, dev: bool) -> None:
    print(f"Fetching the packages of {folder.name}/", flush=True)
    kinds = ("--include=dev",) if dev else ("--omit=dev",)
    command = node.command(node.npm, "ci", *kinds, "--ignore-scripts", *QUIET, *PATIENCE)
    told = ""
    for _ in range(ATTEMPTS):
        attempt = _Attempt(command, folder, environment(node))
        if attempt.succeeded():
            return
        told = attempt.told
    raise Unavailable(f"npm could not install the packages of {folder.name}/: {told}\n{ADVICE}")


class _Attempt:
    """One run of npm, whose log is read as it comes."""

    def __init__(self, command: list[str], folder: Path, variables: dict[str, str]) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - npm
            command, cwd=folder, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        self._heard = threading.Event()
        self._lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stderr is not None  # noqa: S101 for the type checker
        with self._process.stderr as log:
            for line in log:
                if ANSWER.match(line):
                    self._heard.set()
                elif not line.startswith(("npm http", "npm warn")):
                    self._lines.append(line.removeprefix("npm error "))
        self._heard.set()

    def succeeded(self) -> bool:
        """Wait for its end, at most as long as an attempt may take.

        Raises:
            Unavailable: the registry is silent, so that a second attempt would take as long for nothing.
        """
        try:
            if not self._heard.wait(FIRST_ANSWER_S):
                raise Unavailable(f"npm had no answer from its registry within {FIRST_ANSWER_S:.0f} s.\n{ADVICE}")
            return self._process.wait(ATTEMPT_S) == 0
        except subprocess.TimeoutExpired:
            self._lines.append(f"it did not end within {ATTEMPT_S:.0f} s")
            return False
        finally:
            self._process.kill()
            self._process.wait()
            self._reader.join()

    @property
    def told(self) -> str:
        """The beginning of what npm says of the failure: its code and message, before the stack."""
        return "".join(line for line in self._lines[:6] if not line.lstrip().startswith("at ")).rstrip()


def environment(node: Node, mode: str = "production") -> dict[str, str]:
    """Return the variables for programs of Node: this Node first on the path, and no colours in what we pass on.

    It trusts what the system trusts: the proxy of a company signs with a certificate that Node does not bring.
    """
    search = os.pathsep.join([str(node.path.parent), os.environ.get("PATH", os.defpath)])
    return {"NODE_USE_SYSTEM_CA": "1", **os.environ, "PATH": search, "NO_COLOR": "1", "NODE_ENV": mode}
