"""Telemetry that is loaded when there is something to count."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from taskflowmq.ports.telemetry import JobReport, NoTelemetry, Telemetry
from taskflowmq.telemetry.deferred import DeferredTelemetry


class Recorder(NoTelemetry):
    """Notes every call."""

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []

    def jobs_enqueued(self, queue: str, task: str, count: int) -> None:
        self.calls.append(("enqueued", queue, task, count))

    def jobs_claimed(self, count: int, seconds: float) -> None:
        self.calls.append(("claimed", count, seconds))

    def jobs_settled(self, reports: object, seconds: float) -> None:
        self.calls.append(("settled", reports, seconds))

    def tasks_active(self, count: int) -> None:
        self.calls.append(("active", count))

    def event(self, name: str, count: int = 1) -> None:
        self.calls.append(("event", name, count))


def test_nothing_is_loaded_before_the_first_call_and_every_call_is_passed_on() -> None:
    recorder, loads = Recorder(), []

    def load() -> Telemetry:
        loads.append(1)
        return recorder

    telemetry = DeferredTelemetry(load)
    assert not loads
    report = JobReport(task="t", queue="q", outcome="completed", run_s=0.1, wait_s=0.2)
    telemetry.event("child_died")
    telemetry.event("rescue", 3)
    telemetry.jobs_enqueued("q", "t", 2)
    telemetry.jobs_claimed(5, 0.5)
    telemetry.jobs_settled([report], 0.25)
    telemetry.tasks_active(7)
    assert recorder.calls == [
        ("event", "child_died", 1),
        ("event", "rescue", 3),
        ("enqueued", "q", "t", 2),
        ("claimed", 5, 0.5),
        ("settled", [report], 0.25),
        ("active", 7),
    ]
    assert len(loads) == 1


def test_what_cannot_be_loaded_is_said_once_and_does_not_reach_who_counts(caplog: pytest.LogCaptureFixture) -> None:
    loads = []

    def load() -> Telemetry:
        loads.append(1)
        raise ImportError("the package was replaced below us")

    telemetry = DeferredTelemetry(load)
    with caplog.at_level(logging.ERROR, logger="taskflowmq.telemetry"):
        telemetry.event("child_died")
        telemetry.event("child_died")
    assert len(loads) == 1
    assert [record.getMessage() for record in caplog.records] == [
        "telemetry could not be loaded: this process collects no metrics until it is restarted"
    ]


_SUPERVISOR = """
import sys
from taskflowmq import TaskFlow
from taskflowmq.bootstrap.supervise import event_telemetry_of

telemetry = event_telemetry_of(TaskFlow("sqlite:///unused.db"))
print("prometheus_client" in sys.modules)
telemetry.event("child_died")
print("prometheus_client" in sys.modules)
"""


@pytest.mark.slow
def test_a_supervisors_events_reach_the_files_of_its_node(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", _SUPERVISOR],
        env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)},
        cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert told.stdout.split() == ["False", "True"]
    assert b"child_died" in b"".join(path.read_bytes() for path in tmp_path.glob("counter_*.db"))
