"""The behaviour that every store must show, as test classes that run against any store.

A store's test module binds one fixture, ``new_store``, and takes the topics in::

    import pytest
    from taskflowmq.testing.conformance import topics

    @pytest.fixture
    def new_store(tmp_path):
        return lambda clock: MyStore(f"{tmp_path}/jobs.db", clock=clock)

    globals().update(topics())

``new_store(clock)`` builds a store that is not open yet, each time on the same database of this test: the second
one stands for another process. Needs pytest and pytest-asyncio in auto mode. After every test the store must
still pass its own ``check()`` (invariant I10). Heavy races are marked ``slow``.
"""

from __future__ import annotations

from taskflowmq.testing.conformance.support import Rig, StoreSuite
from taskflowmq.testing.conformance.topics import topics

__all__ = ["Rig", "StoreSuite", "topics"]
