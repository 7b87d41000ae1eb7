"""The soak in its short form, seconds instead of minutes: the same programs, the same verdicts, wider bounds."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.soak import harness, report, verdicts
from tests.soak.__main__ import database
from tests.soak.harness import Plan, Record

PLANS = {
    "postgres": Plan(
        seconds=8, finished=50_000, scheduled=5_000, capacity_seconds=2, idle_seconds=2, unbatched=25, every=0.4
    ),
    "sqlite": Plan(seconds=5, finished=50_000, scheduled=5_000, capacity_seconds=1.5, every=0.25),
}
pytestmark = pytest.mark.slow
STORES = [
    pytest.param("postgres", marks=[pytest.mark.postgres, pytest.mark.xdist_group("soak-postgres")]),
    pytest.param("sqlite", marks=pytest.mark.xdist_group("soak-sqlite")),
]


@pytest.fixture(scope="module")
def record(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Record]:
    """One short run, on a server of its own: transaction ids and deadlocks of other tests must not be counted."""
    store: str = request.param
    folder: Path = tmp_path_factory.mktemp(store)
    with database(store, folder) as url:
        yield asyncio.run(harness.run(url, PLANS[store], folder, print))


@pytest.mark.parametrize("record", STORES, indirect=True)
def test_under_load_nothing_grows_nothing_slows_down_and_nothing_is_lost(record: Record) -> None:
    found = report.judge(record, report.QUICK)
    print(report.table(record, found))
    assert [one for one in found if not one.ok and "unbatched" not in one.name] == []
    assert record.samples[-1].counters.claim.count > record.samples[0].counters.claim.count


@pytest.mark.parametrize("record", STORES[:1], indirect=True)
def test_a_job_that_nothing_batches_takes_three_write_transactions(record: Record) -> None:
    one = record.unbatched
    verdict = verdicts.transactions_per_job(one.xids, one.wake_ups, one.idle_xids, one.jobs, 3, looks=one.looks)
    print(f"F18: {verdict.figure}")
    assert verdict.ok, verdict.figure
