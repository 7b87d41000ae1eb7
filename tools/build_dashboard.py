"""Build the dashboard into the package, once per state of its sources; `make web` and `make run` call this.

The result carries the digest of the sources that it was made from. It is built beside the old one and put in its place
when it is whole, so that a server that runs meanwhile has the old files or the new ones. Only the standard library is
used: `make run` builds while pip still installs.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from tools.node import Node, ToolFailed, Unavailable, alone, find
from tools.problems import ROOT

from tools import npm

SOURCES = ROOT / "dashboard"
OUTPUT = ROOT / "src/taskflowmq/_dashboard"
#: On the file system of the output, so that it can be moved there.
SCRATCH = ROOT / "build/dashboard"
STAMP = ".stamp"
BUILD_S = 300


def digest(sources: Path = SOURCES) -> str:
    """Return the digest of everything that a build reads, except the packages, which the lock pins."""
    total = hashlib.sha256()
    for path in _files(sources):
        total.update(f"{path.relative_to(sources).as_posix()}\0{path.stat().st_size}\0".encode())
        total.update(path.read_bytes())
    return total.hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name == "node_modules":
            continue
        if path.is_dir():
            yield from _files(path)
        else:
            yield path


def is_built(sources: Path = SOURCES, output: Path = OUTPUT) -> bool:
    """Whether the output was made from these sources."""
    try:
        return (output / STAMP).read_text() == digest(sources) and (output / "index.html").is_file()
    except OSError:
        return False


def build(
    sources: Path = SOURCES, output: Path = OUTPUT, scratch: Path = SCRATCH, find_node: Callable[[], Node] = find
) -> None:
    """Build unless it is built.

    Raises:
        Unavailable: Node or the packages cannot be had; the message says why and what to do.
        ToolFailed: the sources are broken; the message holds what Vite said.
    """
    if is_built(sources, output):
        return
    npm.ensure(sources, find_node, dev=False)
    with alone("build"):
        if not is_built(sources, output):
            print("Building the dashboard", flush=True)
            _build(sources, output, scratch, find_node())


def _build(sources: Path, output: Path, scratch: Path, node: Node) -> None:
    # Taken before: what changes meanwhile is built the next time.
    stamp = digest(sources)
    vite = sources / "node_modules/vite/bin/vite.js"
    command = node.command(vite, "build", "--logLevel", "warn", "--outDir", str(scratch), "--emptyOutDir")
    done = subprocess.run(  # noqa: S603 - the pinned vite
        command, cwd=sources, env=npm.environment(node), capture_output=True, text=True, timeout=BUILD_S, check=False
    )
    told = (done.stdout + done.stderr).strip()
    if done.returncode:
        raise ToolFailed(f"vite build failed:\n{told}\nRepair the sources in {sources.name}/, then run `make web`.")
    if told:
        print(told, file=sys.stderr)
    (scratch / STAMP).write_text(stamp)
    old = scratch.with_name(f"{scratch.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if output.exists():
        output.rename(old)
    scratch.rename(output)
    shutil.rmtree(old, ignore_errors=True)


def main() -> int:
    """Build; with --optional a build that fails is said, and is no failure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--optional", action="store_true", help="exit with 0 when the build fails")
    optional: bool = parser.parse_args().optional
    try:
        build()
    except (Unavailable, ToolFailed, OSError, subprocess.SubprocessError) as error:
        print(f"The dashboard was not built: {error}", file=sys.stderr)
        if optional:
            print(f"The server starts {_instead()}; `make web` tries again.", file=sys.stderr)
        return 0 if optional else 1
    return 0


def _instead() -> str:
    return "with the dashboard of the last build" if (OUTPUT / "index.html").is_file() else "without a dashboard"


if __name__ == "__main__":
    # A message between two lines of make is seen at once.
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    sys.exit(main())
