"""A full disk ends no process through the files in which metrics are shared."""

from __future__ import annotations

import errno
import logging
import os
from pathlib import Path

import pytest
from prometheus_client.mmap_dict import MmapedDict

from taskflowmq.telemetry import allocated
from taskflowmq.telemetry.allocated import FIRST_BYTES, AllocatedDict


def _full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def _allocated_bytes(path: Path) -> int:
    return path.stat().st_blocks * 512


def _fill(values: AllocatedDict, count: int) -> None:
    for number in range(count):
        values.write_value(f"key-{number:04}-" + "x" * 100, float(number), 0.0)


def test_the_room_is_there_before_it_is_written_to(tmp_path: Path) -> None:
    path = tmp_path / "counter_1.db"
    values = AllocatedDict(str(path))
    assert _allocated_bytes(path) >= FIRST_BYTES
    _fill(values, 1_000)
    assert path.stat().st_size == _allocated_bytes(path) == 4 * FIRST_BYTES
    found = {key: value for key, value, *_ in MmapedDict.read_all_values_from_file(str(path))}
    assert len(found) == 1_000
    values.close()
    again = AllocatedDict(str(path))
    assert again.read_value("key-0999-" + "x" * 100) == (999.0, 0.0)
    again.close()


@pytest.mark.parametrize("begins_full", [True, False])
def test_a_full_disk_costs_the_others_a_view_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, begins_full: bool
) -> None:
    allocated._said.clear()
    path = tmp_path / "counter_1.db"
    if begins_full:
        monkeypatch.setattr(os, "posix_fallocate", _full)
    values = AllocatedDict(str(path))
    monkeypatch.setattr(os, "posix_fallocate", _full)
    with caplog.at_level(logging.WARNING):
        _fill(values, 1_000)
        AllocatedDict(str(tmp_path / "counter_2.db"))
    assert values.read_value("key-0999-" + "x" * 100) == (999.0, 0.0)
    assert values.read_value("key-0000-" + "x" * 100) == (0.0, 0.0)
    # Nobody reads a file that is half made.
    assert path.exists() is not begins_full
    assert len(caplog.records) == 1
    assert str(tmp_path) in caplog.text
    values.close()
