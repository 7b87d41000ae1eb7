"""Keep out of the Python sources what belongs elsewhere: SQL, code made from data, clocks in the pure core, the private
modules of others, callbacks that one object sets in another.

No tool can read, explain or lint a statement in a string, so it is a file (see check_queries). Docstrings are
prose. What has to differ is lifted one file at a time, in LIFTS, with the reason.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tools.problems import ROOT, Problem, apply_lifts, relative, report

from tools import callbacks

SOURCES = Path("src/taskflowmq")
PURE = "src/taskflowmq/core/"

# "path:rule" -> why. The rules are sql, unsafe, clock, private, callback.
LIFTS: dict[str, str] = {
    "src/taskflowmq/worker/running/process_state.py:private": "signal wraps what _signal gives in enums, 10 × slower",
}

# Statements are found in any case by their shape, or by their first word in capitals. PRAGMA, BEGIN, COMMIT
# and SAVEPOINT drive a connection, take no parameters, and are not looked for.
SQL = re.compile(
    r"""\s*(?:--[^\n]*\n\s*)*(?:
        (?i:insert\s+(?:or\s+\w+\s+)?into\s+\S+\s*(?:\(|select|values|default|$)
          | update\s+\S+\s+(?:as\s+\w+\s+)?set\s+\S+\s*=
          | delete\s+from\s+\S+\s*(?:where|using|returning|;|$)
          | with\s+(?:recursive\s+)?\w+\s*(?:\([^)]*\)\s*)?as\s+(?:not\s+)?(?:materialized\s+)?\(
          | select\s+\S.*\sfrom\s+[\w."]+\s*(?:where|join|order|group|limit|for|;|$)
          | select\s+(?:\d+|\*|[\w.]+\(.*\))\s*;?\s*$
          | (?:create|alter|drop)\s+(?:(?:or\s+replace|temp|temporary|unlogged|unique)\s+)*
              (?:table|index|schema|view|sequence|trigger|database|role)\s+\S
          | merge\s+into\s+\S | truncate\s+(?:table\s+)?[\w.]+\s*(?:,|;|$))
      | (?:SELECT|INSERT|DELETE|UPDATE|MERGE|TRUNCATE)\s
      | (?:WHERE|ORDER\s+BY|GROUP\s+BY|RETURNING|VALUES|ON\s+CONFLICT)\s
      | (?:(?:LEFT\s+|INNER\s+)?JOIN|FOR\s+(?:NO\s+KEY\s+)?UPDATE)\s
    )""",
    re.VERBOSE | re.DOTALL,
)

UNSAFE_MODULES = {"pickle", "marshal", "shelve", "dill", "cloudpickle"}
UNSAFE_CALLS = {"eval", "exec", "__import__"}
CLOCK_CALLS = {"now", "utcnow", "today", "time", "time_ns", "monotonic", "monotonic_ns", "perf_counter"}


def check(root: Path, lifts: dict[str, str]) -> tuple[list[Problem], int]:
    """Return what is misplaced below `root`, and how many files were read."""
    problems: list[Problem] = []
    trees = {
        relative(path, root): ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
        for path in sorted((root / SOURCES).rglob("*.py"))
    }
    known = callbacks.declared(trees.values())
    for name, tree in trees.items():
        found = [*findings(tree, pure=name.startswith(PURE)), *callbacks.foreign(tree, known)]
        problems.extend(Problem(name, line, rule, message) for rule, line, message in found)
    return apply_lifts(problems, lifts, "tools/check_source.py"), len(trees)


def findings(tree: ast.Module, *, pure: bool) -> Iterator[tuple[str, int, str]]:
    """Yield rule, line and message for everything misplaced in one module."""
    prose = docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            if SQL.match(node.value):
                start = " ".join(node.value.split())[:40]
                yield "sql", node.lineno, f"“{start}” is SQL in a string: put it in a .sql file of the store"
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from wrong_imports(node)
        elif isinstance(node, ast.Call):
            yield from misplaced_calls(node, pure=pure)


def docstrings(tree: ast.Module) -> set[int]:
    """Return the identities of the strings that are documentation: a bare string is never run."""
    return {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


def wrong_imports(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, int, str]]:
    """Yield the imports of modules that turn data into code, or that may be gone in the next minor version."""
    names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
    for name in names:
        if name.split(".", 1)[0] in UNSAFE_MODULES:
            yield "unsafe", node.lineno, f"{name} runs code that is hidden in data: use msgspec"
        if any(part.startswith("_") for part in name.split(".")) and name != "__future__":
            yield "private", node.lineno, f"{name} is private, and changes without notice: use what is documented"


def misplaced_calls(node: ast.Call, *, pure: bool) -> Iterator[tuple[str, int, str]]:
    """Yield calls that run data as code and, in the core, calls that read a clock."""
    match node.func:
        case ast.Name(id=name) if name in UNSAFE_CALLS:
            yield "unsafe", node.lineno, f"{name}() runs data as code"
        case ast.Attribute(value=ast.Name(id="yaml"), attr="load" | "load_all" | "unsafe_load" as name):
            yield "unsafe", node.lineno, f"yaml.{name}() builds objects from data: use yaml.safe_load"
        case ast.Attribute(attr=name) if pure and name in CLOCK_CALLS:
            yield "clock", node.lineno, f"{name}() reads a clock: the core is told the time"
        case _:
            return


def main() -> int:
    """Check the project."""
    problems, count = check(ROOT, LIFTS)
    return report("source", problems, f"{count} modules")


if __name__ == "__main__":
    sys.exit(main())
