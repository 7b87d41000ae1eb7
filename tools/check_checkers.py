"""Prove that the suites notice mistakes: run each mutant of tests/mutants against the tests that must catch it.

A mutant that survives fails this check, and so does a test that fails on the code as it is. One line per mutant and
test says what caught what, on which engine, and how long it took.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial
from pathlib import Path

from tests.mutants.mutant import Mutant
from tests.mutants.registry import BYSTANDERS, MUTANTS
from tests.mutants.tree import NoSuchText
from tests.mutants.trial import Verdict, try_mutant, try_original
from tools.problems import ROOT

JOBS = 2


def check(root: Path, mutants: Sequence[Mutant], *, jobs: int = JOBS) -> Iterator[Verdict]:
    """Yield what every test said to every mutant, and to the code as it is, in the order of their ends.

    Args:
        root: the project.
        mutants: which to try.
        jobs: how many to try at a time.
    """
    tests = list(dict.fromkeys(test for mutant in mutants for test in (*mutant.caught_by, *BYSTANDERS[mutant.engine])))
    controls = [[test for test in tests if takes_long([test]) is long] for long in (True, False)]
    with tempfile.TemporaryDirectory(prefix="taskflow-mutants-") as folder, ThreadPoolExecutor(jobs) as hands:
        # PostgreSQL runs as another user and must reach its sockets and files below.
        Path(folder).chmod(0o755)
        trials: list[Callable[[], list[Verdict]]] = [
            partial(try_original, root, control, Path(folder) / f"control-{number}")
            for number, control in enumerate(controls)
            if control
        ]
        trials += [
            partial(try_mutant, root, mutant, Path(folder) / mutant.key.replace("/", "-"))
            # The long ones first, so that nobody waits for a last one alone.
            for mutant in sorted(mutants, key=lambda mutant: not takes_long(mutant.caught_by))
        ]
        for done in as_completed([hands.submit(trial) for trial in trials]):
            yield from done.result()


def takes_long(tests: Iterable[str]) -> bool:
    """Tell whether one of the tests takes a minute."""
    return any(test.startswith("tests/chaos/") for test in tests)


def chosen(names: Sequence[str]) -> list[Mutant]:
    """Return the mutants of these names, with or without their engine; all of them if there is none.

    Raises:
        SystemExit: a name fits no mutant.
    """
    for name in names:
        if not any(name in (mutant.name, mutant.key) for mutant in MUTANTS):
            sys.exit(f"no mutant is named {name}; there are: {', '.join(mutant.key for mutant in MUTANTS)}")
    return [mutant for mutant in MUTANTS if not names or mutant.name in names or mutant.key in names]


def row(verdict: Verdict) -> str:
    """Return one line of the table."""
    said = verdict.problem.splitlines()[0] if verdict.problem else "ok"
    return f"{verdict.mutant:26} {verdict.engine:9} {verdict.seconds:6.1f} s  {verdict.test}  {said}"


def main(argv: Sequence[str] | None = None) -> int:
    """Try the mutants and print the table."""
    parser = argparse.ArgumentParser(prog="check_checkers", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="MUTANT", help="name or name/engine; all if left out")
    parser.add_argument("--jobs", type=int, default=JOBS, help="how many at a time (default: %(default)s)")
    parser.add_argument("--list", action="store_true", help="only say which mutants there are")
    options = parser.parse_args(argv)
    mutants = chosen(options.names)
    if options.list:
        print("\n".join(f"{mutant.key:32} {mutant.mistake}" for mutant in mutants))
        return 0
    began = time.monotonic()
    problems = []
    print(f"{'mutant':26} {'engine':9} {'took':>8}  caught by", flush=True)
    try:
        for verdict in check(ROOT, mutants, jobs=options.jobs):
            print(row(verdict), flush=True)
            if verdict.problem:
                problems.append(verdict)
    except NoSuchText as error:
        print(error, file=sys.stderr)
        return 1
    for verdict in problems:
        print(f"\n{verdict.mutant} on {verdict.engine}: {verdict.test}: {verdict.problem}", file=sys.stderr)
    took = time.monotonic() - began
    print(f"checkers: {len(mutants)} mutants in {took:.0f} s, {len(problems)} problem(s)")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
