"""The metrics page: agreed names, bounded labels, and every process of a node on one page (A2.6, S23)."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from taskflowmq.ports.store import QueueView, StoreStats
from taskflowmq.ports.telemetry import JobReport
from taskflowmq.telemetry.multiproc import MULTIPROC_DIR, share_metrics
from taskflowmq.telemetry.prometheus import MAX_LABELS, PrometheusTelemetry, _observe_all

NAMES = {
    "taskflow_jobs_processed_total",
    "taskflow_jobs_completed_total",
    "taskflow_jobs_failed_total",
    "taskflow_queue_size",
    "taskflow_job_duration_seconds_bucket",
    "taskflow_tasks_total",
    "taskflow_tasks_active",
    "taskflow_job_wait_seconds_bucket",
    "taskflow_oldest_ready_age_seconds",
    "taskflow_store_query_seconds_bucket",
    "taskflow_stale_writes_total",
    "taskflow_events_total",
}


def _report(outcome: str = "completed", task: str = "email", queue: str = "mail") -> JobReport:
    return JobReport(task=task, queue=queue, outcome=outcome, run_s=0.02, wait_s=0.3)


def _stats() -> StoreStats:
    queue = QueueView(tenant="default", name="mail", states={"pending": 3}, oldest_ready_age=1.5)
    return StoreStats(states={"pending": 3}, queues=[queue], as_of=datetime.now(UTC), exact=True, xid_age=7_000)


def _samples(page: bytes) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(page.decode())
        for sample in family.samples
    }


def _value(page: bytes, name: str, **labels: str) -> float | None:
    return _samples(page).get((name, tuple(sorted(labels.items()))))


def test_the_page_has_the_agreed_names() -> None:
    telemetry = PrometheusTelemetry()
    telemetry.jobs_enqueued("mail", "email", 2)
    telemetry.jobs_claimed(1, 0.001)
    telemetry.jobs_settled([_report(), _report("retried"), _report("stale")], 0.002)
    telemetry.tasks_active(4)
    page = telemetry.page(_stats())
    assert {name for name, _ in _samples(page)} >= NAMES
    assert _value(page, "taskflow_tasks_total", queue="mail", task="email") == 2
    assert _value(page, "taskflow_tasks_active") == 4
    assert _value(page, "taskflow_queue_size", queue="mail", state="pending") == 3
    assert _value(page, "taskflow_queue_size", queue="mail", state="running") == 0
    assert _value(page, "taskflow_oldest_ready_age_seconds", queue="mail") == 1.5
    assert _value(page, "taskflow_store_xid_age") == 7_000


@pytest.mark.parametrize(
    ("outcome", "processed", "completed", "failed"),
    [
        ("completed", 1, 1, None),
        ("failed", 1, None, 1),
        ("retried", 1, None, 1),
        ("dead", 1, None, 1),
        ("cancelled", 1, None, None),
        ("snoozed", None, None, None),
        ("handed_back", None, None, None),
        ("stale", None, None, None),
    ],
)
def test_each_outcome_is_counted_once(
    outcome: str, processed: int | None, completed: int | None, failed: int | None
) -> None:
    telemetry = PrometheusTelemetry()
    telemetry.jobs_settled([_report(outcome)], 0.0)
    page = telemetry.page()
    labels = {"queue": "mail", "task": "email"}
    assert _value(page, "taskflow_jobs_processed_total", **labels) == processed
    assert _value(page, "taskflow_jobs_completed_total", **labels) == completed
    assert _value(page, "taskflow_jobs_failed_total", **labels) == failed
    assert _value(page, "taskflow_stale_writes_total") == (1 if outcome == "stale" else 0)


def test_labels_are_bounded() -> None:
    telemetry = PrometheusTelemetry()
    for number in range(MAX_LABELS + 500):
        telemetry.jobs_enqueued("q", f"task-{number}", 1)
    page = telemetry.page()
    tasks = {dict(labels)["task"] for name, labels in _samples(page) if name == "taskflow_tasks_total"}
    assert len(tasks) == MAX_LABELS + 1
    assert _value(page, "taskflow_tasks_total", queue="q", task="other") == 500


def test_without_the_store_its_gauges_are_absent_not_zero() -> None:
    assert b"taskflow_queue_size" not in PrometheusTelemetry().page(None)


def test_observing_many_at_once_equals_observing_each() -> None:
    bounds = (0.1, 1, 5)
    values = [0.05, 0.1, 0.10001, 1, 3, 5, 5.1, 100]
    pages = []
    for each in (True, False):
        registry = CollectorRegistry()
        histogram = Histogram("h", "h", registry=registry, buckets=bounds)
        if each:
            for value in values:
                histogram.observe(value)
        else:
            _observe_all(histogram, bounds, values)
        pages.append([line for line in generate_latest(registry).splitlines() if b"created" not in line])
    assert pages[0] == pages[1]


_CHILD = """
from taskflowmq.ports.telemetry import JobReport
from taskflowmq.telemetry.prometheus import PrometheusTelemetry
telemetry = PrometheusTelemetry()
telemetry.jobs_settled([JobReport(task="t", queue="q", outcome="completed", run_s=0.1, wait_s=0.1)], 0.0)
telemetry.tasks_active(3)
{then}
"""


def _run(directory: Path, then: str = "") -> bytes:
    code = _CHILD.format(then=then)
    env = {**os.environ, MULTIPROC_DIR: str(directory)}
    return subprocess.run([sys.executable, "-c", code], env=env, check=True, capture_output=True).stdout


@pytest.mark.slow
def test_one_page_shows_every_process_and_forgets_the_dead_ones_activity(tmp_path: Path) -> None:
    for _ in range(2):
        _run(tmp_path)
    page = _run(tmp_path, "import sys; sys.stdout.buffer.write(telemetry.page())")
    # The counters of the two that ended stay; what they were doing does not.
    assert _value(page, "taskflow_jobs_completed_total", queue="q", task="t") == 3
    assert _value(page, "taskflow_tasks_active") == 3


def test_a_node_gets_a_fresh_directory_and_leaves_none_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(MULTIPROC_DIR, raising=False)
    with share_metrics():
        first = Path(os.environ[MULTIPROC_DIR])
        assert first.is_dir()
        assert not list(first.iterdir())
    assert not first.exists()
    assert MULTIPROC_DIR not in os.environ


def test_an_operators_directory_is_used_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MULTIPROC_DIR, str(tmp_path))
    with share_metrics():
        assert os.environ[MULTIPROC_DIR] == str(tmp_path)
    assert tmp_path.is_dir()
