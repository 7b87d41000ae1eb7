"""A mute that lasts for a duration begins by the clock of the store, whatever the caller's says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from taskflowmq import Retry, TaskFlow


async def test_a_duration_counts_by_the_clock_of_the_store(app: TaskFlow, monkeypatch: pytest.MonkeyPatch) -> None:
    @app.task(retry=Retry(max_attempts=1))
    async def breaks() -> None:
        raise ValueError("broken")

    await breaks.aenqueue()
    await app.worker().arun_until_idle()
    (group,) = (await app.errors.alist()).items
    ahead = datetime.now(UTC) + timedelta(days=1000)

    async def now() -> datetime:
        return ahead

    monkeypatch.setattr(app.store.history, "now", now)
    muted = await app.errors.amute(group.fingerprint, seconds="2h")
    assert muted.muted_until == ahead + timedelta(hours=2)
