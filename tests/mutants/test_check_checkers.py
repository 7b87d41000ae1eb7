"""The tool that checks the checkers: mutants fit the code, and it tells caught, surviving and broken ones apart."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.mutants.mutant import Mutant
from tests.mutants.registry import BYSTANDERS, MUTANTS
from tests.mutants.tree import PACKAGE, Edit, NoSuchText, mutated, plant
from tests.mutants.trial import Phase, Verdict, try_mutant
from tools.check_checkers import check, chosen, main
from tools.problems import ROOT

FIFO = "tests/conformance/test_sqlite.py::TestClaims::test_first_in_first_out"
CHARGED = "tests/conformance/test_sqlite.py::TestClaims::test_a_claim_is_charged_before_the_body_starts"
ONCE = "tests/conformance/test_sqlite.py::TestClaims::test_a_job_is_claimed_once"


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.key)
def test_every_mutant_still_fits_the_code(mutant: Mutant) -> None:
    """When this fails, the code has changed: bring the replaced text in registry.py up to date."""
    texts: dict[str, str] = {}
    for edit in mutant.edits:
        before = texts.setdefault(edit.file, (ROOT / PACKAGE / edit.file).read_text(encoding="utf-8"))
        texts[edit.file] = mutated(before, edit)
    assert mutant.caught_by, "nobody has to catch it"


def test_every_catcher_exists() -> None:
    tests = {test for mutant in MUTANTS for test in mutant.caught_by} | {t for ts in BYSTANDERS.values() for t in ts}
    missing = [test for test in tests if not (ROOT / test.partition("::")[0]).is_file()]
    assert missing == []


def test_names_are_told_apart() -> None:
    keys = [mutant.key for mutant in MUTANTS]
    assert len(keys) == len(set(keys))
    assert {mutant.engine for mutant in chosen(["fence-removed"])} == {"sqlite", "postgres"}
    assert [mutant.key for mutant in chosen(["fence-removed/sqlite"])] == ["fence-removed/sqlite"]
    with pytest.raises(SystemExit, match="no mutant is named ghost"):
        chosen(["ghost"])


@pytest.mark.parametrize("edit", [Edit("__init__.py", "no such text", ""), Edit("gone.sql", "x", "y")])
def test_a_mutant_that_does_not_fit_is_an_error(edit: Edit, tmp_path: Path) -> None:
    with pytest.raises(NoSuchText, match=r"bring tests/mutants/registry\.py up to date"):
        plant(ROOT, [edit], tmp_path)


@pytest.mark.parametrize(
    "edit",
    [Edit("f", "a", "b", times=2), Edit("f", "a", "a"), Edit("f", "", "b"), Edit("f", "aa", "b")],
)
def test_a_mutant_that_would_be_the_original_is_an_error(edit: Edit) -> None:
    with pytest.raises(NoSuchText, match="occurs"):
        mutated("xay", edit)


def verdicts_of(*mutants: Mutant) -> dict[tuple[str, str], Verdict]:
    return {(verdict.mutant, verdict.test): verdict for verdict in check(ROOT, mutants)}


@pytest.mark.parametrize(("second", "problem"), [("failed", ""), ("passed", "SURVIVED\nsaid")])
def test_a_mutant_may_survive_chaos_once(
    second: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (known,) = chosen(["rescue-without-grace"])
    tests, answers = [], iter(("passed", second))
    fixed, *_, chaos = known.caught_by

    def run(root: Path, asked: list[str], env: dict[str, str], where: Path) -> tuple[list[Phase], str]:
        outcomes = {test: "failed" if test == fixed else "passed" for test in asked} | {chaos: next(answers)}
        tests.append(list(asked))
        return [Phase(test, "call", outcome, "") for test, outcome in outcomes.items()], "said"

    monkeypatch.setattr("tests.mutants.trial.run_tests", run)
    found = {verdict.test: verdict.problem for verdict in try_mutant(ROOT, known, tmp_path / "here")}
    assert (found[fixed], found[chaos]) == ("", problem)
    assert tests == [[*BYSTANDERS[known.engine], *known.caught_by], [chaos]]


def make(name: str, *edits: Edit, caught_by: str = ONCE) -> Mutant:
    return Mutant(name, "sqlite", "made for this test", edits, (caught_by,))


@pytest.mark.slow
def test_caught_surviving_and_broken_mutants_are_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    (known,) = chosen(["charged-at-finish/sqlite"])
    real = known._replace(caught_by=(CHARGED,))
    statement = "stores/sqlite/only/claims/start_jobs.sql"
    harmless = make("harmless", Edit(statement, "-- Starts claimed jobs", "-- Begins claimed jobs"))
    broken = make("broken", Edit(statement, "INSERT INTO", "INSERTED INTO"))
    found = verdicts_of(real, harmless, broken)
    assert found.pop(("none (control)", "3 tests pass")).problem == ""
    assert found.pop((real.name, CHARGED)).problem == ""
    assert found.pop(("harmless", ONCE)).problem.startswith("SURVIVED")
    assert found.pop(("broken", FIFO)).problem.startswith("the mutant is broken, not wrong: it failed")
    assert found.pop(("broken", ONCE)).problem == "", "it fails as well, which says nothing"
    assert found == {}
    assert main(["--list"]) == 0
    assert "fence-removed/postgres" in capsys.readouterr().out
