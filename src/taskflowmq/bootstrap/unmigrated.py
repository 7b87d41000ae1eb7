"""A store as it is: opened without applying or requiring migrations, for commands that manage the schema."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from taskflowmq.bootstrap.stores import make_store
from taskflowmq.ports.store import Store


@asynccontextmanager
async def open_unmigrated(url: str) -> AsyncIterator[Store]:
    """Open the store of a URL without a check or change of its schema.

    Raises:
        StoreUnavailable: it cannot be reached.
        UnknownScheme: no adapter for this URL.
    """
    store = make_store(url, options={"migrate": "off"})
    await store.open()
    try:
        yield store
    finally:
        await store.close()
