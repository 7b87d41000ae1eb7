"""The counters: what the bodies write is what the driver reads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from benchmarks.compare import counters

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def common(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    from benchmarks.compare.adapters import common

    monkeypatch.setattr(common, "FOLDER", tmp_path)
    monkeypatch.setattr(common, "_ticks", None)
    return common


def test_ticks_of_several_threads_are_all_counted(common: object, tmp_path: Path) -> None:
    def many() -> None:
        for _ in range(1_000):
            common.tick()

    threads = [threading.Thread(target=many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert counters.ticks(tmp_path) == {f"ticks-{os.getpid()}": 4_000}


def test_a_forked_child_counts_into_a_file_of_its_own(tmp_path: Path) -> None:
    program = """
import os
from benchmarks.compare.adapters import common
common.tick()
if os.fork() == 0:
    common.tick(); common.tick()
    os._exit(0)
os.wait()
common.tick()
"""
    environment = {**os.environ, "BENCH_FOLDER": str(tmp_path), "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)

    assert sorted(counters.ticks(tmp_path).values()) == [2, 2]
    assert counters.total(tmp_path) == 4


def test_no_counter_is_no_job(tmp_path: Path) -> None:
    assert counters.total(tmp_path) == 0


@pytest.mark.parametrize("held", [b"", b"\x01", b"\x01" * 7])
def test_a_counter_that_is_being_made_counts_nothing(tmp_path: Path, held: bytes) -> None:
    (tmp_path / "ticks-1").write_bytes(held)

    assert counters.ticks(tmp_path) == {"ticks-1": 0}


def test_stamps_of_all_processes_are_ranked_in_milliseconds(tmp_path: Path) -> None:
    (tmp_path / "stamps-1").write_text("3000000\n1000000\n")
    (tmp_path / "stamps-2").write_text("2500000\n")

    assert counters.stamps_ms(tmp_path) == [1.0, 2.5, 3.0]


@pytest.mark.parametrize(("share", "value"), [(0.5, 50.0), (0.99, 99.0), (1.0, 100.0), (0.001, 1.0)])
def test_percentiles(share: float, value: float) -> None:
    assert counters.percentile([float(number) for number in range(1, 101)], share) == value


def test_a_percentile_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no values"):
        counters.percentile([], 0.5)


def test_waiting_ends_with_the_count_or_with_the_time() -> None:
    counts = iter([0, 3, 7, 7])

    assert counters.wait_for(lambda: next(counts), 5, 10.0, every=0).count == 7
    assert counters.wait_for(lambda: 1, 5, 0.0).count == 1


def test_waiting_for_none_ends_with_nothing_left_or_with_the_time() -> None:
    counts = iter([4, 2, 0])

    assert counters.wait_for_none(lambda: next(counts), 10.0, every=0).count == 0
    assert counters.wait_for_none(lambda: 4, 0.0, every=0).count == 4


def test_a_slow_answer_counts_from_the_moment_of_the_question() -> None:
    asked, answered = [], []

    def slow() -> int:
        asked.append(time.perf_counter())
        time.sleep(0.05)
        answered.append(time.perf_counter())
        return 0

    at = counters.wait_for_none(slow, 10.0, every=0).at

    assert at <= asked[0] < answered[0]


def test_a_job_carries_about_a_hundred_bytes(common: object) -> None:
    assert 80 <= len(json.dumps(common.payload(12_345))) <= 130


def test_jobs_come_in_lists_for_the_bulk_call(common: object) -> None:
    numbers = [[job["number"] for job in chunk] for chunk in common.chunks(2_500)]

    assert [len(chunk) for chunk in numbers] == [1_000, 1_000, 500]
    assert [number for chunk in numbers for number in chunk] == list(range(2_500))


def test_pauses_are_the_same_in_every_run_and_within_their_bounds(common: object) -> None:
    assert common.paces(300) == common.paces(300)
    assert all(0.020 <= pause <= 0.060 for pause in common.paces(300))
