"""Which statements the code of a store names: `q.claim_jobs`, `sql("claim_jobs")`, `Step("claim_jobs", ...)`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

#: Functions whose first argument is the name of a statement.
NAMING = ("sql", "Step")


class Use(NamedTuple):
    """A statement that is named in code; no name where it cannot be read there."""

    path: Path
    line: int
    name: str | None


def uses(folder: Path) -> Iterator[Use]:
    """Yield the statements that the modules below a folder name."""
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "q":
                if node.attr != "named":
                    yield Use(path, node.lineno, node.attr)
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in NAMING:
                for name in _names(node.args[0] if node.args else node):
                    yield Use(path, node.lineno, name)


def _names(node: ast.expr) -> Iterator[str | None]:
    match node:
        case ast.Constant(value=str(name)):
            yield name
        case ast.IfExp(body=first, orelse=second):
            yield from _names(first)
            yield from _names(second)
        case ast.Attribute(attr="name"):
            return  # the name of a step, which was read where the step was made
        case _:
            yield None
