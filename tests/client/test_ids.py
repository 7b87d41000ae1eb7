from __future__ import annotations

import os

import pytest

from taskflowmq.client import ids
from taskflowmq.client.ids import IdFactory, new_id
from taskflowmq.core.ids import unix_ms


def test_ids_increase_even_when_the_clock_stands_still_or_steps_back() -> None:
    times = iter([5_000_000_000] * 1000 + [4_999_000_000] * 1000 + [5_000_000_000] * 1000)
    factory = IdFactory(lambda: next(times))
    ids = [factory() for _ in range(3000)]
    assert ids == sorted(set(ids))
    assert {one.version for one in ids} == {7}


def test_a_large_step_back_is_believed() -> None:
    times = iter([10**18, 10**18 - 3600 * 10**9])
    factory = IdFactory(lambda: next(times))
    assert unix_ms(factory()) - unix_ms(factory()) == 3_600_000


def test_a_copy_is_looked_for_once_a_millisecond_and_soon_after_a_large_step_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hour, looks, shown = 3_600_000_000, [], [0]
    monkeypatch.setattr(ids, "notice_fork", lambda: looks.append(shown[-1]))
    factory = IdFactory(lambda: 1000 * shown[-1])
    for now_us in (2 * hour, 2 * hour + 999, 2 * hour + 1_000, 2 * hour + 1_999, hour, hour + 1, hour + 2):
        shown.append(now_us)
        factory()
    assert looks == [2 * hour, 2 * hour + 1_000, hour + 1]


def test_a_forked_child_makes_other_ids() -> None:
    new_id()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, b"".join(new_id().bytes for _ in range(100)))
        os._exit(0)
    mine = {new_id().bytes[8:] for _ in range(100)}
    data = os.read(read, 4096)
    os.waitpid(child, 0)
    os.close(read)
    os.close(write)
    theirs = {data[start + 8 : start + 16] for start in range(0, len(data), 16)}
    assert len(theirs) == 100
    assert not mine & theirs
