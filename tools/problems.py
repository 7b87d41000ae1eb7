"""What every check reports, and how: one line per problem, in the form that editors make clickable."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent


class Problem(NamedTuple):
    """One broken rule at one place; `rule` is what a lift list names."""

    path: str
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: [{self.rule}] {self.message}"


def relative(path: Path, root: Path) -> str:
    """Return the path as it is written in reports and lift lists, the same on every system."""
    return path.relative_to(root).as_posix()


def report(check: str, problems: Iterable[Problem], looked_at: str) -> int:
    """Print the problems and return the exit code of the check."""
    found = sorted(problems)
    for problem in found:
        print(problem, file=sys.stderr)
    if found:
        print(f"{check}: {len(found)} problem(s) in {looked_at}", file=sys.stderr)
        return 1
    print(f"{check}: {looked_at} ok")
    return 0


def apply_lifts(problems: Iterable[Problem], lifts: dict[str, str], where: str) -> list[Problem]:
    """Drop what a lift allows; a lift without a reason, or that nothing needs any more, is a problem itself.

    A key is `path[:rule[:detail]]`, the detail being the first word of the message.
    """
    kept: list[Problem] = []
    used: set[str] = set()
    for problem in problems:
        keys = lift_keys(problem)
        hit = next((key for key in keys if key in lifts), None)
        if hit is None:
            kept.append(problem)
        else:
            used.add(hit)
    for key, reason in lifts.items():
        if not reason.strip():
            kept.append(Problem(where, 1, "lift", f"{key} has no reason"))
        if key not in used:
            kept.append(Problem(where, 1, "lift", f"{key} lifts nothing: remove it"))
    return kept


def lift_keys(problem: Problem) -> tuple[str, str, str]:
    """Return the keys that would lift this problem, the widest last."""
    detail = problem.message.split(" ", 1)[0]
    return f"{problem.path}:{problem.rule}:{detail}", f"{problem.path}:{problem.rule}", problem.path
