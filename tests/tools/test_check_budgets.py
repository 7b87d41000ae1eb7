"""The budget check finds each thing that is too big, and knows when a lift is stale."""

from __future__ import annotations

from pathlib import Path

import pytest
from tools.check_budgets import check
from tools.problems import ROOT, Problem


def found(root: Path, path: str, source: str, lifts: dict[str, str] | None = None) -> list[Problem]:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(source, encoding="utf-8")
    return check(root, lifts or {})[0]


def function(lines: int) -> str:
    return "def f():\n" + "    x = 1\n" * (lines - 1)


def methods(count: int) -> str:
    return "class C:\n" + "".join(f"    def m{n}(self): ...\n" for n in range(count)) + "    def _own(self): ...\n"


def parameters(count: int) -> str:
    names = ", ".join(f"p{n}" for n in range(count - 1))
    return f"class C:\n    async def m(self, {names}, *args, last, **more): ...\n"


CASES = [
    ("file", "x = 1\n" * 500, "x = 1\n" * 501),
    ("function", function(60), function(61)),
    (
        "function",
        "class C:\n" + "    def g(self):\n" + "        x = 1\n" * 59,
        "if 1:\n    def g():\n" + "        x = 1\n" * 60,
    ),
    ("methods", methods(15), methods(16)),
    ("parameters", parameters(8), parameters(9)),
]


@pytest.mark.parametrize(("rule", "fits", "mutant"), CASES)
def test_each_budget_holds_to_the_line(tmp_path: Path, rule: str, fits: str, mutant: str) -> None:
    assert found(tmp_path, "src/a.py", fits) == []
    assert [problem.rule for problem in found(tmp_path, "src/a.py", mutant)] == [rule]


def test_overloads_of_one_method_count_once(tmp_path: Path) -> None:
    assert found(tmp_path, "src/a.py", "class C:\n" + "    def m(self): ...\n" * 20) == []


@pytest.mark.parametrize("path", ["tests/a.py", "src/taskflowmq/testing/conformance/a.py"])
def test_tests_are_free_in_parameters_and_methods_but_not_in_size(tmp_path: Path, path: str) -> None:
    assert found(tmp_path, path, methods(16) + parameters(9)) == []
    assert [problem.rule for problem in found(tmp_path, path, function(61))] == ["function"]


def test_sql_files_have_the_budget_of_files(tmp_path: Path) -> None:
    assert [problem.rule for problem in found(tmp_path, "src/a.sql", "--\n" * 501)] == ["file"]


def test_a_lift_needs_a_reason_and_a_use(tmp_path: Path) -> None:
    key = "src/a.py:function:f"
    assert found(tmp_path, "src/a.py", function(61), {key: "a table of cases"}) == []
    assert [problem.rule for problem in found(tmp_path, "src/a.py", function(61), {key: " "})] == ["lift"]
    assert [problem.rule for problem in found(tmp_path, "src/a.py", function(60), {key: "was long"})] == ["lift"]


def test_what_is_measured_is_there(tmp_path: Path) -> None:
    assert check(tmp_path, {}) == ([], 0)
    assert (ROOT / "src/taskflowmq").is_dir()
