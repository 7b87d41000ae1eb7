"""Keep files, functions, classes and signatures small enough to read.

A budget is lifted for one thing at a time, in LIFTS, with the reason; a lift that nothing needs fails.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from tools.problems import ROOT, Problem, apply_lifts, relative, report

FILE_LINES = 500
FUNCTION_LINES = 60
PUBLIC_METHODS = 15
PARAMETERS = 8

FOLDERS = ("src", "tests", "tools", "benchmarks", "examples")
# Fixtures come in as parameters, and test classes are lists of cases.
SIZES_ONLY = ("tests/", "src/taskflowmq/testing/conformance/")

# "path:rule:name" -> why the budget does not fit. The rules are file, function, methods, parameters.
LIFTS: dict[str, str] = {
    "src/taskflowmq/server/api/v1/events.py:parameters:follow": "the framework takes each query parameter as one",
    "src/taskflowmq/server/api/v1/job_lists.py:parameters:list_jobs": "the framework takes each query parameter as one",
    "src/taskflowmq/server/api/v1/job_logs.py:parameters:logs": "the framework takes each query parameter as one",
    "src/taskflowmq/server/api/v1/export.py:parameters:export_jobs": "the framework takes each query parameter as one",
    "src/taskflowmq/server/api/v1/audit.py:parameters:list_acts": "the framework takes each query parameter as one",
    "src/taskflowmq/client/jobs.py:parameters:Jobs.alist": "one keyword per filter of the list, as in REST",
    "src/taskflowmq/scheduler/__init__.py:parameters:all_duties": "one keyword per setting of the duties",
}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def check(root: Path, lifts: dict[str, str]) -> tuple[list[Problem], int]:
    """Return what is over budget below `root`, and how many files were measured."""
    problems: list[Problem] = []
    count = 0
    for path in source_files(root):
        count += 1
        problems.extend(check_file(path, root))
    return apply_lifts(problems, lifts, "tools/check_budgets.py"), count


def source_files(root: Path) -> Iterator[Path]:
    """Yield the hand-written Python and SQL files: what lies in a hidden folder has been installed there."""
    for folder in FOLDERS:
        for suffix in ("*.py", "*.sql"):
            for path in sorted((root / folder).rglob(suffix)):
                if not any(part.startswith(".") for part in path.relative_to(root).parts):
                    yield path


def check_file(path: Path, root: Path) -> Iterator[Problem]:
    """Yield what is over budget in one file."""
    name = relative(path, root)
    text = path.read_text(encoding="utf-8")
    lines = len(text.splitlines())
    if lines > FILE_LINES:
        yield Problem(name, 1, "file", f"{path.name} has {lines} lines, at most {FILE_LINES}: split it")
    if path.suffix != ".py":
        return
    sizes_only = name.startswith(SIZES_ONLY)
    for node, qualname in definitions(ast.parse(text, filename=name), ""):
        if isinstance(node, ast.ClassDef):
            if not sizes_only:
                yield from check_class(node, qualname, name)
        else:
            yield from check_function(node, qualname, name, sizes_only=sizes_only)


Definition = Function | ast.ClassDef


def definitions(tree: ast.AST, prefix: str) -> Iterator[tuple[Definition, str]]:
    """Yield every function and class with its dotted name, nested ones too."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, Definition):
            qualname = f"{prefix}{node.name}"
            yield node, qualname
            yield from definitions(node, f"{qualname}.")
        else:
            yield from definitions(node, prefix)


def check_class(node: ast.ClassDef, qualname: str, name: str) -> Iterator[Problem]:
    """Yield a problem if the class has too many public methods (overloads count once)."""
    methods = {item.name for item in node.body if isinstance(item, Function) and not item.name.startswith("_")}
    if len(methods) > PUBLIC_METHODS:
        message = f"{qualname} has {len(methods)} public methods, at most {PUBLIC_METHODS}: split it by noun"
        yield Problem(name, node.lineno, "methods", message)


def check_function(node: Function, qualname: str, name: str, *, sizes_only: bool) -> Iterator[Problem]:
    """Yield a problem if the function is too long or takes too many parameters."""
    lines = (node.end_lineno or node.lineno) - node.lineno + 1
    if lines > FUNCTION_LINES:
        message = f"{qualname} has {lines} lines, at most {FUNCTION_LINES}: name its steps"
        yield Problem(name, node.lineno, "function", message)
    given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    if given and given[0].arg in ("self", "cls"):
        given = given[1:]
    if len(given) > PARAMETERS and not sizes_only:
        message = f"{qualname} takes {len(given)} parameters, at most {PARAMETERS}: use an options object"
        yield Problem(name, node.lineno, "parameters", message)


def main() -> int:
    """Check the project."""
    problems, count = check(ROOT, LIFTS)
    return report("budgets", problems, f"{count} files")


if __name__ == "__main__":
    sys.exit(main())
