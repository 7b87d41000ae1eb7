"""The matrix finds interpreters and servers, plans a run for each, and says what came of every promised version."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from tools.problems import ROOT
from tools.test_matrix import Python, Result, candidates, find_pythons, judged, pick_postgres, plan, report, unpack

from tools import test_matrix as matrix


def program(place: Path, says: str, code: int = 0) -> Path:
    """A program that says something."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(f"#!/bin/sh\necho '{says}'\nexit {code}\n")
    place.chmod(0o755)
    return place


def python(minor: int, patch: int = 1) -> Python:
    return Python(Path(f"/python3.{minor}"), (3, minor, patch), "3.45.0")


def test_interpreters_are_looked_for_on_the_path_and_among_pyenvs(tmp_path: Path) -> None:
    installed = program(tmp_path / "pyenv/versions/3.12.1/bin/python", "")
    found = list(candidates("/a:/b", tmp_path / "pyenv"))
    assert {Path("/a/python3.11"), Path("/b/python3.14"), installed} <= set(found)


def test_the_newest_usable_interpreter_of_each_minor_version_is_taken(tmp_path: Path) -> None:
    program(tmp_path / "old", "3 12 1 3.40.1")
    newest = program(tmp_path / "new", "3 12 10 3.41.0")
    other = program(tmp_path / "other", "3 11 7 3.40.1")
    places = [
        tmp_path / "old", newest, other,
        program(tmp_path / "shim-of-nothing", "", code=127),
        program(tmp_path / "not-promised", "3 10 1 3.40.1"),
        tmp_path / "missing",
    ]  # fmt: skip
    found = find_pythons(places)
    assert list(found) == ["3.11", "3.12"]
    assert found["3.12"] == Python(newest, (3, 12, 10), "3.41.0")


def test_of_other_servers_the_newest_of_each_major_version_is_taken(tmp_path: Path) -> None:
    versions = ("15.2", "15.18", "16.2", "18.4", "18.6")
    folders = [program(tmp_path / v / "postgres", f"postgres (PostgreSQL) {v} (Debian)").parent for v in versions]
    program(tmp_path / "broken/postgres", "", code=1)
    found = pick_postgres([*folders, tmp_path / "broken", tmp_path / "missing"], "18.6")
    assert {major: version for major, (version, _) in found.items()} == {"15": "15.18", "16": "16.2"}
    assert found["15"][1] == tmp_path / "15.18"


def test_every_interpreter_is_tried_on_both_engines_and_other_servers_on_one() -> None:
    pythons = {"3.11": python(11), "3.12": python(12)}
    cells, missing = plan(pythons, "18.6", {"15": ("15.18", Path("/pg15"))}, {"a-wheel": "no such wheel"})
    assert [str(cell) for cell in cells] == [
        "Python 3.11.1, SQLite 3.45.0", "Python 3.11.1, PostgreSQL 18.6",
        "Python 3.12.1, SQLite 3.45.0", "Python 3.12.1, PostgreSQL 18.6",
        "Python 3.11.1, PostgreSQL 15.18",
    ]  # fmt: skip
    assert cells[-1].variables == {"TASKFLOW_TEST_POSTGRES": "/pg15"}
    assert [result.name for result in missing] == [
        "Python 3.13", "Python 3.14", "PostgreSQL 14", "PostgreSQL 16", "PostgreSQL 17",
    ]  # fmt: skip
    assert all(result.verdict == "NOT TRIED" for result in missing)
    assert "a-wheel: no such wheel" in missing[-1].detail


def test_without_an_interpreter_everything_is_missing() -> None:
    cells, missing = plan({}, None, {}, {})
    assert cells == []
    assert len(missing) == len(matrix.PYTHONS) + len(matrix.POSTGRES)


def test_a_run_without_a_test_has_failed() -> None:
    log = Path("/log")
    assert judged("a", 0, "x\n5 passed in 1s\n", 2, log) == Result("a", "passed", "5 passed in 1s (whole: 2 s)")
    failed = judged("a", 5, "no tests ran\n", 2, log)
    assert (failed.verdict, "/log" in failed.detail) == ("FAILED", True)


def test_what_was_not_tried_stands_at_the_end() -> None:
    shown = report([Result("b", "NOT TRIED", "why"), Result("c", "FAILED", "how"), Result("a", "passed", "ok")])
    assert [line.split()[0] for line in shown.splitlines()[:3]] == ["passed", "FAILED", "NOT"]
    assert shown.splitlines()[-1] == "matrix: 1 passed, 1 FAILED, 1 NOT TRIED"


def test_a_wheel_that_cannot_be_had_says_why(tmp_path: Path) -> None:
    pip = tmp_path / "python"
    pip.write_text("#!/bin/sh\necho 'WARNING: x' >&2\necho 'ERROR: No matching distribution' >&2\nexit 1\n")
    pip.chmod(0o755)
    assert unpack(pip, "ghost", tmp_path / "ghost") == "ERROR: No matching distribution"
    assert not (tmp_path / "ghost").exists()


@pytest.mark.parametrize(("verdict", "code"), [("passed", 0), ("FAILED", 1)])
def test_a_failed_cell_fails_the_matrix(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], verdict: str, code: int
) -> None:
    found = plan({"3.11": python(11)}, "18.6", {}, {})
    monkeypatch.setattr(matrix, "gather", lambda: found)
    monkeypatch.setattr(matrix, "environment", lambda _: (Path("/python"), ""))
    monkeypatch.setattr(matrix, "run", lambda cell, made, jobs: Result(str(cell), verdict, ""))
    assert matrix.main(["SQLite"]) == code
    shown = capsys.readouterr().out
    assert shown.count("SQLite 3.45.0") == 2
    assert "PostgreSQL 14" in shown
    assert "PostgreSQL 18.6" not in shown


def test_the_matrix_is_what_the_project_promises() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    minors = [each.rpartition(" ")[2] for each in project["classifiers"] if re.search(r":: 3\.\d+$", each)]
    assert tuple(minors) == matrix.PYTHONS
    first, last = re.findall(r"PostgreSQL (\d+) to (\d+)", (ROOT / "docs/postgresql.md").read_text(encoding="utf-8"))[0]
    assert tuple(map(str, range(int(first), int(last) + 1))) == matrix.POSTGRES
