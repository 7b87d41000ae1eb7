"""Chaos on real processes, with a fixed schedule: a minute on PostgreSQL, a quarter of one on SQLite.

``make chaos SECONDS=… SEED=… STORE=…`` runs it for as long as you like; a failing run says where its logs are.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from tests.faults.rig import ROOT
from tests.mortal import mortal

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("chaos"), pytest.mark.timeout(240)]

#: Chosen so that a short run holds stopped workers, a stopped machine and kills.
SEEDS = {"postgres": 2685, "sqlite": 815}
#: Starting, ending what is under way, and judging come on top of the load.
BESIDES_S = 150


def chaos(store: str, seconds: float) -> tuple[int, str]:
    """Run the command; return its exit code and all that it said."""
    command = [sys.executable, "-m", "tests.chaos", "--store", store, "--seed", str(SEEDS[store])]
    process = subprocess.Popen(
        mortal([*command, "--seconds", str(seconds)]),
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        said, _ = process.communicate(timeout=seconds + BESIDES_S)
    except subprocess.TimeoutExpired:
        # It cleans up when it is asked to end.
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=30)
        said = f"it did not end in time\n{said}"
    finally:
        if process.poll() is None:
            process.kill()
    return process.returncode, said


@pytest.mark.postgres
def test_a_minute_of_chaos_on_postgres_breaks_no_promise() -> None:
    code, said = chaos("postgres", 60)
    print(said)
    assert code == 0, said


def test_chaos_on_sqlite_breaks_no_promise() -> None:
    code, said = chaos("sqlite", 18)
    print(said)
    assert code == 0, said
