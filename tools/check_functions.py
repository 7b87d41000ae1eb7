"""Keep the functions of PostgreSQL's migrations safe from whoever may create in a schema of the caller's search_path.

A function in PL/pgSQL looks its operators up when it runs, in the path of its caller: another role's `*` could run with
the caller's rights. So each carries its own path, or is written in SQL that is bound when it is made. One that runs
with its owner's rights must also say who may call it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from tools.problems import ROOT, Problem, apply_lifts, relative, report
from tools.sql_rules import SCHEMA, dotted
from tools.sql_tokens import Token, key_at, tokens

MIGRATIONS = Path("src/taskflowmq/stores/postgres/migrations")
PATH = ["search_path", "=", "pg_catalog", ",", "pg_temp"]
_CALLED_BY_PINNED = "only functions that carry a path call it"

# "path:rule" -> why.
UNPINNED: dict[str, str] = {
    "refuse_unless:path": "it has no operator and no table, and a path of its own would cost each batch",
    "tenant_no:path": _CALLED_BY_PINNED,
    "task_no:path": _CALLED_BY_PINNED,
    "lane_no:path": _CALLED_BY_PINNED,
}


class Function(NamedTuple):
    """What the migrations have made of a function so far."""

    file: str
    line: int
    pinned: bool
    definer: bool
    public: bool


def check(root: Path, lifts: dict[str, str]) -> tuple[list[Problem], int]:
    """Return the functions that are not safe after the last migration below `root`, and how many there are."""
    functions: dict[str, Function] = {}
    for path in sorted((root / MIGRATIONS).glob("*.sql")):
        for statement in split(tokens(path.read_text(encoding="utf-8"))):
            follow(functions, statement, relative(path, root))
    found = [problem for name, function in functions.items() for problem in judge(name, function)]
    files = {name: function.file for name, function in functions.items()}
    left = apply_lifts(found, lifts, "tools/check_functions.py")
    return [problem._replace(path=files.get(problem.path, problem.path)) for problem in left], len(functions)


def split(found: list[Token]) -> Iterator[list[Token]]:
    """Yield statements; bodies in dollar quotes are one token."""
    statement: list[Token] = []
    for token in found:
        if token.text == ";" and token.kind == "mark":
            yield statement
            statement = []
        else:
            statement.append(token)
    if statement:
        yield statement


def follow(functions: dict[str, Function], statement: list[Token], file: str) -> None:
    """Take into account what a statement does to a function."""
    keys = [token.key for token in statement]
    if "function" not in keys[:4]:
        return
    index = keys.index("function") + 1
    parts, _ = dotted(statement, index)
    name = parts[-1] if parts[0] == SCHEMA else ".".join(parts)
    old = functions.get(name)
    if keys[0] == "create":
        functions[name] = Function(
            file,
            statement[0].line,
            has_path(statement) or is_bound(statement),
            "definer" in keys,
            old is None or old.public,
        )
    elif keys[0] == "alter" and old is not None:
        pinned, definer = old.pinned or has_path(statement), old.definer or "definer" in keys
        functions[name] = old._replace(pinned=pinned, definer=definer)
    elif keys[0] == "revoke" and old is not None and keys[-2:] == ["from", "public"]:
        functions[name] = old._replace(public=False)


def has_path(statement: list[Token]) -> bool:
    """Tell whether a statement gives the function the one path that holds nobody else's objects."""
    keys = [token.key for token in statement]
    return any(
        keys[index - 1] == "set" and keys[index : index + len(PATH)] == PATH and key_at(statement, index + 5) != ","
        for index, key in enumerate(keys)
        if key == "search_path"
    )


def is_bound(statement: list[Token]) -> bool:
    """Tell whether a function in SQL is bound when it is made: its body is no string."""
    keys = [token.key for token in statement]
    in_sql = ("language", "sql") in pairwise(keys)
    return in_sql and ("return" in keys or "atomic" in keys)


def judge(name: str, function: Function) -> Iterator[Problem]:
    """Yield what is wrong with a function; the path of a problem is its name, for the lifts."""
    if not function.pinned:
        message = f"the function {name} looks in its caller's path: SET search_path = pg_catalog, pg_temp"
        yield Problem(name, function.line, "path", message)
    if function.definer and function.public:
        message = f"the function {name} runs with its owner's rights for everybody: REVOKE ALL … FROM PUBLIC"
        yield Problem(name, function.line, "public", message)


def main() -> int:
    """Check the project."""
    problems, count = check(ROOT, UNPINNED)
    return report("functions", problems, f"{count} functions")


if __name__ == "__main__":
    sys.exit(main())
