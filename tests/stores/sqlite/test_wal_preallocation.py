"""A process that writes often lengthens the log once, so that later commits write over it; nothing else changes."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.stores.sqlite.conftest import OpenStore, new_job

from taskflowmq.stores.sqlite import SqliteStore, wal_preallocation

_PAGE_BYTES = 8_192
_OPTIONS = {"wal_pages": 1_000}
_WHOLE = 1_000 * _PAGE_BYTES


def _file_bytes(path: Path) -> int:
    return path.stat().st_size


def _log_bytes(path: Path) -> int:
    return path.with_name(path.name + "-wal").stat().st_size


async def _commit_often(store: SqliteStore) -> int:
    """Commit until the log must have been lengthened; return how many jobs were stored."""
    for _ in range(wal_preallocation._COMMITS + 1):
        await store.intake.enqueue([new_job()])
    return wal_preallocation._COMMITS + 1


async def test_a_process_that_commits_often_lengthens_the_log_once(open_store: OpenStore, path: Path) -> None:
    store = await open_store(**_OPTIONS)
    await store.intake.enqueue([new_job()])
    assert _log_bytes(path) < _WHOLE
    count = 1 + await _commit_often(store)
    length = _log_bytes(path)
    assert length >= _WHOLE
    assert _file_bytes(path) < _WHOLE  # the zeros were rolled back: the database did not grow by them
    assert (await store.stats.count("default")).states["pending"] == count
    assert await store.upkeep.check() == []
    await store.intake.enqueue([new_job()])
    assert _log_bytes(path) == length


async def test_the_log_is_not_lengthened_on_a_disk_that_is_nearly_full(
    open_store: OpenStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(path.parent)._replace(free=10 * _WHOLE)
    monkeypatch.setattr(wal_preallocation.shutil, "disk_usage", lambda _path: usage)
    store = await open_store(**_OPTIONS)
    await _commit_often(store)
    assert _log_bytes(path) < _WHOLE


@pytest.fixture
def interval() -> Iterator[None]:
    """Leave the interpreter's setting as it was."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.005)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("interval")
async def test_the_interpreters_setting_is_lowered_on_demand_and_never_raised(open_store: OpenStore) -> None:
    await open_store()
    assert sys.getswitchinterval() == pytest.approx(0.005)
    await open_store(switch_interval_s=0.0001)
    assert sys.getswitchinterval() == pytest.approx(0.0001)
    await open_store(switch_interval_s=0.001)
    assert sys.getswitchinterval() == pytest.approx(0.0001)
