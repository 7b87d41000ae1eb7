"""The checkers notice what they are for, and the history says it readably. (The mutants check them on real stores.)"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from tests.simulation import checkers
from tests.simulation.backends import ModelBackend, sqlite_backend
from tests.simulation.rows import Data
from tests.simulation.runner import run
from tests.simulation.snapshot import Lock, Place, Snapshot
from tests.simulation.world import StoreClock, Violation

from taskflowmq.core.job import QueueRef

Spoil = Callable[[Snapshot], Snapshot]


def _first(snap: Snapshot, place: str) -> UUID | None:
    return next((job_id for job_id, rows in sorted(snap.places.items()) if rows[0].place == place), None)


def _with_place(snap: Snapshot, job_id: UUID, *rows: Place) -> Snapshot:
    return msgspec.structs.replace(snap, places={**snap.places, job_id: rows})


def _twice(snap: Snapshot) -> Snapshot:
    job_id = _first(snap, "running")
    return snap if job_id is None else _with_place(snap, job_id, *snap.places[job_id], *snap.places[job_id])


def _gone(snap: Snapshot) -> Snapshot:
    job_id = _first(snap, "ready")
    return snap if job_id is None else _with_place(snap, job_id)


def _forgotten(snap: Snapshot) -> Snapshot:
    job_id = _first(snap, "outcome")
    if job_id is None:
        return snap
    kept = {one: fact for one, fact in snap.jobs.items() if one != job_id}
    places = {one: rows for one, rows in snap.places.items() if one != job_id}
    return msgspec.structs.replace(snap, jobs=kept, places=places)


def _uncharged(snap: Snapshot) -> Snapshot:
    job_id = _first(snap, "running")
    if job_id is None:
        return snap
    row = snap.places[job_id][0]
    return _with_place(snap, job_id, row._replace(attempt=row.attempt - 1))


def _rewound(snap: Snapshot) -> Snapshot:
    job_id = _first(snap, "outcome")
    if job_id is None:
        return snap
    row = snap.places[job_id][0]
    return _with_place(snap, job_id, row._replace(lease_no=row.lease_no - 1))


def _stolen(snap: Snapshot) -> Snapshot:
    ended = _first(snap, "outcome")
    if ended is None:
        return snap
    return msgspec.structs.replace(snap, keys={**snap.keys, ("default", "leaked"): Lock(ended, "finish", None)})


class Spoiled(ModelBackend):
    """The model, with rows that are wrong once there are some."""

    def __init__(self, spoil: Spoil, clock: StoreClock) -> None:
        super().__init__(clock)
        self._spoil = spoil

    def snapshot(self) -> Snapshot:
        return self._spoil(super().snapshot())


@pytest.mark.parametrize(
    ("spoil", "invariant"),
    [
        (_twice, "I10"),
        (_gone, "I10"),
        (_forgotten, "I1"),
        (_uncharged, "I5"),
        (_rewound, "I3"),
        (_stolen, "I7"),
    ],
)
def test_wrong_rows_are_noticed(spoil: Spoil, invariant: str) -> None:
    # A client whose own step finds it ends with the violation, which the run then tells of.
    with pytest.raises(Violation, match=rf"(?m)(^|ended with Violation\(\W*){invariant}: "):
        run(partial(Spoiled, spoil), 5, 400)


def test_every_checker_is_used() -> None:
    used = {checker.__name__ for checker in (*checkers.OF_ROWS, *checkers.OF_STEPS)}
    assert {"acknowledged_jobs_exist", "only_the_fence_changes_a_running_job", "claims_are_charged"} <= used
    assert len(used) == len(checkers.OF_ROWS) + len(checkers.OF_STEPS)


def test_a_violation_says_how_to_see_it_again_and_what_happened() -> None:
    with pytest.raises(Violation) as raised:
        run(partial(Spoiled, _uncharged), 5, 400)
    text = str(raised.value)
    assert "python -m tests.simulation --seed 5 --steps 400" in text
    assert "about [" in text
    assert "claims.claim(" in text


@pytest.mark.slow
def test_an_answer_that_differs_from_the_models_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that keeps jobs from a worker breaks no invariant; the model knows that they were there."""
    from taskflowmq.stores.sqlite.claims import SqliteClaims

    claim = SqliteClaims.claim

    async def lazy(self: Any, request: Any) -> Any:
        return await claim(self, msgspec.structs.replace(request, limit=1))

    monkeypatch.setattr(SqliteClaims, "claim", lazy)
    with pytest.raises(Violation, match="sqlite answered a claim"):
        run(partial(sqlite_backend, tmp_path / "simulated.db"), 5, 400)


def test_the_model_undoes_a_call_that_fails() -> None:
    data = Data()
    with pytest.raises(RuntimeError), data.all_or_none():
        data.queues[QueueRef("default", "a")] = None
        data.batches += 1
        raise RuntimeError("undo this")
    assert (data.queues, data.batches) == ({}, 0)
