"""The settings of a worker have one default and one pair of bounds each."""

from __future__ import annotations

import msgspec
import pytest

from taskflowmq.core.retention import Retention
from taskflowmq.core.worker_settings import BOUNDS, WorkerSettings
from taskflowmq.worker.options import WorkerOptions

NUMBERS = {
    field.name
    for field in msgspec.structs.fields(WorkerSettings)
    if field.name not in ("tenants", "queues", "keep_finished") and not field.name.startswith(("retention_", "job_log"))
}


def test_every_number_has_bounds_and_a_default_within() -> None:
    assert set(BOUNDS) == NUMBERS
    for field, (low, high) in BOUNDS.items():
        assert low <= getattr(WorkerSettings(), field) <= high


def test_ended_jobs_are_kept_as_long_as_a_store_keeps_them_by_itself() -> None:
    assert WorkerOptions().retention == Retention()


@pytest.mark.parametrize("field", sorted(set(BOUNDS) - {"lease", "heartbeat"}))
def test_a_worker_takes_what_is_within_the_bounds_and_refuses_the_rest(field: str) -> None:
    low, high = BOUNDS[field]
    for value in (low, high):
        assert getattr(WorkerOptions(**{field: value}), field) == value
    for value in (low - 0.0005, high + 1):
        with pytest.raises(ValueError, match=f"{field} must be {low:.15g}…{high:.15g}, got "):
            WorkerOptions(**{field: value})


def test_a_heartbeat_fits_twice_into_the_lease() -> None:
    assert WorkerOptions(lease=1, heartbeat=0.5).heartbeat == 0.5
    with pytest.raises(ValueError, match=r"heartbeat must be 0.01…0.5, got 0.6"):
        WorkerOptions(lease=1, heartbeat=0.6)
