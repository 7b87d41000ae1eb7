"""Migrations beside sessions that hold what they need."""

from __future__ import annotations

import time

import asyncpg
import pytest

from taskflowmq.core.errors import StoreUnavailable
from taskflowmq.stores.postgres import PostgresOptions, PostgresStore, schema

pytestmark = pytest.mark.postgres


@pytest.mark.parametrize("pooler", [False, True])
async def test_a_stranger_with_the_lock_stops_a_migration_for_a_bounded_time(
    empty_postgres_url: str, pooler: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "PATIENCE_S", 0.5)
    stranger = await asyncpg.connect(empty_postgres_url)
    await stranger.execute("SELECT pg_advisory_lock(8323362117293)")
    store = PostgresStore(empty_postgres_url, PostgresOptions(pooler=pooler))
    began = time.monotonic()
    with pytest.raises(StoreUnavailable, match=r"advisory lock 8323362117293.*taskflow db migrate"):
        await store.open()
    assert time.monotonic() - began < 5
    await stranger.execute("SELECT pg_advisory_unlock_all()")
    await store.open()  # nothing is left of the first try
    await store.close()
    await stranger.close()
