"""Prepares each peer's own environment from the package registries; it is kept between runs."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import venv
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from benchmarks.compare.peer import Peer

ROOT = Path(__file__).resolve().parents[2]
ADAPTERS = Path(__file__).resolve().parent / "adapters"
PEERS_FOLDER = ROOT / "benchmarks" / ".peers"
OUR_PACKAGES = ("taskflowmq", "asyncpg", "msgspec", "uvloop")


@dataclass(frozen=True)
class Environment:
    """How to run a peer's adapter."""

    command: tuple[str, ...]
    variables: dict[str, str]
    #: What is installed there.
    versions: dict[str, str]


def prepare(peer: Peer) -> Environment:
    """Install what a peer needs, unless it is there, and return how to run it."""
    if not peer.requirements:
        return _ours(peer)
    return _node(peer) if peer.runtime == "node" else _python(peer)


def python_with(name: str, requirements: tuple[str, ...]) -> Path:
    """Return the Python of a virtual environment that holds some packages."""
    folder = PEERS_FOLDER / name
    python = folder / "bin" / "python"
    if not _is_ready(folder, requirements):
        venv.create(folder, clear=True, with_pip=True)
        _run([str(python), "-m", "pip", "--disable-pip-version-check", "-q", "install", *requirements])
        _note(folder, requirements)
    return python


def _ours(peer: Peer) -> Environment:
    versions = {name: metadata.version(name) for name in OUR_PACKAGES} | {"python": platform.python_version()}
    paths = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    return Environment(_module(sys.executable, peer), {"PYTHONPATH": paths}, versions)


def _python(peer: Peer) -> Environment:
    python = python_with(peer.adapter, peer.requirements)
    listed = json.loads(_run([str(python), "-m", "pip", "--disable-pip-version-check", "list", "--format", "json"]))
    versions = {package["name"]: package["version"] for package in listed} | {"python": platform.python_version()}
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
    return Environment(("node", str(ADAPTERS / f"{peer.adapter}.mjs")), {"BENCH_MODULES": str(folder)}, versions)


def _is_ready(folder: Path, requirements: tuple[str, ...]) -> bool:
    note = folder / "requirements"
    return note.exists() and note.read_text().splitlines() == list(requirements)


def _note(folder: Path, requirements: tuple[str, ...]) -> None:
    (folder / "requirements").write_text("".join(f"{line}\n" for line in requirements))


def _run(command: list[str], folder: Path = ROOT) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{(done.stderr or done.stdout).strip()}")
    return done.stdout
