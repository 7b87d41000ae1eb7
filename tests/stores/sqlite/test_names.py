"""What the writer remembers of names, and how often it stores that they are used."""

from __future__ import annotations

from pathlib import Path

import pytest

from taskflowmq.core.validation import USE_EVERY
from taskflowmq.stores.sqlite import SqliteStore, names
from taskflowmq.stores.sqlite.queries import q
from taskflowmq.stores.sqlite.steps import Step
from taskflowmq.testing.clock import VirtualClock
from taskflowmq.testing.conformance.support import NOON, Rig


async def test_use_of_queues_is_stored_once_an_hour_with_one_statement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = VirtualClock(NOON)
    store = SqliteStore(tmp_path / "jobs.db", clock=clock)
    await store.open()
    rig = Rig(store, clock)
    sent: list[str] = []

    names_of = {text: name for name, text in vars(q).items()}

    def noted(sql: str, params: dict[str, object], clash: bool = False) -> Step:
        sent.append(f"{names_of[sql]} {params.get('name', params.get('priority'))}")
        return Step(sql, params, clash)

    monkeypatch.setattr(names, "Step", noted)
    for _ in range(3):
        await rig.enqueue(rig.job(queue="a"), rig.job(queue="a", priority=1), rig.job(queue="b"))
    assert [one for one in sent if "queue" in one or "lane" in one] == [
        "ensure_queue a",
        "ensure_lane 0",
        "ensure_lane 1",
        "ensure_queue b",
        "ensure_lane 0",
    ]
    sent.clear()
    clock.advance(USE_EVERY.total_seconds())
    for _ in range(3):
        await rig.enqueue(rig.job(queue="a"), rig.job(queue="a", priority=1), rig.job(queue="b"))
    assert sent == ["ensure_queue a", "ensure_queue b"]
    await store.close()
