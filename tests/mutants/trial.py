"""Runs pytest on a mutant and judges what it said."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.mortal import mortal
from tests.mutants import tree
from tests.mutants.mutant import Mutant
from tests.mutants.recorder import VARIABLE
from tests.mutants.registry import BYSTANDERS

#: Most seconds for one mutant, and for one of its tests that says nothing else: a mutant may well make a program wait
#: for ever.
RUN_WITHIN_S, TEST_WITHIN_S = 480, 60
#: Tests that a mutant may survive by chance, once.
BY_CHANCE = "tests/chaos/"
SURVIVED = "SURVIVED"


class Verdict(NamedTuple):
    """What one test said to one mutant; ``problem`` is empty where it did what it must."""

    mutant: str
    engine: str
    test: str
    seconds: float
    problem: str = ""


class Phase(NamedTuple):
    """One line of the recorder."""

    node: str
    when: str
    outcome: str
    message: str


def try_mutant(root: Path, mutant: Mutant, where: Path) -> list[Verdict]:
    """Run a mutant's catchers, which must fail, and its engine's bystanders, which must pass.

    Catchers that depend on chance get a second try.

    Args:
        root: the project.
        mutant: what to try.
        where: an empty directory for the copy and what the run leaves behind.

    Raises:
        tree.NoSuchText: the mutant does not fit the code any more.
    """
    where.mkdir()
    path = tree.plant(root, mutant.edits, where / "mutant")
    bystanders = BYSTANDERS[mutant.engine]
    began = time.monotonic()
    phases, said = run_tests(root, [*bystanders, *mutant.caught_by], tree.environment(path), where)
    # Real processes race there: of two that come back after an outage, the one that a mistake would hurt may be first.
    lucky = [test for test in mutant.caught_by if test.startswith(BY_CHANCE) and _caught(phases, test) == SURVIVED]
    if lucky:
        again, said = run_tests(root, lucky, tree.environment(path), where)
        phases = [phase for phase in phases if not phase.node.startswith(tuple(lucky))] + again
    took = time.monotonic() - began
    verdicts = []
    for test in mutant.caught_by:
        problem = _caught(phases, test)
        verdicts.append(Verdict(mutant.name, mutant.engine, test, took, f"{problem}\n{said}" if problem else ""))
    for test in bystanders:
        if problem := _passed(phases, test):
            problem = f"the mutant is broken, not wrong: {problem}\n{said}"
            verdicts.append(Verdict(mutant.name, mutant.engine, test, took, problem))
    return verdicts


def try_original(root: Path, tests: Sequence[str], where: Path) -> list[Verdict]:
    """Run the same tests on the code as it is; all must pass, or their failures prove nothing."""
    where.mkdir()
    began = time.monotonic()
    phases, said = run_tests(root, tests, dict(os.environ), where)
    took = time.monotonic() - began
    problems = {test: _passed(phases, test) for test in tests}
    failed = [
        Verdict("none (control)", "all", test, took, f"{problem}\n{said}")
        for test, problem in problems.items()
        if problem
    ]
    return failed or [Verdict("none (control)", "all", f"{len(tests)} tests pass", took)]


def run_tests(root: Path, tests: Sequence[str], env: dict[str, str], where: Path) -> tuple[list[Phase], str]:
    """Run tests in a process group of their own; return what the recorder wrote and the end of the output."""
    record = where / "record"
    record.write_text("", encoding="utf-8")
    # What a run of pytest tells its own processes must not reach this one.
    env = {name: value for name, value in env.items() if not name.startswith("PYTEST_")}
    env[VARIABLE] = str(record)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "tests.mutants.recorder"]
    command += [f"--basetemp={where / 'tmp'}", f"--timeout={TEST_WITHIN_S}", *dict.fromkeys(tests)]
    process = subprocess.Popen(
        mortal(command),
        cwd=root,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=RUN_WITHIN_S)
    except subprocess.TimeoutExpired:
        output = f"the run was ended after {RUN_WITHIN_S} s"
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    lines = record.read_text(encoding="utf-8").splitlines()
    return [Phase(**json.loads(line)) for line in lines], output[-3000:]


def _of(phases: list[Phase], test: str) -> list[Phase]:
    return [phase for phase in phases if phase.node == test or phase.node.startswith((f"{test}[", f"{test}::"))]


def _caught(phases: list[Phase], test: str) -> str:
    """Say why a test did not catch the mutant, or nothing if it did.

    A fixture's check after the test counts as the test's own; what fails before the test is a broken mutant.
    """
    found = _of(phases, test)
    if not found:
        return "it did not run"
    if any(phase.outcome == "failed" and phase.when == "setup" for phase in found):
        return f"it could not begin: {found[0].message}"
    if any(phase.outcome == "failed" for phase in found):
        return ""
    return SURVIVED if any(phase.outcome == "passed" for phase in found) else "it was skipped"


def _passed(phases: list[Phase], test: str) -> str:
    found = _of(phases, test)
    if not found:
        return "it did not run"
    failed = [phase for phase in found if phase.outcome == "failed"]
    if failed:
        return f"it failed: {failed[0].message}"
    return "" if any(phase.outcome == "passed" for phase in found) else "it was skipped"
