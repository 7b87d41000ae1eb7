"""The statements: one ``.sql`` file each, read once when this module is imported.

``queries/`` holds what both engines have under the same names, ``only/`` what PostgreSQL alone needs.
"""

from __future__ import annotations

from importlib.resources import files
from types import SimpleNamespace
from typing import Any

_ROOT = files(__package__)


def _load(folder: str) -> dict[str, str]:
    return {
        entry.name.removesuffix(".sql"): entry.read_text(encoding="utf-8")
        for entry in _ROOT.joinpath(folder).iterdir()
        if entry.name.endswith(".sql")
    }


#: Statement name → SQL; ``q.claim_jobs`` is the text of ``queries/claim_jobs.sql``.
STATEMENTS: dict[str, str] = _load("queries") | _load("only")
q: Any = SimpleNamespace(**STATEMENTS)


def migrations() -> list[tuple[int, str, str]]:
    """Return (number, name, SQL) of every migration, in order."""
    found = []
    for name, sql in _load("migrations").items():
        found.append((int(name.split("_", 1)[0]), name, sql))
    return sorted(found)
