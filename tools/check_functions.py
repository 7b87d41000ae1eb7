"""Keep PostgreSQL's functions safe from whoever may create in a schema of the caller's search_path.

A function in PL/pgSQL looks its operators up when it runs, in the path of its caller: another role's `*` could run with
the caller's rights. So each carries its own path, or is written in SQL that is bound when it is made. One that runs
with its owner's rights must also say who may call it.

A function is a file, `functions/<name>.sql`, that replaces it; only the first migrations made functions. Which of two
texts is the newer one is told by the schema version, so the newest migration states a digest of all functions: whoever
changes one after a release adds a migration.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from tools.problems import ROOT, Problem, apply_lifts, relative, report
from tools.sql_rules import SCHEMA, dotted, seams
from tools.sql_tokens import Token, key_at, tokens

from taskflowmq.stores.common.sql import load_folder

POSTGRES = Path("src/taskflowmq/stores/postgres")
MIGRATIONS = POSTGRES / "migrations"
FINISH = POSTGRES / "finish"
FUNCTIONS = POSTGRES / "functions"
#: The last migration that makes functions.
LAST_WITH_FUNCTIONS = 10
STATED = re.compile(r"^-- functions: (\w+)$", re.MULTILINE)
PATH = ["search_path", "=", "pg_catalog", ",", "pg_temp"]
_CALLED_BY_PINNED = "only functions that carry a path call it"

# "path:rule" -> why.
UNPINNED: dict[str, str] = {
    "refuse_unless:path": "it has no operator and no table, and a path of its own would cost each batch",
    "tenant_no:path": _CALLED_BY_PINNED,
    "task_no_v2:path": _CALLED_BY_PINNED,
    "lane_no_v2:path": _CALLED_BY_PINNED,
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
    found: list[Problem] = []
    for path in [*sorted((root / MIGRATIONS).glob("*.sql")), *sorted((root / FINISH).glob("*.sql"))]:
        for statement in split(tokens(path.read_text(encoding="utf-8"))):
            follow(functions, statement, relative(path, root))
            if makes_function(statement) and int(path.stem[:4]) > LAST_WITH_FUNCTIONS:
                message = "a migration makes no function: it is a file in functions/"
                found.append(Problem(relative(path, root), statement[0].line, "file", message))
    texts = load_folder(root / POSTGRES, "functions")
    for name, text in texts.items():
        path = root / FUNCTIONS / f"{name}.sql"
        for statement in split(tokens(text)):
            follow(functions, statement, relative(path, root))
        found.extend(check_file(path, root))
    found.extend(check_digest(texts, root))
    found.extend(problem for name, function in functions.items() for problem in judge(name, function))
    files = {name: function.file for name, function in functions.items()}
    left = apply_lifts(found, lifts, "tools/check_functions.py")
    return [problem._replace(path=files.get(problem.path, problem.path)) for problem in left], len(functions)


def makes_function(statement: list[Token]) -> bool:
    """Tell whether a statement makes or replaces a function."""
    keys = [token.key for token in statement[:4]]
    return keys[:1] == ["create"] and "function" in keys


def check_file(path: Path, root: Path) -> Iterator[Problem]:
    """Yield what is wrong with the file of a function, which replaces it and may say who may call it."""
    file = relative(path, root)
    text = path.read_text(encoding="utf-8")
    first, *others = split(tokens(text))
    if not text.startswith("-- "):
        yield Problem(file, 1, "comment", "the first line must be a `--` comment that says what the function does")
    words = [token.key for token in first[:7]]
    if words != ["create", "or", "replace", "function", SCHEMA, ".", path.stem]:
        yield Problem(file, 1, "file", f"it must begin with CREATE OR REPLACE FUNCTION {SCHEMA}.{path.stem}")
    for statement in others:
        if statement[0].key not in ("revoke", "grant"):
            yield Problem(file, statement[0].line, "file", "behind the function there is only REVOKE or GRANT")
    for body in (token for token in first if token.kind == "string" and token.text.startswith("$")):
        for line, message in seams(tokens(body.text.split("$", 2)[2])):
            yield Problem(file, body.line + line - 1, "seam", message)


def digest(texts: dict[str, str]) -> str:
    """Return what tells these functions from all others."""
    return hashlib.sha256("\n".join(f"{name}\n{texts[name]}" for name in sorted(texts)).encode()).hexdigest()[:16]


def check_digest(texts: dict[str, str], root: Path) -> Iterator[Problem]:
    """Yield functions that have changed since the newest migration that states a digest of them."""
    if not texts:
        return
    stated = ("", "none")
    for path in sorted((root / MIGRATIONS).glob("*.sql")):
        if found := STATED.search(path.read_text(encoding="utf-8")):
            stated = (relative(path, root), found[1])
    if stated[1] != digest(texts):
        message = (
            f"the functions are no longer those of `-- functions: {stated[1]}`: write `-- functions: {digest(texts)}`"
            " there, or into a new migration if that one has been released"
        )
        yield Problem(stated[0] or MIGRATIONS.as_posix(), 1, "digest", message)


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
    parts, _ = dotted(statement, index + 2 if keys[index : index + 2] == ["if", "exists"] else index)
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
    elif keys[0] == "drop":
        functions.pop(parts[-1], None)
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
