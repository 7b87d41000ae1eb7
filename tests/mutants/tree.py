"""A mutant is a copy of the package with one mistake in it, put before the real one on the path.

Nothing in ``src`` knows of it: there is no switch to forget. Processes that a test starts inherit the path, so the
shipped command runs the mistake too. A text that is not found exactly as often as the mutant says is an error: a
mutant must never become the original without a word.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

PACKAGE = Path("src/taskflowmq")


class Edit(NamedTuple):
    """One text of one file, and what stands there instead."""

    #: Below the package, as in ``stores/postgres/only/claims/claim_jobs.sql``.
    file: str
    old: str
    new: str
    #: How often the text occurs; all of them are replaced.
    times: int = 1


class NoSuchText(Exception):
    """The package does not hold what a mutant replaces; the message says which text of which file."""


def mutated(text: str, edit: Edit) -> str:
    """Return the file's text with the mistake.

    Raises:
        NoSuchText: the text occurs another number of times, or replacing it changes nothing.
    """
    found = text.count(edit.old) if edit.old else 0
    if found != edit.times or edit.old == edit.new:
        raise NoSuchText(
            f"{PACKAGE / edit.file}: a mutant replaces a text that should occur {edit.times} time(s) and occurs"
            f" {found} time(s): {edit.old!r}. The code has changed: bring tests/mutants/registry.py up to date"
        )
    return text.replace(edit.old, edit.new)


def plant(root: Path, edits: Iterable[Edit], into: Path) -> Path:
    """Copy the package with the mistakes into a directory, and return what to put on the path.

    Args:
        root: the project.
        edits: applied in order; several may touch one file.
        into: an empty directory.

    Raises:
        NoSuchText: an edit does not fit.
    """
    package = into / PACKAGE.name
    shutil.copytree(root / PACKAGE, package)
    for edit in edits:
        path = package / edit.file
        if not path.is_file():
            raise NoSuchText(f"{PACKAGE / edit.file} is gone; bring tests/mutants/registry.py up to date")
        path.write_text(mutated(path.read_text(encoding="utf-8"), edit), encoding="utf-8")
    return into


def environment(path: Path, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment in which Python finds the mutant before the real package."""
    env = dict(os.environ if environ is None else environ)
    env["PYTHONPATH"] = os.pathsep.join(filter(None, (str(path), env.get("PYTHONPATH"))))
    # What a hypothesis run learns from a mutant must not be tried on the real code, nor the other way round.
    env["HYPOTHESIS_STORAGE_DIRECTORY"] = str(path / ".hypothesis")
    return env
