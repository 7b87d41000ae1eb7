"""The statements, one per .sql file: ``queries/`` has those that PostgreSQL has too, ``only/`` the others."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

_HERE = files("taskflowmq.stores.sqlite")


@cache
def sql(name: str) -> str:
    """Return the text of a statement.

    Args:
        name: the file's name without its ending.

    Raises:
        FileNotFoundError: there is no such statement.
    """
    for folder in ("queries", "only"):
        path = _HERE / folder / f"{name}.sql"
        if path.is_file():
            return path.read_text(encoding="utf-8").strip()
    raise FileNotFoundError(f"no statement named {name}")


def migrations() -> list[tuple[str, str]]:
    """Return (name, SQL) of every migration, oldest first."""
    found: list[Traversable] = [path for path in (_HERE / "migrations").iterdir() if path.name.endswith(".sql")]
    return [(path.name.removesuffix(".sql"), path.read_text(encoding="utf-8")) for path in sorted(found, key=_name)]


def _name(path: Traversable) -> str:
    return path.name
