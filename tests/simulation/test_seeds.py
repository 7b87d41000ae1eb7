"""Seeds that found something. Each fails on the code as it was then; what was wrong is said beside it.

The explorer's choices follow from the seed, so a change of the explorer gives a seed another story: whoever changes it
checks with the mistakes put back that these still fail, or lets the command look for others.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from tests.simulation.backends import ModelBackend, postgres_backend, sqlite_backend
from tests.simulation.runner import run

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("seed", "steps"),
    [
        # A batch that replaces a holder and asks for its key again was answered with the job it had just cancelled.
        (1, 300),
        # After the clock stepped back, a duty's turn was taken at once by everybody who only looked at it.
        (2, 300),
        # A worker whose introduction was repeated kept the lease of the first try, however long ago that was.
        (3, 300),
    ],
)
def test_sqlite(tmp_path: Path, seed: int, steps: int) -> None:
    run(partial(sqlite_backend, tmp_path / "simulated.db"), seed, steps)


@pytest.mark.parametrize(
    ("seed", "steps"),
    [
        # A worker told to stop while it waited for the store at its start ended, then began its loops all the same.
        (19, 300),
        # The clock stepped between a rescuer's look and its turn, and every worker was taken for lost.
        (43, 400),
        # The first sweep after an outage took its turn and lost the answer; the second saw no gap, and gave no grace.
        (54, 400),
        # A turn that a dead rescuer had asked for during an outage was taken after it (the checker was wrong here).
        (52, 300),
        # The clock went back and forth between late sweeps: they counted for an hour, and an outage got no grace.
        (7104, 1300),
    ],
)
def test_the_engine_over_the_model(seed: int, steps: int) -> None:
    run(ModelBackend, seed, steps)


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("seed", "steps"),
    [
        # After the clock stepped back, jobs had waited less than nothing.
        (7, 200),
        # A queue was resumed elsewhere a moment ago: its jobs may be passed over for as long as lanes are remembered
        # (the checker was wrong here).
        (5011, 340),
        # A job's cancellation and, from an old list, its hand-back under the same fence: that was called a replay.
        (7303, 1400),
    ],
)
def test_postgres(postgres_url: str, seed: int, steps: int) -> None:
    run(partial(postgres_backend, postgres_url), seed, steps)
