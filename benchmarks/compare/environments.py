"""Prepares each peer's own environment from the package registries; it is kept between runs."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from benchmarks.compare.peer import Peer

ROOT = Path(__file__).resolve().parents[2]
ADAPTERS = Path(__file__).resolve().parent / "adapters"
PEERS_FOLDER = ROOT / "benchmarks" / ".peers"
NEWEST_MINOR = 15
OUR_PACKAGES = ("taskflowmq", "asyncpg", "msgspec", "uvloop")


class Unavailable(RuntimeError):
    """A peer cannot be installed here; the message says why."""


@dataclass(frozen=True)
class Environment:
    """How to run a peer's adapter."""

    command: tuple[str, ...]
    variables: dict[str, str]
    #: What is installed there.
    versions: dict[str, str]


def prepare(peer: Peer) -> Environment:
    """Install what a peer needs, unless it is there, and return how to run it.

    Raises:
        Unavailable: it cannot be installed.
    """
    if not peer.requirements:
        return _ours(peer)
    return _node(peer) if peer.runtime == "node" else _python(peer)


def python_with(name: str, requirements: tuple[str, ...], oldest: str = "") -> Path:
    """Return the Python of a virtual environment that holds some packages."""
    folder = PEERS_FOLDER / name
    python = folder / "bin" / "python"
    if not _is_ready(folder, requirements):
        _run([interpreter(oldest), "-m", "venv", "--clear", str(folder)])
        _run([str(python), "-m", "pip", "--disable-pip-version-check", "-q", "install", *requirements])
        _note(folder, requirements)
    return python


def interpreter(oldest: str) -> str:
    """Return a Python that runs and is at least that old; this one if it will do.

    Raises:
        Unavailable: there is none.
    """
    major, minor = _version(oldest or "3.0")
    if sys.version_info >= (major, minor):
        return sys.executable
    # A name on the path may be a version manager's stand-in that runs nothing: its own folders have the real ones.
    managed = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob("versions/*/bin")
    folders = os.pathsep.join([os.environ.get("PATH", os.defpath), *map(str, sorted(managed))])
    for newer in range(minor, NEWEST_MINOR + 1):
        for folder in folders.split(os.pathsep):
            found = shutil.which(f"python{major}.{newer}", path=folder)
            if found and subprocess.run([found, "--version"], capture_output=True, check=False).returncode == 0:
                return found
    raise Unavailable(f"needs Python {oldest} or newer, and there is none here")


def _version(text: str) -> tuple[int, int]:
    major, _, minor = text.partition(".")
    return int(major), int(minor)


def _ours(peer: Peer) -> Environment:
    versions = {name: metadata.version(name) for name in OUR_PACKAGES} | {"python": platform.python_version()}
    paths = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    return Environment(_module(sys.executable, peer), {"PYTHONPATH": paths}, versions)


def _python(peer: Peer) -> Environment:
    python = python_with(peer.adapter, peer.requirements, peer.python)
    listed = json.loads(_run([str(python), "-m", "pip", "--disable-pip-version-check", "list", "--format", "json"]))
    versions = {package["name"]: package["version"] for package in listed}
    versions["python"] = _run([str(python), "--version"]).split()[-1]
    return Environment(_module(str(python), peer), {"PYTHONPATH": str(ROOT)}, versions)


def _module(python: str, peer: Peer) -> tuple[str, ...]:
    return (python, "-P", "-m", "benchmarks.compare.adapters", peer.adapter)


def _node(peer: Peer) -> Environment:
    folder = PEERS_FOLDER / peer.adapter
    if not _is_ready(folder, peer.requirements):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text("{}\n")
        _run(["npm", "install", "--no-audit", "--no-fund", "--save-exact", *peer.requirements], folder)
        _note(folder, peer.requirements)
    versions = {"node": _run(["node", "--version"]).strip()}
    for package in json.loads((folder / "package.json").read_text())["dependencies"]:
        described = json.loads((folder / "node_modules" / package / "package.json").read_text())
        versions[package] = described["version"]
    return Environment(
        ("node", str(ADAPTERS / f"{peer.adapter}.mjs")),
        {"BENCH_MODULES": str(folder), "NODE_ENV": "production"},
        versions,
    )


def _is_ready(folder: Path, requirements: tuple[str, ...]) -> bool:
    note = folder / "requirements"
    return note.exists() and note.read_text().splitlines() == list(requirements)


def _note(folder: Path, requirements: tuple[str, ...]) -> None:
    (folder / "requirements").write_text("".join(f"{line}\n" for line in requirements))


def _run(command: list[str], folder: Path = ROOT) -> str:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    except OSError as error:
        raise Unavailable(f"{command[0]} cannot be run: {error}") from error
    if done.returncode:
        raise Unavailable(f"{' '.join(command)} failed: {(done.stderr or done.stdout).strip()}")
    return done.stdout
