"""Fixed seeds over the model, SQLite and PostgreSQL: no invariant broken, no answer or row other than the model's.

Long runs: ``python -m tests.simulation`` (see the package).
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from tests.simulation.backends import ModelBackend, postgres_backend, sqlite_backend
from tests.simulation.runner import run


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow), pytest.param(3, marks=pytest.mark.slow)])
def test_the_model(seed: int) -> None:
    run(ModelBackend, seed, 300 if seed == 1 else 1500)


@pytest.mark.parametrize("seed", [11, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (12, 14, 45))])
def test_sqlite(tmp_path: Path, seed: int) -> None:
    run(partial(sqlite_backend, tmp_path / "simulated.db"), seed, 150 if seed == 11 else 900)


@pytest.mark.parametrize("seed", [1, pytest.param(6, marks=pytest.mark.slow), pytest.param(8, marks=pytest.mark.slow)])
def test_two_tenants_over_the_model(seed: int) -> None:
    world = run(ModelBackend, seed, 300 if seed == 1 else 1500, tenants=2)
    assert {fact.tenant for fact in world.snap.jobs.values()} == {"default", "other"}


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 8])
def test_two_tenants_on_sqlite(tmp_path: Path, seed: int) -> None:
    run(partial(sqlite_backend, tmp_path / "simulated.db"), seed, 600, tenants=2)


@pytest.mark.slow
@pytest.mark.postgres
def test_two_tenants_on_postgres(postgres_url: str) -> None:
    run(partial(postgres_backend, postgres_url), 1, 600, tenants=2)


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.parametrize("seed", [21, 25])
def test_postgres(postgres_url: str, seed: int) -> None:
    run(partial(postgres_backend, postgres_url), seed, 800)


@pytest.mark.slow
def test_a_seed_replays_exactly(tmp_path: Path) -> None:
    histories = []
    for n in range(2):
        world = run(partial(sqlite_backend, tmp_path / f"{n}.db"), 31, 300)
        histories.append([str(step) for step in world.history.steps])
    assert histories[0] == histories[1]
