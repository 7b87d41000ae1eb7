"""Inside a container a process may use less than its machine has."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from taskflowmq.worker.running.container import usable_cores, usable_memory

BOUND = len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({}, BOUND),
        ({"cpu.max": "max 100000"}, BOUND),
        ({"cpu.max": "100000 100000"}, 1),
        ({"cpu.max": "20000 100000"}, 1),
        ({"cpu.max": "100001 100000"}, min(2, BOUND)),
        ({"cpu.max": "99900000 100000"}, BOUND),
        ({"cpu.max": ""}, BOUND),
        ({"cpu/cpu.cfs_quota_us": "50000", "cpu/cpu.cfs_period_us": "100000"}, 1),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, BOUND),
    ],
)
def test_cores(files: dict[str, str], cores: int, tmp_path: Path) -> None:
    assert usable_cores(group(tmp_path, files)) == cores


def test_a_process_bound_to_one_core_uses_one(tmp_path: Path) -> None:
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        assert usable_cores(tmp_path) == 1
    finally:
        os.sched_setaffinity(0, allowed)


@pytest.mark.parametrize("name", ["memory.max", "memory/memory.limit_in_bytes"])
def test_memory(name: str, tmp_path: Path) -> None:
    whole = usable_memory(tmp_path)
    assert usable_memory(group(tmp_path, {name: "1000000"})) == 1_000_000
    assert usable_memory(group(tmp_path, {name: "max"})) == whole
    assert usable_memory(group(tmp_path, {name: str(2**63 - 4096)})) == whole


def group(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)
    return root
