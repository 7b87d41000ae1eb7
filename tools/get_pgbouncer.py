"""Find a PgBouncer for the tests, or fetch Debian's into a folder; needs no root.

It is looked for on the path and in /usr/sbin, then in the folder. Where it is in neither, ``apt-get download`` fetches
the package with the libraries that this machine lacks, and ``dpkg-deb`` unpacks them beside each other.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from tools.problems import ROOT

NAME = "pgbouncer"
FOLDER = ROOT / ".venv" / NAME
SYSTEM = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin")
APT = ("-q", "-o", "Acquire::Retries=1", "-o", "Acquire::http::Timeout=10", "-o", "Acquire::https::Timeout=10")
WITHIN_S = 60.0


class Unavailable(Exception):
    """There is no PgBouncer and none could be fetched; the message is one line and says why."""


class Program(NamedTuple):
    """Where the program is, and where its libraries are if not where the system looks."""

    path: Path
    libraries: tuple[Path, ...] = ()

    @property
    def environment(self) -> dict[str, str]:
        """What to start it with."""
        found = os.pathsep.join(map(str, self.libraries))
        return {**os.environ, "LD_LIBRARY_PATH": found} if found else dict(os.environ)


def find(folder: Path = FOLDER, system: Iterable[str] = SYSTEM) -> Program | None:
    """Return the installed program, else the one in the folder, else None."""
    search = os.pathsep.join([os.environ.get("PATH", ""), *system])
    if found := shutil.which(NAME, path=search):
        return Program(Path(found))
    unpacked = folder / "usr/sbin" / NAME
    if not unpacked.is_file():
        return None
    return Program(unpacked, tuple(sorted({library.parent for library in folder.rglob("*.so.*")})))


def get(folder: Path = FOLDER, system: Iterable[str] = SYSTEM) -> Program:
    """Return the program, fetching it into the folder if it is nowhere.

    Raises:
        Unavailable: it is nowhere, and could not be fetched.
    """
    found = find(folder, system)
    if found is not None:
        return found
    for tool in ("apt-get", "dpkg-deb", "dpkg-query"):
        if shutil.which(tool) is None:
            raise Unavailable(f"{NAME} is not installed, and without {tool} it cannot be fetched: install {NAME}")
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if find(folder, system) is None:
            _fetch(folder)
    found = find(folder, system)
    if found is None:
        raise Unavailable(f"the package {NAME} was fetched and holds no program")
    return found


def _fetch(folder: Path) -> None:
    archives = folder / "archives"
    archives.mkdir(exist_ok=True)
    archive = _download(NAME, archives)
    for package in needed(_run(["dpkg-deb", "--field", str(archive), "Depends"], archives)):
        if package.startswith("lib") and not _installed(package, archives):
            _unpack(_download(package, archives), folder)
    # Last, because its presence says that all is there.
    _unpack(archive, folder)
    shutil.rmtree(archives)


def needed(depends: str) -> list[str]:
    """Return the packages that a Depends field names, of alternatives the first, without versions."""
    first = (part.partition("|")[0].strip() for part in depends.split(","))
    return [match.group() for part in first if (match := re.match(r"[a-z0-9][a-z0-9.+-]+", part))]


def _download(package: str, archives: Path) -> Path:
    before = set(archives.glob("*.deb"))
    _run(["apt-get", *APT, "download", package], archives)
    fetched = sorted(set(archives.glob("*.deb")) - before)
    if not fetched:
        raise Unavailable(f"apt-get download {package} fetched nothing")
    return fetched[0]


def _unpack(archive: Path, folder: Path) -> None:
    _run(["dpkg-deb", "-x", str(archive), str(folder)], folder)


def _installed(package: str, cwd: Path) -> bool:
    try:
        return "installed" in _run(["dpkg-query", "-W", "-f", "${Status}", package], cwd).split()
    except Unavailable:
        return False


def _run(command: list[str], cwd: Path) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - Debian's own tools
            command, cwd=cwd, capture_output=True, text=True, timeout=WITHIN_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"{' '.join(command[:1])} did not answer within {WITHIN_S:.0f} s") from error
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise Unavailable(f"{' '.join(command)} failed: {' '.join(last)}")
    return done.stdout


def main() -> int:
    """Say where it is, fetching it if need be."""
    try:
        print(get().path)
    except Unavailable as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
