"""Which statements the code of a store names: `q.claim_jobs`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


class Use(NamedTuple):
    """A statement that is named in code; no name where it is computed."""

    path: Path
    line: int
    name: str | None
    #: The functions that it is an argument of, outermost first, without those that are attributes.
    calls: tuple[str, ...] = ()


def uses(folder: Path) -> Iterator[Use]:
    """Yield the statements that the modules below a folder name."""
    for path in sorted(folder.rglob("*.py")):
        yield from _uses(ast.parse(path.read_text(encoding="utf-8")), path, ())


def _uses(node: ast.AST, path: Path, calls: tuple[str, ...]) -> Iterator[Use]:
    match node:
        case ast.Attribute(value=ast.Name(id="q")):
            yield Use(path, node.lineno, node.attr, calls)
        case ast.Call(func=ast.Name(id="getattr" | "vars"), args=[ast.Name(id="q"), *_]):
            yield Use(path, node.lineno, None, calls)
        case ast.Call(func=ast.Name(id=name)):
            calls = (*calls, name)
        case _:
            pass
    for child in ast.iter_child_nodes(node):
        yield from _uses(child, path, calls)
